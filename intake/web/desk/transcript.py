"""What was heard, cut so that each word can be clicked and each field's evidence marked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

DOUBTFUL = 0.6
"""A word that the recogniser was less sure of is marked."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the text: ``[start, end)`` in its code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Said:
    """One word, or what stands between two. ``at`` and ``until``: seconds in the recording, None
    between words. ``parts``: cut where a field's evidence begins or ends."""

    parts: tuple[Part, ...]
    at: float | None = None
    until: float | None = None
    confidence: float | None = None

    @property
    def doubtful(self) -> bool:
        return self.confidence is not None and self.confidence < DOUBTFUL


def cut(text: str, words: Sequence[dict[str, Any]], bounds: Collection[int] = ()) -> list[Said]:
    """The whole text in order. ``words``: as stored in a transcript; none for what was typed."""
    said: list[Said] = []
    at = 0
    for word in words:
        start = text.find(word["text"], at)
        if start < 0:  # its spelling was changed since; its time is still good for the next ones
            continue
        end = start + len(word["text"])
        if start > at:
            said.append(Said(tuple(_parts(text, at, start, bounds))))
        parts = tuple(_parts(text, start, end, bounds))
        said.append(Said(parts, word["start"], word["end"], word.get("confidence")))
        at = end
    if at < len(text):
        said.append(Said(tuple(_parts(text, at, len(text), bounds))))
    return said


def _parts(text: str, start: int, end: int, bounds: Collection[int]) -> Iterator[Part]:
    edges = sorted({start, end, *(edge for edge in bounds if start < edge < end)})
    for one, other in pairwise(edges):
        yield Part(text[one:other], one, other)
