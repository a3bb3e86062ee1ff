"""Danger in doubt: what may be meant, but can't be known from the words; a person listens first.

Three things leave a doubt: signs told obliquely (`oblique`), weak signs whose weights are near
those of an alarm (`hints`), and words of danger that only a chore or a claim around them excuses.
What is unreal (the past, television, a drill, a figure of speech) leaves none. Signs of one kind
add up: from `SURE_FROM` there is no doubt left and they are an alarm.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from intake.understanding.safety.exclusions import (
    BODILY,
    CALM_TALK,
    CARE,
    OLD_TALE,
    busy,
    ordinary,
    unreal,
)
from intake.understanding.safety.explanations import explained_kinds
from intake.understanding.safety.hints import WINDOW, weights
from intake.understanding.safety.oblique import SIGNS
from intake.understanding.safety.sign import Sign
from intake.understanding.safety.words import EMERGENCIES
from intake.understanding.spoken_text import Span

SURE_FROM = 3
"""The sum of the weights of oblique signs of one kind from which they are an alarm."""

_SURE_ANYWHERE = 4
"""The same where a chore is asked for or a habit told."""

_DOUBT_FROM = 2
"""The same for a doubt: one sign of weight 1 is none."""

_HINTS_FROM = 3
"""The sum of the weights of hints of one kind from which they leave a doubt."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A danger that may be meant: its kind, the words that say so, and whether they are enough for
    an alarm."""

    kind: str
    evidence: Span
    sure: bool = False


def doubted(text: str, calm: str) -> Doubt | None:
    """The danger that may be meant in `text`, the surest first; None without any.

    `calm` is the text with calming words respelled, of the same length. Linear in the length.
    """
    if CALM_TALK.search(text) or OLD_TALE.search(text):
        return None
    explained = explained_kinds(text) or frozenset()
    best: Doubt | None = None
    for low, high in windows(len(text)):
        found = _in_window(text[low:high], calm[low:high], explained)
        if found is not None:
            begin, end = found.evidence
            moved = Doubt(found.kind, (begin + low, end + low), found.sure)
            if moved.sure:
                return moved
            best = best or moved
    return best or _excused_phrase(text, calm, explained)


def windows(size: int) -> Iterator[tuple[int, int]]:
    """Overlapping stretches in which signs belong together."""
    for low in range(0, max(1, size), WINDOW // 2):
        yield low, min(size, low + WINDOW)
        if low + WINDOW >= size:
            return


def _in_window(text: str, calm: str, explained: frozenset[str]) -> Doubt | None:
    cared = ordinary(text) and CARE.search(text) is not None
    sums: Counter[str] = Counter()
    spans: dict[str, Span] = {}
    for sign in SIGNS:
        if sign.kind in explained:
            continue
        match = None if cared and sign.kind in BODILY else _said(sign, text, calm)
        if match is not None:
            sums[sign.kind] += sign.weight
            spans.setdefault(sign.kind, match.span())
    hinted, best = weights(text, calm)
    for kind, weight in sums.most_common(1):
        if weight >= _DOUBT_FROM or hinted[kind] >= _DOUBT_FROM:
            sure = weight >= (_SURE_ANYWHERE if ordinary(text) else SURE_FROM)
            return Doubt(kind, spans[kind], sure)
    for kind, weight in hinted.most_common(1):
        usual = kind in explained or ordinary(text) or "电梯" in text  # stuck lifts are urgent
        if weight >= _HINTS_FROM and not usual:
            return Doubt(kind, best[kind][1])
    return None


def _said(sign: Sign, text: str, calm: str) -> re.Match[str] | None:
    if sign.but is not None and sign.but.search(text):
        return None
    matches = [match for part in sign.parts if (match := part.search(text))]
    if len(matches) < len(sign.parts):
        return None
    return None if all(unreal(text, calm, m, sign.kind) for m in matches) else matches[0]


def _excused_phrase(text: str, calm: str, explained: frozenset[str]) -> Doubt | None:
    cared = ordinary(text) and CARE.search(text) is not None
    for kind, patterns in EMERGENCIES.items():
        if kind in explained or (cared and kind in BODILY):
            continue
        for pattern in patterns:
            for match in pattern.finditer(text):
                if not unreal(text, calm, match, kind) and busy(text, match, kind):
                    return Doubt(kind, match.span())
    return None
