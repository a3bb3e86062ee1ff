"""A message as the readers of names see it, and what they find in it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from intake.understanding.phonetics import HAN
from intake.understanding.spoken_text import Heard, Span, cover
from intake.understanding.values import Field

H = f"[{HAN}]"
"""One Han character, for patterns."""
TAKEN = "\x00"
"""Stands in `Scene.masked` for each character of an address or a number."""
OTHER, CALLER, NEEDS = 1, 2, 3
"""Ranks of a name: of somebody else to reach, of the caller, of the one who needs help."""

_RUN = re.compile(f"{H}+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that was found, and whose it is (`OTHER`, `CALLER`, `NEEDS`)."""

    field: Field[str]
    rank: int = CALLER
    of_full_name: bool = False

    @property
    def start(self) -> int:
        """Where in the text it begins."""
        return self.field.evidence[0] if self.field.evidence else 0


@dataclass(frozen=True, slots=True)
class Scene:
    """`plain` is `heard.text`; `masked` the same with `TAKEN` where addresses and numbers are.

    `runs`: the uninterrupted runs of Han characters in `masked`.
    """

    text: str
    heard: Heard
    plain: str
    masked: str
    taken: Sequence[Span]
    covered: bytearray
    runs: Sequence[Span]
    emergency: bool
    places: Collection[str]

    @classmethod
    def of(
        cls,
        text: str,
        heard: Heard,
        taken: Sequence[Span],
        *,
        emergency: bool,
        places: Collection[str],
    ) -> "Scene":
        """Prepare a text for all readers of names."""
        covered = cover(len(heard.text), taken)
        masked = "".join(
            TAKEN if hidden else c for c, hidden in zip(heard.text, covered, strict=True)
        )
        runs = [match.span() for match in _RUN.finditer(masked)]
        return cls(text, heard, heard.text, masked, taken, covered, runs, emergency, places)

    def before(self, start: int, length: int = 24) -> str:
        """What is written before `start`, back to the last full stop."""
        said = self.plain[max(0, start - length) : start]
        return re.split("[。!！?？;；\n]", said)[-1]

    def after(self, end: int, length: int = 24) -> str:
        """What is written from `end` to the next full stop."""
        return re.split("[。!！?？;；\n]", self.plain[end : end + length])[0]

    def edge(self, index: int) -> bool:
        """Whether nothing that belongs to a Chinese word is at `index`: the text's end, an address,
        a digit, a punctuation mark."""
        return not 0 <= index < len(self.masked) or not _RUN.match(self.masked[index])

    def field(self, value: str, span: Span, confidence: float) -> Field[str]:
        """The field for a name; less sure where it is not spelled as it was recognised."""
        said = self.plain[slice(*span)]
        if value == said or value in said:
            return Field(value, span, confidence)
        return Field(value, span, round(confidence - 0.15, 2), (said,), note="by_sound")
