"""Multinomial logistic regression over sparse and dense features side by side.

scikit-learn's takes one matrix: a dense block of a few hundred columns made sparse costs five
times as much as the n-grams beside it, and the n-grams made dense don't fit into memory.
"""

from typing import Any, Callable, List, Optional, Sequence, Union

import numpy as np
import scipy.sparse
from scipy.optimize import minimize
from scipy.special import log_softmax

Block = Union[np.ndarray, scipy.sparse.csr_matrix]


def fit(
    blocks: Sequence[Block],
    answers: np.ndarray,
    importance: np.ndarray,
    classes: int,
    *,
    strength: float,
    iterations: int,
    on_step: Optional[Callable[[int], None]] = None,
) -> np.ndarray:
    """Return weights, (columns of all blocks + 1 for the bias) × classes, as float32.

    `blocks` have one row a message; `answers` are class numbers, `importance` how much each
    message counts. `strength` is the inverse of the L2 penalty. L-BFGS from zero, so the same
    input gives the same weights; it stops after `iterations` steps, long before the penalty's
    optimum, which changes the answers no more. `on_step` is told after each how many it were.
    """
    rows = len(answers)
    blocks = [block.astype(np.float32) for block in blocks]
    turned = [b.T.tocsr() if scipy.sparse.issparse(b) else b.T for b in blocks]
    ends = np.cumsum([0, *(block.shape[1] for block in blocks)])
    said = np.zeros((rows, classes), np.float32)
    said[np.arange(rows), answers] = 1
    weight = importance.astype(np.float32)[:, None]

    def loss(flat: np.ndarray) -> "tuple[float, np.ndarray]":
        guess = flat.reshape(-1, classes).astype(np.float32)
        likely = log_softmax(scores(blocks, guess), axis=1)
        wrong = (np.exp(likely) - said) * weight
        slope = np.empty(guess.shape)
        for block, start, end in zip(turned, ends[:-1], ends[1:], strict=True):
            slope[start:end] = block @ wrong
        slope[:-1] += guess[:-1] / strength
        slope[-1] = wrong.sum(axis=0)
        surprise = -float((weight[:, 0] * likely[np.arange(rows), answers]).sum())
        return surprise + float((guess[:-1] ** 2).sum()) / (2 * strength), slope.ravel()

    steps = 0

    def count(_: Any) -> None:
        nonlocal steps
        steps += 1
        if on_step is not None:
            on_step(steps)

    found = minimize(
        loss,
        np.zeros((ends[-1] + 1) * classes),
        jac=True,
        method="L-BFGS-B",
        callback=count,
        options={"maxiter": iterations, "maxcor": 6, "ftol": 1e-6, "gtol": 1e-3},
    )
    return found.x.reshape(-1, classes).astype(np.float32)


def scores(blocks: Sequence[Block], weights: np.ndarray) -> np.ndarray:
    """One row a message, one column a class; the higher, the likelier."""
    total, start = weights[-1], 0
    for block in blocks:
        total = total + np.asarray(block @ weights[start : start + block.shape[1]])
        start += block.shape[1]
    return np.atleast_2d(total)


def stacked(messages: Sequence[Sequence[Block]]) -> List[Block]:
    """The blocks of single messages, one under the other."""
    return [
        scipy.sparse.vstack(column, format="csr")
        if scipy.sparse.issparse(column[0])
        else np.vstack(column)
        for column in zip(*messages, strict=True)
    ]
