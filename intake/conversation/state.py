"""Where a conversation stands. The one place that reads and writes `Conversation.state`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from intake.conversation.form import State
from intake.storage.models import Conversation


@dataclass(frozen=True, slots=True)
class Pending:
    """What the resident was asked outside the form, and about which request (its id)."""

    about: Literal["cancel", "rate", "change"]
    id: int


@dataclass(frozen=True, slots=True)
class ConversationState:
    """Where a conversation stands; by default nothing is open.

    `form`: the needs that are being arranged. `emergency`: the id of the emergency that the
    conversation is about, `since` when it began (aware), `asked_where` whether the resident was
    asked for the place. `left`: the id of the request that went to the operators because the
    assistant could not go on, `told` whether the resident was told. `pending`: the question
    asked outside the form. `misunderstood`: messages in a row outside the form that were not
    understood. `before`: the form as it stood when the emergency began.
    """

    form: State = field(default_factory=State)
    emergency: int | None = None
    since: datetime | None = None
    asked_where: bool = False
    left: int | None = None
    told: bool = False
    pending: Pending | None = None
    misunderstood: int = 0
    before: State = field(default_factory=State)

    @property
    def request_ids(self) -> frozenset[int]:
        """The ids of all requests that the conversation is about now."""
        found = (self.emergency, self.left, *(draft.id for draft in self.form.requests))
        return frozenset(id_ for id_ in found if id_ is not None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with those keys only that say something; {} for the default."""
        stored: dict[str, Any] = self.form.to_json() if self.form != State() else {}
        if self.emergency is not None:
            stored["emergency"] = self.emergency
            stored["since"] = self.since.isoformat() if self.since is not None else None
        if self.asked_where:
            stored["where"] = True
        if self.left is not None:
            stored["left"] = self.left
        if self.told:
            stored["told"] = True
        if self.pending is not None:
            stored["pending"] = {"about": self.pending.about, "id": self.pending.id}
        if self.misunderstood:
            stored["astray"] = self.misunderstood
        if self.before != State():
            stored["before"] = self.before.to_json()
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ConversationState:
        """The inverse of `to_json`; other keys are ignored."""
        pending = stored.get("pending")
        since = stored.get("since")
        return cls(
            form=State.from_json(stored),
            emergency=stored.get("emergency"),
            since=datetime.fromisoformat(since) if since else None,
            asked_where=bool(stored.get("where")),
            left=stored.get("left"),
            told=bool(stored.get("told")),
            pending=Pending(pending["about"], pending["id"]) if pending else None,
            misunderstood=int(stored.get("astray", 0)),
            before=State.from_json(stored.get("before", {})),
        )


NOTHING_OPEN = ConversationState()


def load(conversation: Conversation) -> ConversationState:
    """The state of a conversation's row."""
    return ConversationState.from_json(conversation.state)


def save(conversation: Conversation, state: ConversationState = NOTHING_OPEN) -> None:
    """Write a state into a locked row; by default, that nothing is open."""
    conversation.state = state.to_json()
