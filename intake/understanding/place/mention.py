"""A stretch of a text that may name a place."""

from dataclasses import dataclass

from intake.understanding.gazetteer import Place


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the text (code points) and the places that it may mean with their scores, the
    best first; 1.0 is a perfect match. `trust` (0..1): how surely the words are a place at all."""

    start: int
    end: int
    candidates: tuple[tuple[Place, float], ...]
    exact: bool
    trust: float = 1.0
