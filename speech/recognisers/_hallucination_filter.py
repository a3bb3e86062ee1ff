"""Leave out text that an engine invents where nobody speaks.

Whisper was trained on captions and writes their credits into silence and music. Operators take
invented text for somebody else's words, so it is worse than a gap. Measured with the base model,
invented text has a mean log probability of -0.8 to -3 and a ``no_speech`` of 0.5 to 0.6; voicemails
have -0.2 to -0.5 and at most 0.1. The limit of the compression ratio is that of the Whisper paper's
long-form decoding (Radford et al. 2022, section 4.5).
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one piece of text.

    ``log_probability`` is the mean by token (at most 0); ``no_speech`` Whisper's probability (0..1)
    that nobody speaks; ``compression`` the ratio of the text's UTF-8 length to its compressed
    length; ``seconds`` its length in the sound; ``voiced_share`` (0..1) how much of that lies in
    detected speech.
    """

    text: str
    log_probability: float
    no_speech: float
    compression: float
    seconds: float
    voiced_share: float


@dataclass(frozen=True, slots=True)
class Limits:
    """From which values on text counts as invented; units as in Evidence."""

    log_probability: float = -1.25
    unsure_log_probability: float = -0.6
    no_speech: float = 0.5
    compression: float = 2.4
    characters_per_second: float = 16.0
    voiced_share: float = 0.2


def is_invented(evidence: Evidence, limits: Limits) -> bool:
    """Whether this text counts as invented, by one of the limits or as a known phrase."""
    plain = _plain(evidence.text)
    if not plain:
        return True
    doubtful = evidence.log_probability < limits.unsure_log_probability
    silent = evidence.no_speech > limits.no_speech
    return (
        evidence.log_probability < limits.log_probability
        or (doubtful and silent)
        or evidence.compression > limits.compression
        or evidence.voiced_share < limits.voiced_share
        or len(plain) > 4 + limits.characters_per_second * evidence.seconds
        or _is_known(plain, doubtful or silent)
    )


def _is_known(plain: str, unsure: bool) -> bool:
    anywhere, alone, alone_unsure = _phrases()
    return (
        plain in alone
        or (unsure and plain in alone_unsure)
        or any(phrase in plain for phrase in anywhere)
    )


@functools.cache
def _phrases() -> tuple[tuple[str, ...], frozenset[str], frozenset[str]]:
    lines = (files("speech") / "data" / "invented_phrases.txt").read_text("utf-8").splitlines()
    kept = [line for line in map(str.strip, lines) if line and not line.startswith("#")]
    return (
        tuple(_plain(line) for line in kept if line[0] not in "=?"),
        frozenset(_plain(line) for line in kept if line[0] == "="),
        frozenset(_plain(line) for line in kept if line[0] == "?"),
    )


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LN")
