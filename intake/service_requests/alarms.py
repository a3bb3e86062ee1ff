"""Emergencies: the people on duty are called until one of them acknowledges the alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.lifecycle import ENDED, Actor, Status
from intake.runtime import Parts
from intake.service_requests.deadlines import EMERGENCY
from intake.service_requests.events import Author, record
from intake.storage.jobs import defer
from intake.storage.models import AccessLog, Alarm, ServiceRequest


async def declare_emergency(session: AsyncSession, request: ServiceRequest) -> None:
    """Make a locked request an emergency: its deadline is `EMERGENCY` after it was received, it is
    on hold no longer, and the people on duty are called. May be called again."""
    request.urgency = "emergency"
    request.deadline_at = request.received_at + EMERGENCY
    request.on_hold_until = None
    await raise_alarm(session, request)


async def raise_alarm(session: AsyncSession, request: ServiceRequest) -> None:
    """Call the people on duty for a locked request. A second call changes nothing."""
    statement = (
        insert(Alarm)
        .values(service_request_id=request.id)
        .on_conflict_do_nothing(index_elements=["service_request_id"])
        .returning(Alarm.id)
    )
    alarm_id = (await session.execute(statement)).scalar_one_or_none()
    if alarm_id is not None:
        await defer(session, "alarm", alarm_id=alarm_id, step=0)
        record(session, request, "alarmed", Author(Actor.WORKER))
        await session.flush()


async def listen_first(session: AsyncSession, request: ServiceRequest, parts: Parts) -> None:
    """Mark a locked request that may be an emergency. It comes before all but emergencies, and the
    people on duty are called unless somebody has opened it after `listen_within_seconds`."""
    if request.urgency == "emergency":
        return
    request.listen_first = True
    wait = timedelta(seconds=parts.settings.alarm.listen_within_seconds)
    await defer(
        session,
        "listen",
        after=wait,
        queueing_lock=f"listen-{request.id}",
        service_request_id=request.id,
    )


async def call_if_unheard(session: AsyncSession, request: ServiceRequest) -> None:
    """Call the people on duty for a locked request that is marked and that nobody has opened."""
    if not request.listen_first or Status(request.status) in ENDED:
        return
    opened = await session.scalar(
        select(AccessLog.id).where(AccessLog.service_request_id == request.id).limit(1)
    )
    if opened is None:
        await raise_alarm(session, request)


async def acknowledge(session: AsyncSession, alarm: Alarm, who: str) -> bool:
    """Note that ``who`` takes a locked alarm. Returns False if another person had taken it."""
    if alarm.status == "acknowledged":
        return False
    alarm.status = "acknowledged"
    alarm.acknowledged_by = who
    alarm.acknowledged_at = datetime.now(UTC)
    request = await session.get_one(ServiceRequest, alarm.service_request_id)
    record(session, request, "alarm_acknowledged", Author(Actor.OPERATOR, who))
    await session.flush()
    return True


async def stand_down(session: AsyncSession, request: ServiceRequest, by: Author) -> None:
    """End the open alarm of a request that has ended."""
    alarm = await session.scalar(
        select(Alarm).where(Alarm.service_request_id == request.id).with_for_update()
    )
    if alarm is not None and alarm.status == "open":
        alarm.status = "acknowledged"
        alarm.acknowledged_by = by.who or by.actor.value
        alarm.acknowledged_at = datetime.now(UTC)
