"""The least confidence of a category with which requests may be decided without a person. Pure.

Controlled risk: of everything that would be decided, the upper end of the 90 % interval of the
share that is wrong must not lie above what is allowed. With too little data no confidence is
enough, and nothing is decided alone: without a single error it takes 52 decided requests to show
that no more than one in twenty is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from intake.evaluation.metrics import Answer, is_wrong, wilson
from intake.understanding.confidence import NON_SERVICE

AT_MOST = 0.05
Z = 1.644854
"""Quantile of the normal distribution for a 90 % interval."""
NEVER = 1.0
"""The threshold with which nothing is decided alone."""


@dataclass(frozen=True, slots=True)
class Calibrated:
    """`threshold`: the least confidence, `NEVER` where none is enough. `decided` of the `requests`
    would be decided with it, `wrong` of these wrongly; `upper`: the upper end of their interval."""

    threshold: float
    requests: int
    decided: int
    wrong: int
    upper: float


def calibrate(answers: Sequence[Answer], at_most: float = AT_MOST) -> Calibrated:
    """Find the lowest threshold that keeps the risk.

    The answers are those of a run without a threshold for the category (0), so that `confirmed`
    says that everything else was sure enough.
    """
    requests = sum(a.item.category not in (None, *NON_SERVICE) for a in answers)
    cases = [(a.understanding.category_confidence, is_wrong(a)) for a in answers if a.confirmed]
    return _lowest(cases, requests, at_most)


def _lowest(cases: Iterable[tuple[float, bool]], requests: int, at_most: float) -> Calibrated:
    best = Calibrated(NEVER, requests, 0, 0, 1.0)
    ordered = sorted(cases, reverse=True)
    wrong = 0
    for count, (confidence, is_bad) in enumerate(ordered, 1):
        wrong += is_bad
        if count < len(ordered) and ordered[count][0] == confidence:
            continue  # the same confidence is decided together
        upper = wilson(wrong, count, Z)[1]
        if upper <= at_most:
            least = math.floor(confidence * 1000) / 1000
            best = Calibrated(least, requests, count, wrong, upper)
    return best
