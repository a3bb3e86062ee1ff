"""A vote on a telephone number between its first transcript and repeated transcriptions.

The same few seconds are transcribed many times, at other cuts and tempos, some with only digits
allowed. No single transcription is right often enough to be trusted; a number that most of them
give is. Where they differ the number stays in doubt, with the others as alternatives.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rapidfuzz.distance import Indel, Levenshtein

from intake.understanding.phone import plausible, read_phone, takes_back
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Evidence, Field

UNSURE = 0.5
"""The highest confidence (0..1) of a spoken number without enough transcriptions that agree."""
ENOUGH = 1.0
"""How many transcriptions must give exactly the first number, for it to be sure."""
ENOUGH_TO_MEND = 1.5
"""How many must give a number of which the first transcript lacked digits, for it to be sure."""
CLEARLY = 1.6
"""How many times as near to all transcriptions the number must be as the next one."""
_SHARPNESS = 8.0
_NEARNESS = 1.0
_FEWEST, _MOST = 7, 14
_TAKEN_BACK = 0.25
_MOST_SLIPS = 3
_ALTERNATIVES = 3
_MOBILE = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True, slots=True)
class _Said:
    """Digits that may have been said, and their share (0..1) of one transcription's vote."""

    digits: str
    weight: float


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
    """One possible text of a transcription."""

    @property
    def text(self) -> str:
        """The text."""

    @property
    def score(self) -> float:
        """Its mean log probability for each token."""


class Hearing(Protocol):
    """One repeated transcription."""

    @property
    def digits_only(self) -> bool:
        """Whether only digits were allowed."""

    @property
    def guesses(self) -> Sequence[Guess]:
        """Its possible texts, the best first."""


def seconds_of(text: str, words: Iterable[Word], evidence: Evidence) -> tuple[float, float] | None:
    """Return the start and end (seconds) of the words that overlap `evidence`; None if none does.

    `text` is the transcript, `words` its words in order, `evidence` offsets in code points.
    """
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
    """Return the number that is nearest to all transcriptions, with a confidence from the vote.

    `text` is the first transcript, `first` the number that `read_phone` found in it, `again` the
    repeated transcriptions. Only a number that enough of them give digit by digit, with no other
    nearly as near, gets a confidence above `UNSURE`. It can differ from `first` only if `first` has
    an impossible count of digits and no correction in it.
    """
    unsure = replace(first, confidence=min(first.confidence, UNSURE))
    start, end = first.evidence or (0, len(text))
    corrected = takes_back(Heard.of(text, spoken=True), start, end)
    heard = [said for each in again for said in _said(each, first, corrected)]
    ranked = _ranked(first, heard, _TAKEN_BACK if corrected else 1.0)
    if not again or not ranked:
        return unsure
    best, nearness = ranked[0]
    support = sum(said.weight for said in heard if said.digits == best)
    clear = len(ranked) == 1 or nearness >= CLEARLY * ranked[1][1]
    given = [number for number, _ in ranked if any(said.digits == number for said in heard)]
    others = tuple(number for number in given if number != first.value)[:_ALTERNATIVES]
    sure = round(min(0.96, 0.75 + 0.25 * support / len(again)), 2)
    if best == first.value:
        if clear and support >= ENOUGH and not (corrected and len(best) < 10):
            return replace(first, confidence=sure, alternatives=(), ambiguous=False)
        return replace(unsure, alternatives=others)
    if clear and support >= ENOUGH:
        others = tuple(dict.fromkeys((first.value, *others)))
        others = tuple(number for number in others if number != best)[:_ALTERNATIVES]
        mends = support >= ENOUGH_TO_MEND and not corrected and _is_whole(best, first)
        confidence = sure if mends else UNSURE
        return Field(best, first.evidence, confidence, others)
    if corrected and first.note is None and support > 0:
        # A corrected number is the likeliest to be misread in `text`: trust the transcriptions.
        others = tuple(dict.fromkeys((first.value, *(n for n in others if n != best))))
        return replace(unsure, value=best, alternatives=others[:_ALTERNATIVES])
    return replace(unsure, alternatives=others)


def _ranked(first: Field[str], heard: Sequence[_Said], weight: float) -> list[tuple[str, float]]:
    """Return plausible numbers with their nearness to all transcriptions, the nearest first.

    Recognisers drop digits far more often than they invent them: if `first` has an impossible
    count, each mobile number that lacks one digit in some transcription is tried with every digit
    in every position.
    """
    everything = [_Said(first.value, weight), *heard]
    numbers = {said.digits for said in everything if plausible(said.digits)}
    if first.note is not None:
        for said in everything:
            if len(said.digits) == 10:
                numbers.update(_completed(said.digits))
    if not _is_fixed_line(first):
        numbers = {number for number in numbers if len(number) >= 10}
    nearness = {
        number: sum(
            said.weight * math.exp(-_NEARNESS * Levenshtein.distance(number, said.digits))
            for said in everything
        )
        for number in numbers
    }
    return sorted(nearness.items(), key=lambda pair: (-pair[1], pair[0]))


def _completed(digits: str) -> Iterable[str]:
    for place in range(1, len(digits) + 1):
        for digit in "0123456789":
            number = digits[:place] + digit + digits[place:]
            if _MOBILE.fullmatch(number):
                yield number


def _said(hearing: Hearing, first: Field[str], corrected: bool) -> Iterable[_Said]:
    """Divide one transcription's vote among its guesses by their scores."""
    if not hearing.guesses or (corrected and hearing.digits_only):
        return  # with only digits allowed, the recogniser writes 不对 as digits
    top = max(guess.score for guess in hearing.guesses)
    weights = [math.exp(_SHARPNESS * (guess.score - top)) for guess in hearing.guesses]
    for guess, weight in zip(hearing.guesses, weights, strict=True):
        digits = _digits_in(guess.text, hearing.digits_only, first)
        if _FEWEST <= len(digits) <= _MOST:
            yield _Said(digits, weight / sum(weights))


def _digits_in(text: str, digits_only: bool, first: Field[str]) -> str:
    if digits_only:
        return "".join(character for character in text if character in "0123456789")
    carrier = "座机" if _is_fixed_line(first) else "电话"
    found = read_phone(Heard.of(carrier + text, spoken=True))
    return found.value if found is not None else ""


def _is_whole(number: str, first: Field[str]) -> bool:
    """Say whether `number` is `first` with dropped or doubled digits in its middle put right.

    The first three digits must agree: there the end of a word, as the 是 of 号码是, may have been
    taken for a digit.
    """
    if first.note is None or number[:3] != first.value[:3]:
        return False
    return bool(Indel.distance(number, first.value) <= _MOST_SLIPS)


def _is_fixed_line(first: Field[str]) -> bool:
    return first.note is None and not _MOBILE.fullmatch(first.value)
