"""Splits a transcript so that each word can be clicked and each field's evidence marked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

DOUBTFUL = 0.6
"""A word whose confidence (0..1) is lower is marked."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text: ``[start, end)`` in code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One word, or the text between two words.

    ``parts``: the text, split where a field's evidence begins or ends. ``at`` and ``until``:
    seconds in the recording; ``confidence``: 0..1; all None between words.
    """

    parts: tuple[Part, ...]
    at: float | None = None
    until: float | None = None
    confidence: float | None = None

    @property
    def doubtful(self) -> bool:
        return self.confidence is not None and self.confidence < DOUBTFUL


def cut(text: str, words: Sequence[dict[str, Any]], bounds: Collection[int] = ()) -> list[Piece]:
    """The whole text in order.

    ``words``: as stored in a transcript, none for a typed text. ``bounds``: offsets at which a
    field's evidence begins or ends.
    """
    pieces: list[Piece] = []
    at = 0
    for word in words:
        start = text.find(word["text"], at)
        if start < 0:  # the word was corrected in the text; the words after it are still found
            continue
        end = start + len(word["text"])
        if start > at:
            pieces.append(Piece(tuple(_parts(text, at, start, bounds))))
        parts = tuple(_parts(text, start, end, bounds))
        pieces.append(Piece(parts, word["start"], word["end"], word.get("confidence")))
        at = end
    if at < len(text):
        pieces.append(Piece(tuple(_parts(text, at, len(text), bounds))))
    return pieces


def _parts(text: str, start: int, end: int, bounds: Collection[int]) -> Iterator[Part]:
    edges = sorted({start, end, *(edge for edge in bounds if start < edge < end)})
    for one, other in pairwise(edges):
        yield Part(text[one:other], one, other)
