"""What failed for good, each with a sentence that says why, and how it is tried again.

Five kinds: ``delivery`` (a backend did not take it), ``job`` (a step gave up), ``message`` (it
did not reach the resident), ``alarm`` (nobody answered), ``recording`` (no recogniser heard it).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import outbox
from intake.errors import MoveNotAllowed, NotFound
from intake.lifecycle import Status
from intake.service_requests import Author
from intake.storage.jobs import defer
from intake.storage.models import Alarm, AlarmNotice, Delivery, Message, ServiceRequest

UNHEARD = ("recognition_failed", "too_little_memory", "model_missing", "undecodable")
LISTED = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """``code``: what went wrong, for `say`; ``detail``: the other side's own sentence."""

    kind: str
    id: int
    at: datetime | None
    code: str
    detail: str | None
    what: str | None
    tracking_number: str | None
    conversation_id: int | None = None


async def all_of(session: AsyncSession, kind: str) -> list[Failure]:
    """The latest failures of one kind. Raises `NotFound` for a kind that there is none of."""
    if kind not in KINDS:
        raise NotFound(f"There are no failures of the kind {kind!r}.")
    return await KINDS[kind].find(session)


async def retry(
    session: AsyncSession, kind: str, found_id: int, by: Author
) -> ServiceRequest | None:
    """Try one of them again, in the caller's transaction. Returns the request that it is about.

    Raises `NotFound`, and `MoveNotAllowed` when it does not stand as failed any more.
    """
    if kind not in KINDS:
        raise NotFound(f"There are no failures of the kind {kind!r}.")
    request = await KINDS[kind].again(session, max(0, min(found_id, 2**62)), by)
    if request is not None:
        await service_requests.remark(session, request, "failure_retried", by, {"kind": kind})
    return request


async def give_up(
    session: AsyncSession, kind: str, found_id: int, by: Author
) -> ServiceRequest | None:
    """A person says that nothing more is to be tried; ``by.why`` says why.

    Raises as `retry`, and `MoveNotAllowed` for a recording and for a message: the resident is owed
    an answer.
    """
    if kind not in KINDS:
        raise NotFound(f"There are no failures of the kind {kind!r}.")
    act = KINDS[kind].end
    if act is None:
        raise MoveNotAllowed(
            "This can't be given up: an operator must listen, or tell the resident."
        )
    request = await act(session, max(0, min(found_id, 2**62)), by)
    if request is not None:
        await service_requests.remark(session, request, "failure_given_up", by, {"kind": kind})
    return request


async def _deliveries(session: AsyncSession) -> list[Failure]:
    rows = await session.execute(
        select(Delivery, ServiceRequest.tracking_number)
        .join(ServiceRequest, ServiceRequest.id == Delivery.service_request_id)
        .where(Delivery.status == "failed", ServiceRequest.erased_at.is_(None))
        .order_by(Delivery.id.desc())
        .limit(LISTED)
    )
    return [
        Failure("delivery", d.id, d.created_at, d.kind, d.error or d.error_code, d.backend, number)
        for d, number in rows.all()
    ]


async def _deliver_again(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest:
    delivery, request = await _delivery(session, found_id)
    if delivery.kind != "submit" or request.status == Status.CONFIRMED:
        await service_requests.send_again(session, delivery)
        return request
    if request.status != Status.NEEDS_REVIEW:
        raise MoveNotAllowed(f"The request is {request.status} by now; nothing is to be sent.")
    delivery.status = "pending"
    request.route_to = delivery.backend
    request.decided_by, request.reasons = by.who, []
    await service_requests.advance(session, request, Status.CONFIRMED, by)
    return request


async def _drop_delivery(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest:
    delivery, request = await _delivery(session, found_id)
    delivery.status = "dropped"
    return request


async def _delivery(session: AsyncSession, found_id: int) -> tuple[Delivery, ServiceRequest]:
    known = await session.get(Delivery, found_id)
    if known is None:
        raise NotFound("There is no such delivery.")
    request = await service_requests.lock(session, known.service_request_id)
    delivery = await session.get_one(
        Delivery, found_id, with_for_update=True, populate_existing=True
    )
    if delivery.status != "failed":
        raise MoveNotAllowed(f"The delivery is {delivery.status} by now.")
    return delivery, request


_JOBS = text(
    """
    SELECT job.id, job.task_name, job.attempts, r.tracking_number,
           (SELECT max(at) FROM procrastinate_events WHERE job_id = job.id) AS at,
           m.conversation_id
    FROM procrastinate_jobs AS job
    LEFT JOIN deliveries AS d ON d.id = (job.args ->> 'delivery_id')::bigint
    LEFT JOIN messages AS m ON m.id = (job.args ->> 'message_id')::bigint
    LEFT JOIN service_requests AS r ON r.id = coalesce(
        (job.args ->> 'service_request_id')::bigint, d.service_request_id, m.service_request_id)
    WHERE job.status = 'failed' ORDER BY job.id DESC LIMIT :limit
    """
)
_JOB = text(
    "DELETE FROM procrastinate_jobs WHERE id = :id AND status = 'failed'"
    " RETURNING task_name, queue_name, lock, queueing_lock, args"
)


async def _jobs(session: AsyncSession) -> list[Failure]:
    rows = await session.execute(_JOBS, {"limit": LISTED})
    return [
        Failure("job", row.id, row.at, row.task_name, None, None, row.tracking_number,
                row.conversation_id)
        for row in rows
    ]  # fmt: skip


async def _work_again(session: AsyncSession, found_id: int, by: Author) -> None:
    job = await _take_job(session, found_id)
    await defer(
        session,
        job["task_name"],
        queueing_lock=job["queueing_lock"],
        lock=job["lock"],
        queue=job["queue_name"],
        **job["args"],
    )


async def _drop_job(session: AsyncSession, found_id: int, by: Author) -> None:
    await _take_job(session, found_id)


async def _take_job(session: AsyncSession, found_id: int) -> Mapping[str, Any]:
    row = (await session.execute(_JOB, {"id": found_id})).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such failed job; perhaps it runs again already.")
    return dict(row)


async def _messages(session: AsyncSession) -> list[Failure]:
    rows = await session.execute(
        select(Message, ServiceRequest.tracking_number)
        .outerjoin(ServiceRequest, ServiceRequest.id == Message.service_request_id)
        .where(_unsent())
        .order_by(Message.id.desc())
        .limit(LISTED)
    )
    return [
        Failure("message", m.id, m.created_at, m.send_error or "waits", None, m.text, number,
                m.conversation_id)
        for m, number in rows.all()
    ]  # fmt: skip


def _unsent() -> Any:
    return (
        (Message.direction == "out")
        & Message.sent_at.is_(None)
        & Message.conversation_id.is_not(None)
        & or_(Message.waits, Message.send_error.is_not(None))
    )


async def _say_again(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest | None:
    message = await session.scalar(
        select(Message).where(Message.id == found_id, _unsent()).with_for_update()
    )
    if message is None or message.conversation_id is None:
        raise NotFound("There is no such message that did not go.")
    # Earlier messages of the conversation that wait go first, so all of them are sent again.
    await outbox.send_waiting(session, message.conversation_id)
    if message.service_request_id is None:
        return None
    return await service_requests.lock(session, message.service_request_id)


async def _alarms(session: AsyncSession) -> list[Failure]:
    rows = await session.execute(
        select(Alarm, ServiceRequest.tracking_number)
        .join(ServiceRequest, ServiceRequest.id == Alarm.service_request_id)
        .where(Alarm.status == "unanswered")
        .order_by(Alarm.id.desc())
        .limit(LISTED)
    )
    return [Failure("alarm", a.id, a.created_at, "unanswered", None, None, n) for a, n in rows]


async def _call_again(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest:
    alarm, request = await _alarm(session, found_id)
    alarm.status, alarm.step = "open", 0
    # The notices so far get steps below 0, in their order: the new ones begin at step 0.
    mine = AlarmNotice.alarm_id == alarm.id
    last = await session.scalar(
        select(func.max(AlarmNotice.step)).where(mine, AlarmNotice.step >= 0)
    )
    shift = 0 if last is None else last + 1
    await session.execute(update(AlarmNotice).where(mine).values(step=AlarmNotice.step - shift))
    await defer(session, "alarm", alarm_id=alarm.id, step=0)
    return request


async def _end_alarm(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest:
    alarm, request = await _alarm(session, found_id)
    await service_requests.acknowledge(session, alarm, by.who or "–")
    return request


async def _alarm(session: AsyncSession, found_id: int) -> tuple[Alarm, ServiceRequest]:
    known = await session.get(Alarm, found_id)
    if known is None:
        raise NotFound("There is no such alarm.")
    request = await service_requests.lock(session, known.service_request_id)
    alarm = await session.get_one(Alarm, found_id, with_for_update=True, populate_existing=True)
    if alarm.status != "unanswered":
        raise MoveNotAllowed(f"The alarm is {alarm.status} by now.")
    return alarm, request


async def _recordings(session: AsyncSession) -> list[Failure]:
    rows = await session.scalars(
        select(ServiceRequest).where(_not_heard()).order_by(ServiceRequest.id.desc()).limit(LISTED)
    )
    found = []
    for r in rows:
        why = next(reason for reason in r.reasons if reason.get("code") in UNHEARD)
        found.append(
            Failure("recording", r.id, r.received_at, why["code"], None, None, r.tracking_number)
        )
    return found


def _not_heard() -> Any:
    return (
        (ServiceRequest.status == Status.NEEDS_REVIEW.value)
        & ServiceRequest.recording_id.is_not(None)
        & ServiceRequest.hear_again.is_(False)
        & or_(*(cast(ServiceRequest.reasons, String).contains(f'"{code}"') for code in UNHEARD))
    )


async def _hear_again(session: AsyncSession, found_id: int, by: Author) -> ServiceRequest:
    request = await service_requests.lock(session, found_id)
    codes = {reason.get("code") for reason in request.reasons}
    if request.status != Status.NEEDS_REVIEW or not codes & set(UNHEARD):
        raise MoveNotAllowed("It was heard, or decided, in between.")
    request.hear_again = True
    request.reasons = [why for why in request.reasons if why.get("code") not in UNHEARD]
    request.version += 1
    await defer(session, "transcribe", service_request_id=request.id)
    return request


@dataclass(frozen=True, slots=True)
class _Kind:
    find: Callable[[AsyncSession], Awaitable[list[Failure]]]
    again: Callable[[AsyncSession, int, Author], Awaitable[ServiceRequest | None]]
    end: Callable[[AsyncSession, int, Author], Awaitable[ServiceRequest | None]] | None


KINDS: Mapping[str, _Kind] = {
    "delivery": _Kind(_deliveries, _deliver_again, _drop_delivery),
    "alarm": _Kind(_alarms, _call_again, _end_alarm),
    "message": _Kind(_messages, _say_again, None),
    "recording": _Kind(_recordings, _hear_again, None),
    "job": _Kind(_jobs, _work_again, _drop_job),
}
