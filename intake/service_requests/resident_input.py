"""What the resident adds: the rest of a recording, whether we understood, how good it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed
from intake.lifecycle import ENDED, Status
from intake.locale import reason
from intake.service_requests.backends import tell_backend
from intake.service_requests.events import Author, record
from intake.service_requests.operator_tasks import ask_operators
from intake.service_requests.transitions import advance, review
from intake.storage.jobs import defer
from intake.storage.models import Recording, ServiceRequest

UNREAD = frozenset({Status.RECEIVED, Status.TRANSCRIBED})
"""Nothing was read back yet. In review it would not be read, nor searched for danger."""
RATED = frozenset({Status.DONE, Status.CLOSED})
LOW = 2
"""Of 1 to 5 points: so few are a task for an operator."""


async def hear_whole(
    session: AsyncSession,
    request: ServiceRequest,
    recording: Recording,
    why: Mapping[str, str],
    by: Author,
) -> None:
    """Transcribe the whole recording of a locked request, whose rest arrived late.

    A request that was transcribed before goes to the operators, with the reason ``why``.
    """
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
    session: AsyncSession, request: ServiceRequest, right: bool, by: Author
) -> None:
    """The resident says whether a locked request was understood rightly; if not, an operator
    listens. Said again it changes nothing, unless the request left review in between.

    Raises `MoveNotAllowed` for a request that has ended or was not read back yet.
    """
    if Status(request.status) in ENDED:
        raise MoveNotAllowed("The request has ended; leave a new message.")
    if Status(request.status) in UNREAD:
        raise MoveNotAllowed("Nothing was read back yet.")
    says = "right" if right else "not_right"
    waits = Status(request.status) is Status.NEEDS_REVIEW
    if request.resident_says == says and (right or waits):
        return
    request.resident_says = says
    request.version += 1
    request.updated_at = datetime.now(UTC)
    record(session, request, f"resident_{says}", by)
    await session.flush()
    if not right:
        await review(session, request, [reason("resident_says_wrong")], by)


async def say_not_fixed(session: AsyncSession, request: ServiceRequest, by: Author) -> None:
    """The resident says of a locked request that is said to be done that it is not: it goes back to
    its backend. Raises `MoveNotAllowed` for any other."""
    if Status(request.status) is not Status.DONE:
        raise MoveNotAllowed("The work has not been reported as done yet.")
    await advance(session, request, Status.ROUTED, by)
    await tell_backend(session, request, "changed")


async def rate(session: AsyncSession, request: ServiceRequest, points: int, by: Author) -> None:
    """What the resident thinks of what was done on a locked request, 1 (worst) to 5.

    ``by.why``: the resident's own words. `LOW` points or fewer leave a task for an operator and the
    request open; more close it. Raises `MoveNotAllowed` before it is said to be done.
    """
    if Status(request.status) not in RATED:
        raise MoveNotAllowed("The work has not been reported as done yet.")
    record(session, request, "rated", by, changes={"from": request.rating, "to": points})
    request.rating = points
    request.version += 1
    request.updated_at = datetime.now(UTC)
    await session.flush()
    if points <= LOW:
        sentence = f"{request.tracking_number}: {points}/5 — {by.why or '–'}"
        await ask_operators(session, request, "low_rating", sentence)
    elif Status(request.status) is Status.DONE:
        await advance(session, request, Status.CLOSED, by)
