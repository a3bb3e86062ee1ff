"""Corrections: of fields, of two requests for one need, of one request for two needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed
from intake.lifecycle import ENDED, Status
from intake.runtime import Parts
from intake.service_requests.alarms import declare_emergency
from intake.service_requests.areas import with_area
from intake.service_requests.backends import AT_A_BACKEND, tell_backend
from intake.service_requests.deadlines import deadline
from intake.service_requests.events import Author, check_not_erased, plain, record
from intake.service_requests.opening import Opening, open_request
from intake.service_requests.transitions import advance
from intake.storage.models import ServiceRequest
from intake.understanding.fields import COLUMNS

CORRECTABLE = frozenset(column.name for column in COLUMNS)


async def correct(
    session: AsyncSession,
    request: ServiceRequest,
    changes: Mapping[str, Any],
    by: Author,
    parts: Parts,
) -> None:
    """Change fields of a locked request by hand; the old values stand in the event.

    A field that a person set is never overwritten by a machine. A new place brings its area, and
    the deadline follows from category and urgency. A backend that has the request is told. What
    becomes an emergency is on hold no longer, and the people on duty are called.
    """
    if Status(request.status) in ENDED:
        raise MoveNotAllowed(f"It is {request.status}; an ended request is not changed any more.")
    changes = await with_area(session, parts, changes)
    before = {key: plain(getattr(request, key)) for key in changes}
    for key, value in changes.items():
        setattr(request, key, value)
    request.corrected = sorted({*request.corrected, *changes})
    if "urgency" in changes:
        request.listen_first = False
    request.deadline_at = deadline(request, parts.catalogue)
    request.version += 1
    request.updated_at = datetime.now(UTC)
    after = {key: plain(getattr(request, key)) for key in changes}
    record(session, request, "corrected", by, changes={"from": before, "to": after})
    await session.flush()
    if changes.get("urgency") == "emergency":
        await declare_emergency(session, request)
    if Status(request.status) in AT_A_BACKEND:
        await tell_backend(session, request, "changed")


async def merge(
    session: AsyncSession, request: ServiceRequest, into: ServiceRequest, by: Author
) -> None:
    """Fold a locked request into another locked one. Undo: move it back to review."""
    if request.id == into.id:
        raise MoveNotAllowed("A request can't be merged into itself.", code="merged_into_itself")
    if Status(into.status) in ENDED:
        sentence = f"{into.tracking_number} is {into.status}; merge into an open one."
        raise MoveNotAllowed(sentence, code="merged_into_ended")
    request.merged_into_id = into.id
    await advance(session, request, Status.MERGED, by, changes={"into": into.tracking_number})
    record(session, into, "merged_in", by, changes={"from": request.tracking_number})
    into.version += 1
    if request.urgency == "emergency" and into.urgency != "emergency":
        await declare_emergency(session, into)
    await session.flush()


async def split(
    session: AsyncSession,
    request: ServiceRequest,
    fields: Mapping[str, Any],
    by: Author,
    parts: Parts,
) -> ServiceRequest:
    """Open a second request for another need in the same recording; it waits in review.

    ``fields``: what the operator says of it; a place brings its area. In an emergency the people
    on duty are called.
    """
    check_not_erased(request)
    fields = await with_area(session, parts, fields)
    opening = Opening(
        channel=request.channel,
        language=request.language,
        recording_id=request.recording_id,
        contact_point_id=request.contact_point_id,
        given=request.given,
        received_at=request.received_at,
    )
    opened = await open_request(session, opening, by=by, status=Status.NEEDS_REVIEW)
    second = await session.get_one(ServiceRequest, opened.id)
    for key in (
        "transcript_id",
        "understanding_id",
        "conversation_id",
        "household_id",
        "for_other",
    ):
        setattr(second, key, getattr(request, key))
    for key in CORRECTABLE - {"category", "urgency"}:
        setattr(second, key, getattr(request, key))
    for key, value in fields.items():
        setattr(second, key, value)
    second.corrected = sorted(fields)
    second.deadline_at = deadline(second, parts.catalogue)
    second.split_from_id = request.id
    request.version += 1
    record(session, request, "split", by, changes={"into": second.tracking_number})
    await session.flush()
    if second.urgency == "emergency":
        await declare_emergency(session, second)
    return second
