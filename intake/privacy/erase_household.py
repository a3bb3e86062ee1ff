"""Erases a household: all of its requests, one after the other, then the household's own row.

There may be thousands of requests, so a job erases them, each in a transaction of its own. The
order to do so is stored in the household's row until that row is deleted too, so an erase that
stopped half-way can be ordered again.
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
    """How much an erase of a household would delete. ``open``: requests that have not ended;
    ``emergencies``: those that are erased only with ``force``."""

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
    """Count what an erase of this household would delete."""
    values = {"id": household_id, "ended": [status.value for status in ENDED]}
    return Held(**(await session.execute(_HELD, values)).mappings().one())


async def begin(
    session: AsyncSession, household_id: int, by: Author, *, why: str, force: bool, seen: int
) -> Household:
    """Order the erase of a household, in the caller's transaction; its links end with that.

    ``why``: one of `WHYS`. ``seen``: how many requests the operator was told would be erased.
    Raises `NotFound`, `BadField`, and `MoveNotAllowed`: ``has_changed`` when there are more or
    fewer, ``open_emergency`` without ``force``, ``being_erased`` while an earlier order is carried
    out.
    """
    if why not in WHYS:
        raise BadField(f"why must be one of {', '.join(WHYS)}.", field="why")
    household = await households.lock(session, household_id)
    if household.erasing is not None and household.erasing["stopped"] is None:
        raise MoveNotAllowed("This household is being erased already.", code="being_erased")
    there = await held(session, household.id)
    if there.requests != seen:
        raise MoveNotAllowed(
            f"This household has {there.requests} requests now, not {seen}; check it again.",
            code="has_changed",
        )
    if there.emergencies and not force:
        raise MoveNotAllowed(
            "One of its requests is an open emergency; deal with it first, or use force.",
            code="open_emergency",
        )
    await households.end_link(session, household)
    household.erasing = {
        "by": by.who,
        "why": why,
        "force": force,
        "total": there.requests,
        "since": datetime.now(UTC).isoformat(),
        "stopped": None,
    }
    await session.flush()
    await defer(session, JOB, lock=f"{JOB}/{household.id}", household_id=household.id)
    return household


@app.task(name=JOB, pass_context=True, retry=RETRY)
async def run(context: procrastinate.JobContext, /, household_id: int) -> None:
    """The job: carry out the order.

    A request that can't be erased now is tried again later if waiting helps; otherwise the reason
    is stored in the household's row (``stopped``). All others are erased.
    """
    parts: Parts = context.additional_context["parts"]
    refused: dict[int, MoveNotAllowed] = {}
    while True:
        while (found := await _erase_next(parts, household_id, refused)) is not None:
            if isinstance(found, MoveNotAllowed):
                continue
            try:
                await external_data.remove(parts.settings, parts.sessions, found)
            except (OSError, SQLAlchemyError) as error:  # the job `remove_leftovers` tries again
                log.warning("files of an erased request stay for now: %s", type(error).__name__)
        waits = next((error for error in refused.values() if error.retryable), None)
        if waits is not None and RETRY.will_retry(waits, context.job):
            raise waits
        if await _finish(parts, household_id, next(iter(refused.values()), None)):
            return


async def _erase_next(
    parts: Parts, household_id: int, refused: dict[int, MoveNotAllowed]
) -> int | MoveNotAllowed | None:
    """Erase the next request, in a transaction of its own.

    Returns the id of its `Leftover`, the error if it can't be erased, None when none is left.
    """
    async with parts.sessions.begin() as session:
        household = await session.get(Household, household_id)
        if household is None or household.erasing is None:
            return None
        order = household.erasing
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
        # None: the request was erased by another transaction after we selected it.
        return left if left is not None else MoveNotAllowed("It was erased before.")


def _left(household_id: int) -> Select[int]:
    return select(ServiceRequest.id).where(
        ServiceRequest.household_id == household_id, ServiceRequest.erased_at.is_(None)
    )


async def _finish(parts: Parts, household_id: int, refused: HuyingError | None) -> bool:
    """Delete the household, or store why the erase stopped.

    Returns False if a new request has come meanwhile, through a link that was opened before the
    link ended.
    """
    async with parts.sessions.begin() as session:
        household = await session.get(Household, household_id, with_for_update=True)
        if household is None or household.erasing is None:
            return True
        if refused is not None:
            household.erasing = {**household.erasing, "stopped": refused.code}
            return True
        if await session.scalar(_left(household_id).limit(1)) is not None:
            return False
        who = household.erasing["by"]
        await remove(session, household.id)
        session.add(AccessLog(who=who, action=f"household {household_id}: erase"))
        return True


async def remove(session: AsyncSession, household_id: int) -> None:
    """Delete a household's row and those of its residents, in the caller's transaction."""
    await session.execute(delete(Resident).where(Resident.household_id == household_id))
    await session.execute(delete(Household).where(Household.id == household_id))
