"""An oblique sign of danger: things that are said together."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """Things that together may mean `kind`: all of `parts` are said, and nothing of `but`.

    `weight`: 1 or 2 leave a doubt, 3 is enough for an alarm where no chore is asked for, 4
    anywhere; the weights of one kind add up.
    """

    kind: str
    weight: int
    parts: tuple[re.Pattern[str], ...]
    but: re.Pattern[str] | None = None


def sign(kind: str, weight: int, *parts: str, but: str = "") -> Sign:
    """A sign from the sources of its patterns."""
    return Sign(kind, weight, tuple(map(re.compile, parts)), re.compile(but) if but else None)
