"""Choose among the recogniser's texts by their probability and by how usual their words are.

Whisper's base size gets the sound of a Chinese word right more often than the word. Of its best
few texts, the one made of words that people use is more often right. From these weights the text
with the least expected edit distance to all of them is taken (minimum Bayes risk; Stolcke et al.
1997); it is not always the likeliest. The weights and the gain: docs/decisions/006.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

WORDING_WEIGHT = 0.25

SHORT_SHARE = 0.75
"""Of the hypotheses' median length: a shorter text leaves out the end of what was said."""
SHORT_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible text; ``log_probability`` (at most 0) is that of the whole token sequence."""

    tokens: tuple[int, ...]
    text: str
    log_probability: float


def rerank(
    hypotheses: Sequence[Hypothesis],
    spoken: Callable[[str], str],
    usual: Callable[[str], float],
) -> list[Hypothesis]:
    """The hypotheses, the best first, one for each different ``spoken`` form.

    ``spoken`` returns a text without what can't be heard, ``usual`` how usual such a form is, as a
    log probability. The first has the least expected edit distance, the rest follow by probability.
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
    """Up to ``most`` further texts of a whole recording, each unlike its best one in one part.

    ``rankings`` holds for each part of the recording its texts, the best first. Second choices
    come before third ones. ``joint`` is put between parts that end without punctuation.
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
