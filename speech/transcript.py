"""The result of recognition: the text, and every word with its times and confidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """One word (in Chinese one to a few characters) with its punctuation.

    ``start`` and ``end`` are seconds from the start of the recording as it was sent, before any
    trimming. ``confidence`` is 0..1.
    """

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one recording. Silence and music give an empty ``text``, no error.

    ``language`` is a two-letter code; ``engine`` and ``model`` name what recognised it.
    ``duration_seconds`` is the recording's length, ``speech_seconds`` how much of it is speech.
    ``confidence`` (0..1) is the words' mean, weighted by their length; 0 without words.
    ``alternatives`` are up to five other texts of the whole recording, the likeliest first.
    ``notes`` are codes (the same in every version) for what a reader should know:

    ``no_speech``             nobody speaks, or nothing was understood
    ``hallucination_gated``   the engine invented some text, which was left out
    ``language_unsupported``  spoken in a language or dialect that the model can't do
    ``truncated``             the file ends early or is damaged; the rest was recognised
    ``cut_at_limit``          longer than the limit; only its beginning was recognised
    """

    text: str
    language: str
    engine: str
    model: str
    words: tuple[Word, ...]
    duration_seconds: float
    speech_seconds: float
    confidence: float
    notes: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()

    def spans(self) -> tuple[tuple[int, int], ...]:
        """For each word its ``[start, end)`` in ``text``, in Unicode code points."""
        found: list[tuple[int, int]] = []
        at = 0
        for word in self.words:
            start = self.text.find(word.text, at)
            if start < 0:  # the text was not made of these words
                start = at
            at = min(start + len(word.text), len(self.text))
            found.append((start, at))
        return tuple(found)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Transcript:
        """The inverse of ``as_dict``."""
        words = tuple(Word(**word) for word in values["words"])
        lists = {key: tuple(values.get(key, ())) for key in ("notes", "alternatives")}
        return cls(**{**values, "words": words, **lists})
