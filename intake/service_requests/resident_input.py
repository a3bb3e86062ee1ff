"""What the resident adds: the rest of her recording, yes or no, how good it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed
from intake.lifecycle import ENDED, Status
from intake.service_requests.events import By, record
from intake.service_requests.transitions import review
from intake.storage.jobs import defer
from intake.storage.models import Recording, ServiceRequest

UNHEARD = frozenset({Status.RECEIVED, Status.TRANSCRIBED})


async def hear_whole(
    session: AsyncSession,
    request: ServiceRequest,
    recording: Recording,
    why: Mapping[str, str],
    by: By,
) -> None:
    """The rest of a locked request's recording came late: hear the whole of it, then a person
    decides. While nothing has been heard yet, nothing else changes."""
    session.add(recording)
    await session.flush()
    changes = {"from": request.recording_id, "to": recording.id}
    request.recording_id = recording.id
    request.version += 1
    request.updated_at = datetime.now(UTC)
    record(session, request, "recording_grew", by, changes=changes)
    if request.status != Status.RECEIVED.value:
        request.hear_again = True
        await review(session, request, [why], by)
    await session.flush()
    await defer(session, "transcribe", service_request_id=request.id)


async def answer_read_back(
    session: AsyncSession, request: ServiceRequest, right: bool, why: Mapping[str, str], by: By
) -> None:
    """The resident says of a locked request whether we got her right; if not, a person listens."""
    if Status(request.status) in ENDED:
        raise MoveNotAllowed("It has ended; leave a new message.")
    if Status(request.status) in UNHEARD:
        raise MoveNotAllowed("Nothing was read back yet.")
    says = "right" if right else "not_right"
    if request.resident_says == says:
        return
    request.resident_says = says
    request.version += 1
    request.updated_at = datetime.now(UTC)
    record(session, request, f"resident_{says}", by)
    await session.flush()
    if not right:
        await review(session, request, [why], by)


async def rate(session: AsyncSession, request: ServiceRequest, points: int, by: By) -> None:
    """What the resident thinks of what was done, 1 (worst) to 5, on a locked request."""
    record(session, request, "rated", by, changes={"from": request.rating, "to": points})
    request.rating = points
    request.version += 1
    request.updated_at = datetime.now(UTC)
    await session.flush()
