"""Erase a home: all of its requests, one after the other, then what is known of the home.

There may be thousands, so a job does it, each request in a transaction of its own. The order to do
it stands in the home's row until that row goes too; whoever stops half-way can begin again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

import procrastinate
from sqlalchemy import Select, delete, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import households
from intake.errors import BadField, HuyingError, MoveNotAllowed
from intake.lifecycle import ENDED, Actor
from intake.privacy import external_data
from intake.privacy.erase_request import WHYS, erase
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.jobs import app, defer
from intake.storage.models import AccessLog, Household, Resident, ServiceRequest
from intake.storage.retry import Patience

log = logging.getLogger("huying.keeping")
JOB = "erase_home"
ATTEMPTS = 12
RETRY = Patience(ATTEMPTS, first_seconds=30, longest_seconds=600)


@dataclass(frozen=True, slots=True)
class Held:
    """What an erase of a home takes away. ``open``: requests that nobody has ended yet;
    ``emergencies``: those that are not erased unless that is forced."""

    requests: int
    open: int
    emergencies: int
    recordings: int
    conversations: int


_HELD = text(
    """
    WITH mine AS (SELECT * FROM service_requests WHERE household_id = :id),
    said AS (
        SELECT id FROM messages WHERE service_request_id IN (SELECT id FROM mine)
        UNION
        SELECT id FROM messages WHERE conversation_id IN (SELECT conversation_id FROM mine)
    ),
    sound AS (
        SELECT recording_id AS id FROM mine
        UNION
        SELECT recording_id FROM attachments WHERE message_id IN (SELECT id FROM said)
    )
    SELECT
        (SELECT count(*) FROM mine) AS requests,
        (SELECT count(*) FROM mine WHERE status <> ALL(:ended)) AS open,
        (SELECT count(*) FROM mine
         WHERE (urgency = 'emergency' AND status <> ALL(:ended)) OR EXISTS (
             SELECT 1 FROM alarms WHERE service_request_id = mine.id AND status = 'open'
         )) AS emergencies,
        (SELECT count(*) FROM recordings
         WHERE id IN (SELECT id FROM sound) AND forgotten_at IS NULL) AS recordings,
        (SELECT count(DISTINCT conversation_id) FROM mine) AS conversations
    """
)


async def held(session: AsyncSession, household_id: int) -> Held:
    """Count what would go with a home."""
    values = {"id": household_id, "ended": [status.value for status in ENDED]}
    return Held(**(await session.execute(_HELD, values)).mappings().one())


async def begin(
    session: AsyncSession, household_id: int, by: Author, *, why: str, force: bool, seen: int
) -> Household:
    """Order a home to be erased, in the caller's transaction; its links end with that.

    ``seen``: how many requests the person was told that would go. Raises `NotFound`, `BadField`,
    and `MoveNotAllowed`: ``has_changed`` when there are not so many, ``open_emergency`` without
    ``force``, ``being_erased`` while an earlier order is carried out.
    """
    if why not in WHYS:
        raise BadField(f"why must be one of {', '.join(WHYS)}.", field="why")
    home = await households.lock(session, household_id)
    if home.erasing is not None and home.erasing["stopped"] is None:
        raise MoveNotAllowed("This home is being erased already.", code="being_erased")
    there = await held(session, home.id)
    if there.requests != seen:
        raise MoveNotAllowed(
            f"This home has {there.requests} requests by now, not {seen}; look again.",
            code="has_changed",
        )
    if there.emergencies and not force:
        raise MoveNotAllowed(
            "One of its requests is an open emergency; see to it first, or force it.",
            code="open_emergency",
        )
    await households.end_link(session, home)
    home.erasing = {
        "by": by.who,
        "why": why,
        "force": force,
        "total": there.requests,
        "since": datetime.now(UTC).isoformat(),
        "stopped": None,
    }
    await session.flush()
    await defer(session, JOB, lock=f"{JOB}/{home.id}", household_id=home.id)
    return home


@app.task(name=JOB, pass_context=True, retry=RETRY)
async def run(context: procrastinate.JobContext, /, household_id: int) -> None:
    """Carry out the order. What can't be erased is told in the home's row, or tried again later
    where waiting helps; the rest goes."""
    parts: Parts = context.additional_context["parts"]
    refused: dict[int, MoveNotAllowed] = {}
    while True:
        while (found := await _erase_next(parts, household_id, refused)) is not None:
            if isinstance(found, MoveNotAllowed):
                continue
            try:
                await external_data.remove(parts.settings, parts.sessions, found)
            except (OSError, SQLAlchemyError) as error:  # its own job tries again
                log.warning("what an erase left stays for now: %s", type(error).__name__)
        waits = next((error for error in refused.values() if error.retryable), None)
        if waits is not None and RETRY.will_retry(waits, context.job):
            raise waits
        if await _finish(parts, household_id, next(iter(refused.values()), None)):
            return


async def _erase_next(
    parts: Parts, household_id: int, refused: dict[int, MoveNotAllowed]
) -> int | MoveNotAllowed | None:
    """Erase one more; the id of its leftover, why it can't be, or None: there is no more."""
    async with parts.sessions.begin() as session:
        home = await session.get(Household, household_id)
        if home is None or home.erasing is None:
            return None
        order = home.erasing
        statement = _left(household_id).where(ServiceRequest.id.not_in(refused)).limit(1)
        found = await session.scalar(statement.order_by(ServiceRequest.id))
        if found is None:
            return None
        by = Author(Actor.OPERATOR, order["by"])
        try:
            async with session.begin_nested():
                left = await erase(session, found, by, why=order["why"], force=order["force"])
        except MoveNotAllowed as error:
            refused[found] = error
            return error
        session.add(AccessLog(who=order["by"], action="erase", service_request_id=found))
        # None: somebody erased it between our look and our lock.
        return left if left is not None else MoveNotAllowed("It was erased before.")


def _left(household_id: int) -> Select[int]:
    return select(ServiceRequest.id).where(
        ServiceRequest.household_id == household_id, ServiceRequest.erased_at.is_(None)
    )


async def _finish(parts: Parts, household_id: int, refused: HuyingError | None) -> bool:
    """False: a request came meanwhile, by a link that was opened before it ended."""
    async with parts.sessions.begin() as session:
        home = await session.get(Household, household_id, with_for_update=True)
        if home is None or home.erasing is None:
            return True
        if refused is not None:
            home.erasing = {**home.erasing, "stopped": refused.code}
            return True
        if await session.scalar(_left(household_id).limit(1)) is not None:
            return False
        who = home.erasing["by"]
        await remove(session, home.id)
        session.add(AccessLog(who=who, action=f"household {household_id}: erase"))
        return True


async def remove(session: AsyncSession, household_id: int) -> None:
    """Delete a home's own row and those of the people in it, in the caller's transaction."""
    await session.execute(delete(Resident).where(Resident.household_id == household_id))
    await session.execute(delete(Household).where(Household.id == household_id))
