"""What is known in a form, what one message gives, and the turn that results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from intake.catalogue.services import Catalogue
from intake.understanding.fields import ASKED_NAMES
from intake.understanding.values import Understanding

FIELDS = ASKED_NAMES
SURE = 0.6
"""The confidence from which on an intent is surely meant."""
LIKELY = 0.5
"""The confidence from which on an intent that is no service counts as meant."""
MISSES = 2
"""After so many misunderstood messages in a row an operator takes over, in the form and outside."""
SMALL_TALK = frozenset(("greet", "thanks", "out_of_scope"))
Outcome = Literal["ask", "read_back", "what_is_wrong", "submit", "drop", "hand_over", "none"]
Ranking = tuple[tuple[str, float], ...]
"""(intent, confidence 0..1), the likeliest first."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One need that is being arranged.

    `text`: all messages about the need, joined by line breaks; evidence in `read` is offsets in it.
    `id`: the service request's id; None before the request is opened.
    """

    read: Understanding
    text: str
    id: int | None = None

    def knows(self, name: str) -> bool:
        """Whether this field is known."""
        return self.read.get(name) is not None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it back."""
        return {"id": self.id, "text": self.text, "read": self.read.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Draft:
        """The inverse of `to_json`."""
        return cls(Understanding.from_json(stored["read"]), stored["text"], stored["id"])


@dataclass(frozen=True, slots=True)
class State:
    """Where a form stands. `asked`: a field, "read_back" or "what_is_wrong".

    `questions`: the fields that were asked for. `declined`: the fields that the resident does not
    want to give. `misses`: messages in a row that were not understood. `denials`: how often the
    resident denied what was read back, since a message last gave a field. `for_other`: the help is
    for somebody else, so the writer's own name is not the name of the person who needs help.
    `early`: the fields that were given before any need was.
    """

    drafts: tuple[Draft, ...] = ()
    asked: str | None = None
    questions: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    misses: int = 0
    denials: int = 0
    for_other: bool = False
    early: Draft | None = None

    @property
    def requests(self) -> tuple[Draft, ...]:
        """The needs that are being arranged, else what was told before any need: each has a
        service request of its own, so that nobody who goes away is forgotten."""
        return self.drafts or ((self.early,) if self.early is not None else ())

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
            **({"early": self.early.to_json()} if self.early is not None else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> State:
        """The inverse of `to_json`; other keys are ignored."""
        return cls(
            drafts=tuple(Draft.from_json(draft) for draft in stored.get("drafts", ())),
            asked=stored.get("asked"),
            questions=tuple(stored.get("questions", ())),
            declined=tuple(stored.get("declined", ())),
            misses=int(stored.get("misses", 0)),
            denials=int(stored.get("denials", 0)),
            for_other=bool(stored.get("for_other")),
            early=Draft.from_json(early) if (early := stored.get("early")) else None,
        )


@dataclass(frozen=True, slots=True)
class MessageReading:
    """One message: its words, what the readers found in it, and the ranking of its clauses.

    `clauses`: (words, ranking) of each clause, where the message may hold two needs or replace one;
    else ().
    """

    text: str
    read: Understanding
    clauses: tuple[tuple[str, Ranking], ...] = ()

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest intent with its confidence (0..1); ("", 0.0) without a ranking."""
        return self.read.category_ranking[0] if self.read.category_ranking else ("", 0.0)

    def means(self, intent: str, from_: float = LIKELY) -> bool:
        """Whether this is the likeliest intent, with a confidence of `from_` or more."""
        return self.best[0] == intent and self.best[1] >= from_


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of a message: the new state, and what to do next.

    `changed`: a field or category that was known before has another value now. `missed`: the
    message was not understood. `noted`: it gave no field, but belongs to the need. `asks`: it asks
    something that a person has to answer. `talk`: the kind of small talk that is answered first.
    """

    state: State
    outcome: Outcome
    changed: bool = False
    missed: bool = False
    noted: bool = False
    asks: bool = False
    talk: str | None = None


def missing(draft: Draft, catalogue: Catalogue) -> list[str]:
    """The required fields that are not known, in the order in which they are asked."""
    entry = catalogue.entries.get(draft.read.category or "")
    if entry is None:
        return []
    return [n for n in entry.questions if n in entry.required and not draft.knows(n)]
