"""What is known in a conversation, what one message holds, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from intake.catalogue.services import Catalogue
from intake.understanding.fields import ASKED_NAMES
from intake.understanding.values import Understanding

FIELDS = ASKED_NAMES
SURE = 0.6
LIKELY = 0.5
MISSES = 2
SMALL_TALK = frozenset(("greet", "thanks", "out_of_scope"))
Outcome = Literal["ask", "read_back", "what_is_wrong", "submit", "drop", "hand_over", "none"]
Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One need that is being arranged.

    `text`: all that was said about it, in which evidence counts.
    """

    read: Understanding
    text: str
    id: int | None = None

    def knows(self, name: str) -> bool:
        """Is this field known?"""
        return self.read.get(name) is not None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it back."""
        return {"id": self.id, "text": self.text, "read": self.read.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Draft:
        """What `to_json` wrote."""
        return cls(Understanding.from_json(stored["read"]), stored["text"], stored["id"])


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. `asked`: a field, "read_back" or "what_is_wrong".

    `questions`: the fields that were asked for. `misses`: messages in a row that nothing was made
    of. `for_other`: it is for somebody else, so the name of who writes is not the name of who is
    helped.
    """

    drafts: tuple[Draft, ...] = ()
    asked: str | None = None
    questions: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    misses: int = 0
    denials: int = 0
    for_other: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it back."""
        return {
            "drafts": [draft.to_json() for draft in self.drafts],
            "asked": self.asked,
            "questions": list(self.questions),
            "declined": list(self.declined),
            "misses": self.misses,
            "denials": self.denials,
            "for_other": self.for_other,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> State:
        """What `to_json` wrote; other keys are left out."""
        return cls(
            drafts=tuple(Draft.from_json(draft) for draft in stored.get("drafts", ())),
            asked=stored.get("asked"),
            questions=tuple(stored.get("questions", ())),
            declined=tuple(stored.get("declined", ())),
            misses=int(stored.get("misses", 0)),
            denials=int(stored.get("denials", 0)),
            for_other=bool(stored.get("for_other")),
        )


@dataclass(frozen=True, slots=True)
class MessageReading:
    """One message: what the readers found in it alone, and what kind each of its needs is.

    `clauses`: (words, ranking) of its parts, where it may hold two needs or take one back.
    """

    text: str
    read: Understanding
    clauses: tuple[tuple[str, Ranking], ...] = ()

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest intent with its confidence."""
        return self.read.category_ranking[0] if self.read.category_ranking else ("", 0.0)

    def means(self, intent: str, from_: float = LIKELY) -> bool:
        """Is this its likeliest intent, and likely enough?"""
        return self.best[0] == intent and self.best[1] >= from_


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes of a message. `changed`: a field that was known before has another value now."""

    state: State
    outcome: Outcome
    changed: bool = False
    missed: bool = False
    talk: str | None = None


def missing(draft: Draft, catalogue: Catalogue) -> list[str]:
    """The required fields that are not known, in the order in which they are asked."""
    entry = catalogue.entries.get(draft.read.category or "")
    if entry is None:
        return []
    return [n for n in entry.questions if n in entry.required and not draft.knows(n)]
