"""Choose among what may have been said: what was heard, weighed with how usual the wording is.

Whisper's base size hears the sound of a Chinese word better than the word: of its best few
texts, the one whose words people use is more often right. Then the text with the least expected
edit distance to all of them is taken (minimum Bayes risk; Stolcke et al. 1997), which is not
always the likeliest. The weights and what they gave: docs/decisions/006.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

WORDING_WEIGHT = 0.25

SHORT_SHARE = 0.75
"""Of the hypotheses' median length: what is shorter ends before the speaker does."""
SHORT_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One text that may have been said; ``log_probability`` is that of the whole sequence."""

    tokens: tuple[int, ...]
    text: str
    log_probability: float


def rerank(
    hypotheses: Sequence[Hypothesis],
    spoken: Callable[[str], str],
    usual: Callable[[str], float],
) -> list[Hypothesis]:
    """The hypotheses, the best first, one for each different ``spoken`` form.

    ``spoken`` gives a text without what can't be heard, ``usual`` how usual that is, like a
    log probability. The first is the one of least risk, the rest follow by their share.
    """
    best: dict[str, Hypothesis] = {}
    heard: dict[str, list[float]] = {}
    forms = [spoken(hypothesis.text) for hypothesis in hypotheses]
    usual_length = statistics.median(map(len, forms)) if forms else 0.0
    shortest = min(usual_length * SHORT_SHARE, usual_length - SHORT_CHARACTERS)
    for hypothesis, form in zip(hypotheses, forms, strict=True):
        if len(form) < shortest:
            continue
        heard.setdefault(form, []).append(hypothesis.log_probability)
        if form not in best or hypothesis.log_probability > best[form].log_probability:
            best[form] = hypothesis
    scores = {form: _log_sum(found) + WORDING_WEIGHT * usual(form) for form, found in heard.items()}
    top = max(scores.values(), default=0.0)
    shares = {form: math.exp(score - top) for form, score in scores.items()}
    by_share = sorted(shares, key=lambda form: -shares[form])
    if not by_share:
        return []
    least = min(by_share, key=lambda form: _risk(form, shares))
    return [best[least], *(best[form] for form in by_share if form != least)]


def _risk(form: str, shares: dict[str, float]) -> float:
    return sum(share * Levenshtein.distance(form, other) for other, share in shares.items())


def _log_sum(values: list[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values))


def combine_alternatives(
    rankings: Sequence[Sequence[str]], most: int, joint: str = ""
) -> tuple[str, ...]:
    """Up to ``most`` texts of a whole recording that differ from its best one.

    ``rankings`` holds for each part of the recording its texts, the best first. Each text
    differs from the best in one part; second choices come before third ones. ``joint`` goes
    between parts where no punctuation is.
    """
    parts = [texts for texts in rankings if texts]
    best = [texts[0] for texts in parts]
    found: dict[str, None] = {}
    for depth in range(1, max(map(len, parts), default=0)):
        for at, texts in enumerate(parts):
            if depth < len(texts):
                found.setdefault(_put([*best[:at], texts[depth], *best[at + 1 :]], joint))
    found.pop(_put(best, joint), None)
    return tuple(found)[:most]


def _put(texts: Sequence[str], joint: str) -> str:
    joined = "".join(text + joint if text[-1:].isalnum() else text for text in texts[:-1])
    return joined + "".join(texts[-1:])
