"""The life cycle of a service request, in one table.

Pure: no database, no framework. `service_requests.advance` is the only caller that acts
on it: it checks the move, writes the event and defers the job in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from intake.errors import MoveNotAllowed


class Status(StrEnum):
    """The status of a service request."""

    RECEIVED = "received"
    TRANSCRIBED = "transcribed"
    UNDERSTOOD = "understood"
    NEEDS_REVIEW = "needs_review"
    CONFIRMED = "confirmed"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    DONE = "done"
    CLOSED = "closed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    MERGED = "merged"


class Actor(StrEnum):
    """Who may change the status of a request. DOOR: a channel that takes requests in."""

    DOOR = "door"
    WORKER = "worker"
    OPERATOR = "operator"
    BACKEND = "backend"
    RESIDENT = "resident"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table.

    ``job``: the name of the job that entering this status starts, or None.
    ``movers``: who may move a request *into* this status.
    ``next``: the statuses that may follow.
    ``open311``: the status in the terms of Open311, "open" or "closed".
    ``working``: a request in this status must have a live job; `intake.pipeline.sweep` checks it.
    """

    job: str | None
    movers: frozenset[Actor]
    next: frozenset[Status]
    open311: str
    working: bool = False


def _stage(
    job: str | None,
    movers: str,
    following: str,
    *,
    open311: str = "open",
    working: bool = False,
) -> Stage:
    return Stage(
        job,
        frozenset(Actor(name) for name in movers.split()),
        frozenset(Status(name) for name in following.split()),
        open311,
        working,
    )


_END = "rejected cancelled merged"

TABLE: dict[Status, Stage] = {
    # A draft from a conversation skips the transcription: it is understood once the resident has
    # confirmed it.
    Status.RECEIVED: _stage(
        "transcribe", "door", f"transcribed understood needs_review {_END}", working=True
    ),
    Status.TRANSCRIBED: _stage(
        "understand", "worker", f"understood needs_review {_END}", working=True
    ),
    Status.UNDERSTOOD: _stage("decide", "worker", f"confirmed needs_review {_END}", working=True),
    Status.NEEDS_REVIEW: _stage(
        None, "door worker operator resident backend timer", f"confirmed done {_END}"
    ),
    Status.CONFIRMED: _stage(
        "route", "worker operator", f"routed needs_review {_END}", working=True
    ),
    Status.ROUTED: _stage(
        "tell", "worker operator backend resident", f"accepted done needs_review {_END}"
    ),
    Status.ACCEPTED: _stage("tell", "backend operator", f"done routed needs_review {_END}"),
    Status.DONE: _stage("tell", "backend operator", "closed routed needs_review"),
    Status.CLOSED: _stage(None, "resident timer operator", "", open311="closed"),
    Status.REJECTED: _stage("tell", "operator", "needs_review", open311="closed"),
    Status.CANCELLED: _stage("tell", "resident operator", "needs_review", open311="closed"),
    Status.MERGED: _stage("tell", "operator", "needs_review", open311="closed"),
}

WORKING: frozenset[Status] = frozenset(s for s, stage in TABLE.items() if stage.working)
ENDED: frozenset[Status] = frozenset(s for s, stage in TABLE.items() if stage.open311 == "closed")


def check_move(current: Status, to: Status, actor: Actor) -> Stage:
    """Return the stage of ``to``. Raises `MoveNotAllowed` unless ``actor`` may make this change."""
    if to not in TABLE[current].next:
        raise MoveNotAllowed(
            f"A request that is {current.value} can't become {to.value}; "
            f"possible: {', '.join(sorted(TABLE[current].next)) or 'nothing, it has ended'}."
        )
    stage = TABLE[to]
    if actor not in stage.movers:
        raise MoveNotAllowed(f"A {actor.value} may not move a request to {to.value}.")
    return stage
