"""Finds the requests that an operator confirmed as a whole, or corrected in single fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from intake.lifecycle import Actor, Status
from intake.storage.models import AccessLog, Event, Message, Place, ServiceRequest
from intake.understanding.gazetteer import Gazetteer


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that an operator confirmed or corrected.

    `confirmed`: as a whole. `several`: its recording holds other requests too. `merged_in`: others
    were merged into it, and perhaps raised its urgency. `typed`: the resident's messages, oldest
    first; empty for a recording.
    """

    request: ServiceRequest
    confirmed: bool
    several: bool = False
    merged_in: bool = False
    typed: tuple[str, ...] = ()

    @property
    def transcribed(self) -> bool:
        """Did an operator correct the text of the recording?"""
        return self.request.recording_id is not None and "text" in self.request.corrected


def _event(kind: str, *conditions: ColumnElement[bool]) -> Exists:
    its_own = Event.service_request_id == ServiceRequest.id
    return exists().where(its_own, Event.kind == kind, *conditions)


CONFIRMED = _event(
    "moved", Event.to_status == Status.CONFIRMED.value, Event.actor == Actor.OPERATOR.value
)
CORRECTED = func.jsonb_array_length(ServiceRequest.corrected) > 0
SEVERAL = or_(ServiceRequest.split_from_id.is_not(None), _event("split"))
MERGED_IN = _event("merged_in")


async def count(session: AsyncSession, since: datetime | None) -> int:
    """The number of such requests that were received at `since` or later."""
    statement = select(func.count()).select_from(ServiceRequest).where(*_looked_at(since))
    return await session.scalar(statement) or 0


async def page(
    session: AsyncSession, since: datetime | None, *, before_id: int | None, size: int
) -> list[Checked]:
    """The next `size` requests with ids below `before_id`, newest first; an empty list at the
    end."""
    statement = (
        select(ServiceRequest, CONFIRMED, SEVERAL, MERGED_IN)
        .where(*_looked_at(since))
        .options(selectinload(ServiceRequest.recording))
        .order_by(ServiceRequest.id.desc())
        .limit(size)
    )
    if before_id is not None:
        statement = statement.where(ServiceRequest.id < before_id)
    rows = (await session.execute(statement)).all()
    typed = await _typed(session, [row[0].id for row in rows])
    return [
        Checked(request, confirmed, several, merged_in, tuple(typed[request.id]))
        for request, confirmed, several, merged_in in rows
    ]


async def gazetteer(session: AsyncSession) -> Gazetteer:
    """The gazetteer of this installation."""
    rows = await session.scalars(select(Place).order_by(Place.id))
    return Gazetteer.from_rows((p.name, p.kind, p.area or "", p.aliases) for p in rows)


async def log_export(session: AsyncSession, who: str, ids: Iterable[int]) -> None:
    """Write into the access log that these requests were exported."""
    session.add_all(AccessLog(who=who, action="export", service_request_id=n) for n in ids)


def _looked_at(since: datetime | None) -> list[ColumnElement[bool]]:
    recent = [ServiceRequest.received_at >= since] if since is not None else []
    return [or_(CONFIRMED, CORRECTED), *recent]


async def _typed(session: AsyncSession, ids: list[int]) -> defaultdict[int, list[str]]:
    statement = (
        select(Message.service_request_id, Message.text)
        .where(Message.service_request_id.in_(ids), Message.direction == "in")
        .order_by(Message.id)
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for request_id, text in await session.execute(statement):
        if request_id is not None and text:
            found[request_id].append(text)
    return found
