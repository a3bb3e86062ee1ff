"""Every write to a service request: open, advance, correct, hold, merge, split.

Each function works inside the caller's transaction. A move of the life cycle, its event and
the job that it starts are written together, so a crash can't leave a request without its
next step.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.db import raw_connection
from intake.errors import MoveNotAllowed, NotFound, StaleVersion
from intake.jobs import defer
from intake.lifecycle import ENDED, Actor, Status, check_move
from intake.models import (
    Alarm,
    ContactPoint,
    Delivery,
    Event,
    OperatorTask,
    Recording,
    ServiceRequest,
)
from intake.tracking import tracking_number

CORRECTABLE = frozenset(
    [
        "category",
        "urgency",
        "place",
        "area",
        "unit",
        "when_start",
        "when_end",
        "when_text",
        "person",
        "phone",
        "text",
    ]
)
UNHEARD = frozenset({Status.RECEIVED, Status.TRANSCRIBED})
AT_A_BACKEND = frozenset({Status.ROUTED, Status.ACCEPTED})
CALL_BACK = "call_back"
"""The kind of task that says: ring the resident."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it and why; stands in every event."""

    actor: Actor
    who: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a request is opened. ``given``: what the sender filled in, and under
    ``household`` what is known of the home whose link was used."""

    channel: str
    language: str | None = None
    recording_id: int | None = None
    contact_point_id: int | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    received_at: datetime | None = None
    household_id: int | None = None


def hash_key(status_key: str) -> bytes:
    """SHA-256 of a status key: what the database looks up."""
    return hashlib.sha256(status_key.encode()).digest()


# The door's hot path: all rows in one statement, past the ORM; `make bench` shows why.
_OPEN = """
    WITH kept AS (
        INSERT INTO recordings
            (blob_key, sha256, size_bytes, format, codec, duration_seconds, recorded_at)
        SELECT %(blob_key)s, %(sha256)s, %(size_bytes)s, %(format)s, %(codec)s,
               %(duration_seconds)s, %(recorded_at)s
        WHERE %(blob_key)s::text IS NOT NULL
        RETURNING id
    ), opened AS (
        INSERT INTO service_requests
            (tracking_number, status_key, status_key_hash, status, channel, language,
             recording_id, contact_point_id, household_id, given, phone, place, unit, person,
             received_at)
        VALUES
            (%(tracking_number)s, %(status_key)s, %(status_key_hash)s, %(status)s, %(channel)s,
             %(language)s, coalesce((SELECT id FROM kept), %(recording_id)s),
             %(contact_point_id)s, %(household_id)s, %(given)s, %(phone)s, %(place)s, %(unit)s,
             %(person)s, %(received_at)s)
        RETURNING id, status, version
    ), noted AS (
        INSERT INTO events (service_request_id, kind, to_status, actor, who, why, version)
        SELECT id, 'opened', status, %(actor)s, %(who)s, %(why)s, version FROM opened
    )
    SELECT id FROM opened
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """What the door needs for its answer."""

    id: int
    tracking_number: str
    status_key: str
    language: str | None


async def open_request(
    session: AsyncSession,
    opening: Opening,
    *,
    by: By,
    status: Status = Status.RECEIVED,
    recording: Recording | None = None,
    draft: bool = False,
) -> Opened:
    """Open a request, write its first event and defer the job that its status starts.

    ``recording``: a new one, stored with it. ``draft``: a conversation fills it, so no job starts.
    """
    connection = await raw_connection(session)
    known = {**opening.given.get("household", {}), **opening.given}
    cursor = await connection.execute("SELECT nextval('tracking_numbers')")
    number = tracking_number((await cursor.fetchone())[0])
    key = secrets.token_urlsafe(18)
    values = {
        "tracking_number": number,
        "status_key": key,
        "status_key_hash": hash_key(key),
        "status": status.value,
        "channel": opening.channel,
        "language": opening.language,
        "recording_id": opening.recording_id,
        "contact_point_id": opening.contact_point_id,
        "household_id": opening.household_id,
        "given": Jsonb(dict(opening.given)),
        **{name: known.get(name) for name in ("phone", "place", "unit", "person")},
        "received_at": opening.received_at or datetime.now(UTC),
        "actor": by.actor.value,
        "who": by.who,
        "why": by.why,
        **{name: getattr(recording, name, None) for name in _RECORDING},
    }
    cursor = await connection.execute(_OPEN, values)
    opened = Opened((await cursor.fetchone())[0], number, key, opening.language)
    if status is Status.RECEIVED and not draft:
        await defer(session, "transcribe", service_request_id=opened.id)
    return opened


_RECORDING = (
    "blob_key",
    "sha256",
    "size_bytes",
    "format",
    "codec",
    "duration_seconds",
    "recorded_at",
)


async def contact_point(session: AsyncSession, channel: str, address: str) -> int:
    """The id of a contact point, made if new; safe when two senders make it at once."""
    values = {"channel": channel, "address": address}
    # A change of no key: one of channel or address would lock out whoever refers to the row, such
    # as a worker that holds the conversation and opens a request. Each would wait for the other.
    unchanged = {"resident_id": ContactPoint.resident_id}
    statement = (
        insert(ContactPoint)
        .values(values)
        .on_conflict_do_update(index_elements=["channel", "address"], set_=unchanged)
        .returning(ContactPoint.id)
    )
    return (await session.execute(statement)).scalar_one()


async def point_of(session: AsyncSession, contact_point_id: int | None) -> ContactPoint | None:
    """The contact point, if it is still known."""
    return await session.get(ContactPoint, contact_point_id) if contact_point_id else None


async def lock(
    session: AsyncSession, service_request_id: int, *, version: int | None = None
) -> ServiceRequest:
    """Take the row for writing; raise `NotFound`, or `StaleVersion` when it moved on."""
    # A row that this session read before it had the lock may be old by now.
    request = await session.get(
        ServiceRequest, service_request_id, with_for_update=True, populate_existing=True
    )
    if request is None:
        raise NotFound("There is no such service request.")
    if version is not None and request.version != version:
        raise StaleVersion(
            f"It was changed in between (version {request.version} now, you saw {version});"
            " look at the current state and decide again.",
            current=request,
        )
    return request


async def advance(
    session: AsyncSession,
    request: ServiceRequest,
    to: Status,
    by: By,
    *,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Move a locked request: check the move, write the event, defer the next job.

    Raises `MoveNotAllowed`. Leaving for an end while a backend has it tells that backend.
    """
    if request.erased_at is not None:
        raise MoveNotAllowed("It was erased; there is nothing left to work on.")
    current = Status(request.status)
    stage = check_move(current, to, by.actor)
    request.status = to.value
    request.version += 1
    request.updated_at = datetime.now(UTC)
    if to in ENDED:
        request.ended_at = request.updated_at
        request.on_hold_until = None
        await _stand_down(session, request, by)
    elif current in ENDED:
        request.ended_at = None
    if to is Status.ROUTED:
        request.routed_at = request.routed_at or request.updated_at
    _event(
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
    by: By,
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
    by = By(by.actor, by.who, by.why or codes)
    if request.status == Status.NEEDS_REVIEW.value:
        _event(session, request, "review_reason", by)
        request.version += 1
        await session.flush()
    else:
        await advance(session, request, Status.NEEDS_REVIEW, by)
        await defer(session, "tell", service_request_id=request.id)


async def correct(
    session: AsyncSession, request: ServiceRequest, changes: Mapping[str, Any], by: By
) -> None:
    """Change fields of a locked request by hand; the old values stand in the event.

    A field that a person set is never overwritten by a machine. A backend that has the
    request is told.
    """
    if Status(request.status) in ENDED:
        raise MoveNotAllowed(f"It is {request.status}; an ended request is not changed any more.")
    before = {key: _plain(getattr(request, key)) for key in changes}
    for key, value in changes.items():
        setattr(request, key, value)
    request.corrected = sorted({*request.corrected, *changes})
    request.version += 1
    request.updated_at = datetime.now(UTC)
    after = {key: _plain(getattr(request, key)) for key in changes}
    _event(session, request, "corrected", by, changes={"from": before, "to": after})
    await session.flush()
    if changes.get("urgency") == "emergency":
        await raise_alarm(session, request)
    if Status(request.status) in AT_A_BACKEND:
        await tell_backend(session, request, "changed")


async def hold(
    session: AsyncSession, request: ServiceRequest, until: datetime | None, by: By
) -> None:
    """Put a locked request aside until a time; None takes it up again."""
    if Status(request.status) in ENDED:
        raise MoveNotAllowed(f"It is {request.status}; it can't be held any more.")
    if request.urgency == "emergency" and until is not None:
        raise MoveNotAllowed("An emergency can't be put aside; change its urgency first.")
    request.on_hold_until = until
    request.version += 1
    request.updated_at = datetime.now(UTC)
    _event(session, request, "held" if until else "resumed", by, changes={"until": _plain(until)})
    await session.flush()


async def merge(
    session: AsyncSession, request: ServiceRequest, into: ServiceRequest, by: By
) -> None:
    """Fold a locked request into another locked one. Undo: move it back to review."""
    if request.id == into.id:
        raise MoveNotAllowed("A request can't be merged into itself.", code="merged_into_itself")
    if Status(into.status) in ENDED:
        sentence = f"{into.tracking_number} is {into.status}; merge into an open one."
        raise MoveNotAllowed(sentence, code="merged_into_ended")
    request.merged_into_id = into.id
    await advance(session, request, Status.MERGED, by, changes={"into": into.tracking_number})
    _event(session, into, "merged_in", by, changes={"from": request.tracking_number})
    into.version += 1
    if request.urgency == "emergency" and into.urgency != "emergency":
        into.urgency = "emergency"
        await raise_alarm(session, into)
    await session.flush()


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
    _event(session, request, "recording_grew", by, changes=changes)
    if request.status != Status.RECEIVED.value:
        request.given = {**request.given, "hear_again": True}
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
    _event(session, request, f"resident_{says}", by)
    await session.flush()
    if not right:
        await review(session, request, [why], by)


async def rate(session: AsyncSession, request: ServiceRequest, points: int, by: By) -> None:
    """What the resident thinks of what was done, 1 (worst) to 5, on a locked request."""
    _event(session, request, "rated", by, changes={"from": request.rating, "to": points})
    request.rating = points
    request.version += 1
    request.updated_at = datetime.now(UTC)
    await session.flush()


async def reopen(session: AsyncSession, request: ServiceRequest, by: By) -> None:
    """Undo a merge, a rejection, a cancellation or a confirmation: back to the operators.

    A backend that has it is told that it is cancelled there: it may go elsewhere.
    """
    taken_back = Status(request.status) in AT_A_BACKEND
    request.merged_into_id = None
    await advance(session, request, Status.NEEDS_REVIEW, by)
    if taken_back:
        await tell_backend(session, request, "cancelled")


async def split(
    session: AsyncSession, request: ServiceRequest, fields: Mapping[str, Any], by: By
) -> ServiceRequest:
    """Open a second request for another need in the same recording; it waits in review."""
    opening = Opening(
        channel=request.channel,
        language=request.language,
        recording_id=request.recording_id,
        contact_point_id=request.contact_point_id,
        given={key: value for key, value in request.given.items() if key != "route_to"},
        received_at=request.received_at,
    )
    opened = await open_request(session, opening, by=by, status=Status.NEEDS_REVIEW)
    twin = await session.get_one(ServiceRequest, opened.id)
    for key in ("transcript_id", "understanding_id", "conversation_id", "household_id"):
        setattr(twin, key, getattr(request, key))
    for key in CORRECTABLE - {"category", "urgency"}:
        setattr(twin, key, getattr(request, key))
    for key, value in fields.items():
        setattr(twin, key, value)
    twin.corrected = sorted(fields)
    twin.split_from_id = request.id
    request.version += 1
    _event(session, request, "split", by, changes={"into": twin.tracking_number})
    await session.flush()
    return twin


async def raise_alarm(session: AsyncSession, request: ServiceRequest) -> None:
    """Call the people on duty for a locked request; once, however often it is asked."""
    statement = (
        insert(Alarm)
        .values(service_request_id=request.id)
        .on_conflict_do_nothing(index_elements=["service_request_id"])
        .returning(Alarm.id)
    )
    alarm_id = (await session.execute(statement)).scalar_one_or_none()
    if alarm_id is not None:
        await defer(session, "alarm", alarm_id=alarm_id, step=0)
        _event(session, request, "alarmed", By(Actor.WORKER))
        await session.flush()


async def acknowledge(session: AsyncSession, alarm: Alarm, who: str) -> bool:
    """Someone on duty takes a locked alarm. False when somebody had it already."""
    if alarm.status == "acknowledged":
        return False
    alarm.status = "acknowledged"
    alarm.acknowledged_by = who
    alarm.acknowledged_at = datetime.now(UTC)
    request = await session.get_one(ServiceRequest, alarm.service_request_id)
    _event(session, request, "alarm_acknowledged", By(Actor.OPERATOR, who))
    await session.flush()
    return True


async def tell_backend(session: AsyncSession, request: ServiceRequest, kind: str) -> None:
    """Let the backend that has a request know that it was changed or cancelled."""
    if request.backend is None:
        return
    delivery = Delivery(
        service_request_id=request.id,
        backend=request.backend,
        kind=kind,
        idempotency_key=f"{request.tracking_number}:{kind}:{request.version}",
        external_id=request.external_id,
        request_version=request.version,
    )
    session.add(delivery)
    await session.flush()
    await defer(session, "deliver", delivery_id=delivery.id)


async def send_again(session: AsyncSession, delivery: Delivery) -> None:
    """Queue a locked, failed delivery once more."""
    delivery.status = "pending"
    await session.flush()
    await defer(session, "deliver", delivery_id=delivery.id)


async def ask_operators(
    session: AsyncSession, request: ServiceRequest, kind: str, sentence: str
) -> None:
    """Leave a task for a person: ring them, look."""
    session.add(OperatorTask(service_request_id=request.id, kind=kind, sentence=sentence))
    await session.flush()


async def remark(
    session: AsyncSession,
    request: ServiceRequest,
    kind: str,
    by: By,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Something beside the life cycle happened to a locked request; its version stays."""
    _event(session, request, kind, by, changes=dict(changes) if changes else None)
    await session.flush()


async def note(session: AsyncSession, request: ServiceRequest, text: str, by: By) -> None:
    """What operators tell each other about a locked request; its version stays."""
    _event(session, request, "noted", By(by.actor, by.who, text))
    await session.flush()


async def called(
    session: AsyncSession,
    request: ServiceRequest,
    outcome: str,
    again_at: datetime | None,
    sentence: str,
    by: By,
) -> None:
    """The resident of a locked request was rung: ``outcome`` is reached, not_reached or again.

    Reached, nobody need ring any more; else a task says ``sentence``, from ``again_at`` on. Its
    version stays.
    """
    changes = {"outcome": outcome, "again_at": _plain(again_at)}
    _event(session, request, "called", by, changes=changes)
    waiting = await session.scalars(
        select(OperatorTask)
        .where(
            OperatorTask.service_request_id == request.id,
            OperatorTask.kind == CALL_BACK,
            OperatorTask.done_at.is_(None),
        )
        .with_for_update()
    )
    for task in waiting:
        task.done_at, task.done_by = datetime.now(UTC), by.who
    if outcome != "reached":
        session.add(
            OperatorTask(
                service_request_id=request.id, kind=CALL_BACK, sentence=sentence, due_at=again_at
            )
        )
    await session.flush()


async def recording_of(session: AsyncSession, request: ServiceRequest) -> Recording | None:
    """The recording a request came from, if it came by voice."""
    if request.recording_id is None:
        return None
    return await session.get(Recording, request.recording_id)


async def _stand_down(session: AsyncSession, request: ServiceRequest, by: By) -> None:
    """An ended request rings nobody any more."""
    alarm = await session.scalar(
        select(Alarm).where(Alarm.service_request_id == request.id).with_for_update()
    )
    if alarm is not None and alarm.status == "open":
        alarm.status = "acknowledged"
        alarm.acknowledged_by = by.who or by.actor.value
        alarm.acknowledged_at = datetime.now(UTC)


def _event(
    session: AsyncSession,
    request: ServiceRequest,
    kind: str,
    by: By,
    *,
    to: str | None = None,
    from_status: str | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    session.add(
        Event(
            service_request_id=request.id,
            kind=kind,
            from_status=from_status,
            to_status=to,
            actor=by.actor.value,
            who=by.who,
            why=by.why,
            changes=changes,
            version=request.version,
        )
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
