"""The moves of the life cycle; putting a request on hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed
from intake.lifecycle import ENDED, Status, check_move
from intake.service_requests.alarms import stand_down
from intake.service_requests.backends import AT_A_BACKEND, tell_backend
from intake.service_requests.events import Author, check_not_erased, plain, record
from intake.storage.jobs import defer
from intake.storage.models import ServiceRequest


async def advance(
    session: AsyncSession,
    request: ServiceRequest,
    to: Status,
    by: Author,
    *,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Move a locked request: check the move, write the event, defer the next job.

    Raises `MoveNotAllowed`. A backend that has a request which ends is told so.
    """
    check_not_erased(request)
    current = Status(request.status)
    stage = check_move(current, to, by.actor)
    request.status = to.value
    request.version += 1
    request.updated_at = datetime.now(UTC)
    if current is Status.NEEDS_REVIEW:
        request.listen_first = False  # a person has listened and decided
    if to in ENDED:
        request.ended_at = request.updated_at
        request.on_hold_until = None
        await stand_down(session, request, by)
    elif current in ENDED:
        request.ended_at = None
    if to is Status.ROUTED:
        request.routed_at = request.routed_at or request.updated_at
    record(
        session,
        request,
        "moved",
        by,
        to=to.value,
        from_status=current.value,
        changes=dict(changes) if changes else None,
    )
    await session.flush()
    if current in AT_A_BACKEND and to in ENDED and to is not Status.CLOSED:
        await tell_backend(session, request, "cancelled")
    if stage.job:
        await defer(session, stage.job, service_request_id=request.id)


async def review(
    session: AsyncSession,
    request: ServiceRequest,
    reasons: Sequence[Mapping[str, str]],
    by: Author,
) -> None:
    """Hand a locked request to the operators with reasons; already there: add the reasons.

    ``reasons``: {code, zh, en} each. A request that has ended stays ended.
    """
    if Status(request.status) in ENDED:
        return
    known = {reason["code"] for reason in request.reasons}
    request.reasons = [
        *request.reasons,
        *(dict(reason) for reason in reasons if reason["code"] not in known),
    ]
    codes = ", ".join(reason["code"] for reason in reasons)
    by = Author(by.actor, by.who, by.why or codes)
    if request.status == Status.NEEDS_REVIEW.value:
        record(session, request, "review_reason", by)
        request.version += 1
        await session.flush()
    else:
        await advance(session, request, Status.NEEDS_REVIEW, by)
        await defer(session, "tell", service_request_id=request.id)


async def reopen(session: AsyncSession, request: ServiceRequest, by: Author) -> None:
    """Undo a merge, a rejection, a cancellation or a confirmation: back to the operators.

    A backend that has it is told that it is cancelled there: it may go elsewhere.
    """
    taken_back = Status(request.status) in AT_A_BACKEND
    request.merged_into_id = None
    await advance(session, request, Status.NEEDS_REVIEW, by)
    if taken_back:
        await tell_backend(session, request, "cancelled")


async def hold(
    session: AsyncSession, request: ServiceRequest, until: datetime | None, by: Author
) -> None:
    """Put a locked request on hold until a time; None ends the hold."""
    if Status(request.status) in ENDED:
        raise MoveNotAllowed(f"It is {request.status}; it can't be held any more.")
    if request.urgency == "emergency" and until is not None:
        raise MoveNotAllowed("An emergency can't be put aside; change its urgency first.")
    request.on_hold_until = until
    request.version += 1
    request.updated_at = datetime.now(UTC)
    record(session, request, "held" if until else "resumed", by, changes={"until": plain(until)})
    await session.flush()
