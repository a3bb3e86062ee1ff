"""Erases a request: everything personal is deleted; its row stays without it, for statistics.

In the database this is one transaction. What is outside of it (recordings on the disk, pieces of
uploads, Rasa's trackers) is noted in that transaction as a `Leftover` and removed by
`intake.privacy.external_data`, at once or, after a crash, by a job.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.backends import ATTEMPT_SECONDS
from intake.conversation import locks
from intake.errors import BadField, MoveNotAllowed
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import say
from intake.privacy.erase_conversation import (
    _conversation,
    _delete_messages,
    _messages,
    _wechat,
    forget_contact_point,
)
from intake.service_requests import Author
from intake.storage.jobs import defer
from intake.storage.models import (
    Alarm,
    AlarmNotice,
    Attachment,
    Delivery,
    DeliveryAttempt,
    Event,
    Household,
    IdempotencyKey,
    Leftover,
    OperatorTask,
    Recording,
    RequestWords,
    ServiceRequest,
    StationOrder,
    Understanding,
)
from intake.understanding.fields import FIELDS

JOB = "remove_leftovers"
WHYS = ("asked", "retention", "test", "other")
KEPT = frozenset(
    [
        *(column.name for field in FIELDS if field.kept for column in field.columns),
        "id",
        "tracking_number",
        "status",
        "version",
        "channel",
        "language",
        "merged_into_id",
        "split_from_id",
        "related_to_id",
        "backend",
        "received_at",
        "deadline_at",
        "decided_by",
        "routed_at",
        "ended_at",
        "rating",
        "resident_says",
        "corrected",
        "resident_group",
        "invented",
        "created_at",
        "updated_at",
        "erased_at",
        "erased_by",
        "erased_why",
    ]
)
"""Columns that an erased request keeps. A new column is emptied unless it is named here."""
FEWEST_HOMES = 5
"""An erased request keeps its household's group only if at least so many households have it: counts
of people below five are commonly suppressed in official statistics, because it can be guessed who
is meant."""
UNDER_WAY = timedelta(seconds=ATTEMPT_SECONDS)


async def erase(
    session: AsyncSession,
    service_request_id: int,
    by: Author,
    *,
    why: str,
    version: int | None = None,
    force: bool = False,
) -> int | None:
    """Erase one request in the caller's transaction.

    Returns the id of its `Leftover`, which names what is to be removed outside of the database
    (`external_data.remove`); None if the request was erased before. An open request is ended first,
    so that its backend is told; for each backend that has the request, the operators get a task.
    ``why``: one of `WHYS`. Raises `NotFound`, `BadField`, `StaleVersion`, and `MoveNotAllowed`
    while the request is being handed over, or for an open emergency without ``force``.
    """
    if why not in WHYS:
        raise BadField(f"why must be one of {', '.join(WHYS)}.", field="why")
    where = select(ServiceRequest.conversation_id).where(ServiceRequest.id == service_request_id)
    conversation = await session.scalar(where)
    if conversation is not None:  # locked before the request, as everywhere, to avoid a deadlock
        await locks.lock(session, conversation)
    request = await service_requests.lock(session, service_request_id, version=version)
    if request.erased_at is not None:
        return None
    await _end(session, request, by, why, force=force)
    held_by = await _others(session, request)
    messages = await _messages(session, request)
    gone = Leftover(blob_keys=[], upload_keys=[], conversation_ids=[])
    await _wechat(session, request, messages)
    gone.blob_keys = await _sound(session, request, messages)
    gone.blob_keys += await _pictures(session, messages)
    digests = delete(IdempotencyKey).where(IdempotencyKey.service_request_id == request.id)
    keys = await session.scalars(digests.returning(IdempotencyKey.key_sha256))
    gone.upload_keys = [key.hex() for key in keys]
    if request.conversation_id is not None:
        gone.conversation_ids = [request.conversation_id]
    await _delete_messages(session, messages)
    await session.execute(
        delete(Understanding).where(Understanding.service_request_id == request.id)
    )
    await _blank_beside(session, request)
    contact_point_id = request.contact_point_id
    await _blank(session, request, by, why)
    if gone.conversation_ids:
        await _conversation(session, gone.conversation_ids[0], request.id)
    await forget_contact_point(session, contact_point_id)
    await session.execute(delete(RequestWords).where(RequestWords.service_request_id == request.id))
    for backend, external_id in held_by:
        sentence = say(
            "task.erase_there",
            None,
            backend=backend,
            number=request.tracking_number,
            external_id=external_id or "–",
        )
        await service_requests.ask_operators(session, request, "erase_there", sentence)
    session.add(gone)
    await session.flush()
    await defer(session, JOB, leftover_id=gone.id)
    return gone.id


async def _end(
    session: AsyncSession, request: ServiceRequest, by: Author, why: str, *, force: bool
) -> None:
    status = Status(request.status)
    alarm = await session.scalar(select(Alarm).where(Alarm.service_request_id == request.id))
    ringing = alarm is not None and alarm.status == "open"
    danger = request.urgency == "emergency" and status not in ENDED
    if (danger or ringing) and not force:
        raise MoveNotAllowed(
            f"{request.tracking_number} is an open emergency; deal with it first, or use force.",
            code="open_emergency",
        )
    handing_over = (
        select(DeliveryAttempt.id)
        .join(Delivery, Delivery.id == DeliveryAttempt.delivery_id)
        .where(
            Delivery.service_request_id == request.id,
            DeliveryAttempt.finished_at.is_(None),
            DeliveryAttempt.started_at > datetime.now(UTC) - UNDER_WAY,
        )
    )
    if await session.scalar(handing_over.limit(1)):
        raise MoveNotAllowed(
            f"{request.tracking_number} is being handed over now; it can be erased in a few"
            " minutes.",
            code="being_sent",
            retryable=True,
        )
    if status in ENDED:
        return
    to = Status.CLOSED if status is Status.DONE else Status.CANCELLED
    # Only an operator may end a request from any status, so the move is recorded as an operator's.
    await service_requests.advance(session, request, to, Author(Actor.OPERATOR, by.who, why))


async def _others(
    session: AsyncSession, request: ServiceRequest
) -> Sequence[tuple[str, str | None]]:
    """(backend, its own id of the request) of the backends that have the request or may have it.

    The station's board is left out: its orders are rows of our own.
    """
    board = select(StationOrder.backend_name).where(StationOrder.service_request_id == request.id)
    tried = select(DeliveryAttempt.delivery_id).where(DeliveryAttempt.sent.is_not(False))
    rows = await session.execute(
        select(Delivery.backend, func.max(Delivery.external_id))
        .where(
            Delivery.service_request_id == request.id,
            Delivery.backend.not_in(board),
            or_(Delivery.status == "delivered", Delivery.id.in_(tried)),
        )
        .group_by(Delivery.backend)
        .order_by(Delivery.backend)
    )
    return [(backend, external_id) for backend, external_id in rows]


async def _sound(
    session: AsyncSession, request: ServiceRequest, messages: Collection[int]
) -> list[Any]:
    """Delete its recordings with their transcripts, except those that another request needs.

    Returns the keys of their files.
    """
    mine = {request.recording_id}
    grew = select(Event.changes).where(
        Event.service_request_id == request.id, Event.kind == "recording_grew"
    )
    for changes in await session.scalars(grew):
        mine |= {changes.get("from"), changes.get("to")} if changes else set()
    said = select(Attachment.recording_id).where(Attachment.message_id.in_(messages))
    mine |= set(await session.scalars(said))
    ids = [found for found in mine if found is not None]
    elsewhere = select(Attachment.recording_id).where(
        Attachment.recording_id.in_(ids), Attachment.message_id.not_in(messages)
    )
    shared = select(ServiceRequest.recording_id).where(
        ServiceRequest.recording_id.in_(ids), ServiceRequest.id != request.id
    )
    needed = {*await session.scalars(elsewhere), *await session.scalars(shared)}
    gone = delete(Recording).where(Recording.id.in_(set(ids) - needed))
    return list(await session.scalars(gone.returning(Recording.blob_key)))


async def _pictures(session: AsyncSession, messages: Collection[int]) -> list[Any]:
    shown = select(Attachment.blob_key).where(
        Attachment.message_id.in_(messages), Attachment.blob_key.is_not(None)
    )
    return list(await session.scalars(shown))


async def _blank_beside(session: AsyncSession, request: ServiceRequest) -> None:
    """Empty the rows that belong to the request: status changes and times stay, texts go."""
    about = request.id
    events = update(Event).where(Event.service_request_id == about)
    await session.execute(events.values(why=None, changes=None))
    await session.execute(events.where(Event.actor != Actor.OPERATOR.value).values(who=None))
    deliveries = update(Delivery).where(Delivery.service_request_id == about)
    waits = (Delivery.kind == "cancelled") & Delivery.status.in_(("pending", "sending"))
    await session.execute(deliveries.values(error=None, token=None, next_poll_at=None))
    await session.execute(deliveries.where(~waits).values(external_id=None))
    stale = Delivery.status == "pending", Delivery.kind != "cancelled"
    await session.execute(deliveries.where(*stale).values(status="dropped"))
    ours = select(Delivery.id).where(Delivery.service_request_id == about)
    tries = update(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_(ours))
    await session.execute(tries.values(error=None, answer=None))
    orders = update(StationOrder).where(StationOrder.service_request_id == about)
    await session.execute(orders.values(payload={}, note=None, accepted_by=None))
    open_ = StationOrder.status.in_(("open", "accepted"))
    await session.execute(
        orders.where(open_).values(status="cancelled", version=StationOrder.version + 1)
    )
    alarms = select(Alarm.id).where(Alarm.service_request_id == about)
    notices = update(AlarmNotice).where(AlarmNotice.alarm_id.in_(alarms))
    await session.execute(notices.values(error=None))
    await session.execute(delete(OperatorTask).where(OperatorTask.service_request_id == about))


async def _blank(session: AsyncSession, request: ServiceRequest, by: Author, why: str) -> None:
    """Empty all columns of the request but `KEPT`, and mark it as erased."""
    request.resident_group = await _group(session, request)
    for column in ServiceRequest.__table__.columns:
        if column.key not in KEPT and column.computed is None:
            setattr(request, column.key, _nothing(column))
    request.status_key = secrets.token_urlsafe(18)  # makes the resident's status link invalid
    request.status_key_hash = service_requests.hash_key(request.status_key)
    request.erased_at = request.updated_at = datetime.now(UTC)
    request.erased_by, request.erased_why = by.who or by.actor.value, why
    request.version += 1
    session.add(
        Event(
            service_request_id=request.id,
            kind="erased",
            actor=by.actor.value,
            who=by.who,
            why=why,
            version=request.version,
        )
    )
    await session.flush()


async def _group(session: AsyncSession, request: ServiceRequest) -> str | None:
    """Its household's group, if at least `FEWEST_HOMES` households have both it and the area.

    The area matters because an erased request keeps it. A household without an area counts too.
    """
    household = await session.get(Household, request.household_id or 0)
    if household is None or not household.resident_group:
        return None
    meant = select(Household.id).where(Household.resident_group == household.resident_group)
    if request.area is not None:
        meant = meant.where(or_(Household.area == request.area, Household.area.is_(None)))
    found = (await session.scalars(meant.limit(FEWEST_HOMES))).all()
    return household.resident_group if len(found) >= FEWEST_HOMES else None


def _nothing(column: Any) -> Any:
    if column.nullable:
        return None
    empty = str(getattr(column.server_default, "arg", ""))
    return {"'{}'": {}, "'[]'": [], "false": False, "0": 0, "''": ""}.get(empty)
