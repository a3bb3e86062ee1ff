"""What the recogniser made of a stretch of a recording that it was given once more."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Guess:
    """One possible text of a stretch; ``score`` (at most 0) its mean log probability a token."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class RelistenResult:
    """What one way of recognising the stretch gave: its guesses, the best first.

    ``digits_only``: the engine was allowed nothing but digits, so words beside the number became
    digits too.
    """

    digits_only: bool
    guesses: tuple[Guess, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> RelistenResult:
        """The inverse of ``as_dict``."""
        return cls(values["digits_only"], tuple(Guess(**guess) for guess in values["guesses"]))
