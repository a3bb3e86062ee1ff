"""Is that really the number? A vote between what was heard first and what was heard again.

The readings again are many, of the same few seconds at other cuts and tempos, some with nothing but
digits allowed. None of them is right often enough to be believed alone; a number that most of them
give is. Where they differ the number stays in doubt, with the others as alternatives.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from rapidfuzz.distance import Indel

from intake.understanding.hearing import Heard
from intake.understanding.phone import plausible, read_phone, takes_back
from intake.understanding.values import Evidence, Field

UNSURE = 0.5
"""The most that a spoken number is believed without enough readings that agree."""
SURE_SHARE = 0.5
"""Of the votes, for a number that was heard so at first too."""
FOUND_SHARE = 0.5
"""Of the votes, for a number of which some digits were missing at first."""
LIKELY_SHARE = 0.25
"""Of the votes, for a number to be shown rather than an impossible one."""
_SHARPNESS = 8.0
_MOBILE = re.compile(r"(?=(1[3-9]\d{9}))")
_ALTERNATIVES = 3
_MOST_SLIPS = 3


class Word(Protocol):
    """One recognised word."""

    @property
    def text(self) -> str:
        """As it stands in the transcript."""

    @property
    def start(self) -> float:
        """When it begins, in seconds."""

    @property
    def end(self) -> float:
        """When it ends, in seconds."""


class Guess(Protocol):
    """One text that a stretch may be."""

    @property
    def text(self) -> str:
        """What was said, perhaps."""

    @property
    def score(self) -> float:
        """Its mean log probability a token."""


class Hearing(Protocol):
    """One way of listening again."""

    @property
    def digits_only(self) -> bool:
        """Nothing but digits was allowed."""

    @property
    def guesses(self) -> Sequence[Guess]:
        """The best first."""


def seconds_of(text: str, words: Iterable[Word], evidence: Evidence) -> tuple[float, float] | None:
    """Return from when to when the words that touch `evidence` are said; None if none does."""
    if evidence is None:
        return None
    said: list[Word] = []
    at = 0
    for word in words:
        start = text.find(word.text, at)
        start = at if start < 0 else start
        at = start + len(word.text)
        if start < evidence[1] and at > evidence[0]:
            said.append(word)
    return (said[0].start, said[-1].end) if said else None


def vote(text: str, first: Field[str], again: Sequence[Hearing]) -> Field[str]:
    """Return the number that most hearings give, with a confidence that follows from the vote.

    `first` is what was read of `text`, the transcript. A number that the hearings don't agree on,
    or that was not heard again at all, never reaches more than `UNSURE`.
    """
    if not again:
        return replace(first, confidence=min(first.confidence, UNSURE))
    start, end = first.evidence or (0, len(text))
    carrier = "座机" if _is_fixed_line(first) else "电话"
    corrected = takes_back(Heard.of(text, spoken=True), start, end)
    votes: defaultdict[str, float] = defaultdict(float)
    counted = 0
    for hearing in again:
        if corrected and hearing.digits_only:
            continue
        counted += 1
        for number, share in _ballot(hearing, carrier, first):
            votes[number] += share
    ranked = sorted(votes.items(), key=lambda pair: -pair[1])[: _ALTERNATIVES + 1]
    if not ranked or not counted:
        return replace(first, confidence=min(first.confidence, UNSURE))
    best, weight = ranked[0]
    share = weight / counted
    others = tuple(number for number, _ in ranked if number != best)[:_ALTERNATIVES]
    if first.note is None and votes[first.value] >= SURE_SHARE * counted:
        return replace(first, confidence=round(min(0.97, 0.6 + 0.5 * share), 2))
    if first.note is not None and share >= FOUND_SHARE and _holds(best, first.value):
        return Field(best, first.evidence, round(min(0.95, 0.5 + 0.5 * share), 2), others)
    return _doubtful(first, best, share, others)


def _doubtful(first: Field[str], best: str, share: float, others: tuple[str, ...]) -> Field[str]:
    """Give what is likelier, never surely."""
    if best == first.value:
        return replace(first, confidence=min(first.confidence, UNSURE), alternatives=others)
    if first.note is not None and share >= LIKELY_SHARE:
        return Field(best, first.evidence, round(UNSURE * share, 2), (first.value, *others))
    confidence = min(first.confidence, UNSURE)
    return replace(first, confidence=confidence, alternatives=(best, *others)[:_ALTERNATIVES])


def _ballot(hearing: Hearing, carrier: str, first: Field[str]) -> Iterable[tuple[str, float]]:
    """Share one vote among the numbers of a hearing's guesses; what is no number gets nothing."""
    if not hearing.guesses:
        return
    top = max(guess.score for guess in hearing.guesses)
    weights = [math.exp(_SHARPNESS * (guess.score - top)) for guess in hearing.guesses]
    for guess, weight in zip(hearing.guesses, weights, strict=True):
        read = _digits_in if hearing.digits_only else _number_in
        number = read(guess.text, carrier, first)
        if number is not None:
            yield number, weight / sum(weights)


def _number_in(text: str, carrier: str, first: Field[str]) -> str | None:
    found = read_phone(Heard.of(carrier + text, spoken=True))
    return found.value if found and found.note is None else None


def _digits_in(text: str, carrier: str, first: Field[str]) -> str | None:
    digits = "".join(character for character in text if character.isdigit())
    if plausible(digits):
        return digits
    if _is_fixed_line(first):
        return None
    mobile = _MOBILE.search(digits)
    return mobile[1] if mobile else None


def _is_fixed_line(first: Field[str]) -> bool:
    return first.note is None and not _MOBILE.match(first.value)


def _holds(number: str, heard: str) -> bool:
    """Say whether digits were only dropped or doubled between `heard` and `number`."""
    return Indel.distance(number, heard) <= _MOST_SLIPS
