"""What the operators' queue shows: which requests, in which order, found by which words.

Every list follows an index from where the page before it ended, so that a hundred thousand
requests cost no more than a hundred; `tests/integration/desk/test_queue_plans.py` reads the plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Select,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import presence
from intake.catalogue.services import Catalogue
from intake.errors import BadField
from intake.lifecycle import ENDED, WORKING, Status
from intake.service_requests import search
from intake.service_requests.search import SearchTerms
from intake.service_requests.tracking_numbers import read_tracking_number
from intake.storage.models import Alarm, Household, ServiceRequest

PAGE = 50
COUNTED = 1000  # more are not counted
CHOICES = 300
ALIKE = 20


class Group(StrEnum):
    """The tabs: groups of statuses that wait for the same."""

    WAITING = "waiting"
    ON_HOLD = "on_hold"
    WORKING = "working"
    ON_THE_WAY = "on_the_way"
    DONE = "done"
    ENDED = "ended"
    ALL = "all"


def _are(statuses: frozenset[Status]) -> str:
    return ", ".join(f"'{status.value}'" for status in sorted(statuses))


# Written into the SQL, not bound: else the planner can't see that a partial index fits.
_R = "service_requests"
_NOT_HELD = f"({_R}.on_hold_until IS NULL OR {_R}.on_hold_until <= now())"
CONDITIONS = {
    Group.WAITING: f"{_R}.status = 'needs_review' AND {_NOT_HELD}",
    Group.ON_HOLD: f"{_R}.on_hold_until > now() AND {_R}.status NOT IN ({_are(ENDED)})",
    Group.WORKING: f"{_R}.status IN ({_are(WORKING)})",
    Group.ON_THE_WAY: f"{_R}.status IN ('routed', 'accepted')",
    Group.DONE: f"{_R}.status = 'done'",
    Group.ENDED: f"{_R}.status IN ({_are(ENDED)})",
    Group.ALL: "true",
}
_CALM: ColumnElement[bool] = literal_column(f"({_R}.urgency <> 'emergency')")
_LATER: ColumnElement[bool] = literal_column(f"(NOT {_R}.listen_first)")
_DUE: ColumnElement[datetime] = literal_column(f"coalesce({_R}.deadline_at, 'infinity')")
Wanted = Select[ServiceRequest, Household]
_BY_DEADLINE = (Group.WAITING, Group.ON_THE_WAY)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted; an empty value wants all.

    ``field``: a field of service of the catalogue. ``resident_group``: of the household.
    ``statuses``: besides the group's own. ``words``: looked for in transcripts and texts, names,
    phones, places and tracking numbers, each word anywhere in them.
    """

    group: Group = Group.ALL
    statuses: tuple[Status, ...] = ()
    area: str | None = None
    field: str | None = None
    category: str | None = None
    resident_group: str | None = None
    channel: str | None = None
    urgency: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One request with what its line shows besides. ``looking``: names of operators."""

    request: ServiceRequest
    household: Household | None
    alarm: Alarm | None = None
    looking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """``next``: where the following page begins, None on the last one. ``alike``: what only
    sounds like the words that were looked for; beside the last page alone."""

    lines: list[Line]
    next: str | None = None
    alike: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be filtered by, as far as it occurs."""

    areas: list[str]
    channels: list[str]
    resident_groups: list[str]


async def page(
    session: AsyncSession,
    filters: Filters,
    catalogue: Catalogue,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> Page:
    """A page of at most ``limit`` lines. Raises `BadField` for an ``after`` that no page gave.

    What waits or is on the way comes emergencies first, then by deadline, then the oldest; what is
    on hold, by when it comes back; everything else, the newest first.
    """
    await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    wanted = _wanted(filters, catalogue)
    words = (filters.words or "").strip()
    terms = await search.read_terms(session, words) if words else None
    if words and terms is None:
        return Page([])
    found = wanted.where(*terms.said()) if terms else wanted
    rows = await _rows(session, found, filters.group, after, limit + 1)
    if words and not rows and after is None:
        rows = await _of_number(session, words)
    lines = await _dressed(session, rows[:limit])
    if len(rows) > limit:
        return Page(lines, place(lines[-1].request, filters.group))
    return Page(lines, None, await _alike(session, wanted, filters.group, terms))


async def ringing(session: AsyncSession) -> list[Line]:
    """The emergencies whose alarm nobody has taken, the oldest first."""
    statement = (
        select(ServiceRequest, Household)
        .join(Alarm, Alarm.service_request_id == ServiceRequest.id)
        .outerjoin(Household, Household.id == ServiceRequest.household_id)
        .where(text("alarms.status <> 'acknowledged'"))
        .order_by(Alarm.id)
        .limit(PAGE)
    )
    return await _dressed(
        session, [Line(r, h) for r, h in (await session.execute(statement)).all()]
    )


async def counts(session: AsyncSession) -> dict[Group, int]:
    """How many there are in the groups that people work through; `COUNTED` stands for more."""
    groups = [g for g in Group if g not in (Group.ENDED, Group.ALL)]
    counted = [
        select(func.count())
        .select_from(
            select(ServiceRequest.id).where(text(CONDITIONS[g])).limit(COUNTED).subquery(g.value)
        )
        .scalar_subquery()
        for g in groups
    ]
    return dict(zip(groups, (await session.execute(select(*counted))).one(), strict=True))


async def choices(session: AsyncSession) -> Choices:
    """The areas, channels and resident groups that occur, in order."""
    areas, channels, groups = [
        (await session.execute(text(_distinct(table, column)))).scalars().all()
        for table, column in (
            ("service_requests", "area"),
            ("service_requests", "channel"),
            ("households", "resident_group"),
        )
    ]
    return Choices(list(areas), list(channels), list(groups))


def _distinct(table: str, column: str) -> str:
    """SQL that goes through an index from value to value: as many steps as there are values."""
    return f"""
        WITH RECURSIVE found (value) AS (
            (SELECT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT (SELECT {column} FROM {table} WHERE {column} > found.value
                    ORDER BY {column} LIMIT 1)
            FROM found WHERE found.value IS NOT NULL
        ) SELECT value FROM found WHERE value IS NOT NULL LIMIT {CHOICES}
    """  # noqa: S608 (names of our own tables)


def _wanted(filters: Filters, catalogue: Catalogue) -> Wanted:
    statement = (
        select(ServiceRequest, Household)
        .outerjoin(Household, Household.id == ServiceRequest.household_id)
        .where(text(CONDITIONS[filters.group]), ServiceRequest.erased_at.is_(None))
    )
    if filters.statuses:
        statement = statement.where(ServiceRequest.status.in_([s.value for s in filters.statuses]))
    if filters.field:
        codes = [code for code, entry in catalogue.entries.items() if entry.field == filters.field]
        statement = statement.where(ServiceRequest.category.in_(codes))
    for column, value in (
        (ServiceRequest.area, filters.area),
        (ServiceRequest.category, filters.category),
        (ServiceRequest.channel, filters.channel),
        (ServiceRequest.urgency, filters.urgency),
        (Household.resident_group, filters.resident_group),
    ):
        if value:
            statement = statement.where(column == value.replace("\x00", ""))
    return statement


async def _rows(
    session: AsyncSession,
    wanted: Wanted,
    group: Group,
    after: str | None,
    limit: int,
) -> list[Line]:
    keys: tuple[Any, ...] = (ServiceRequest.id,)
    if group in _BY_DEADLINE:
        keys = (_CALM, _LATER, _DUE, ServiceRequest.id)
    elif group is Group.ON_HOLD:
        keys = (ServiceRequest.on_hold_until, ServiceRequest.id)
    if after is not None:
        seen = tuple_(*_seen(after, len(keys)))
        ahead = tuple_(*keys)
        wanted = wanted.where(ahead < seen if len(keys) == 1 else ahead > seen)
    ordered = wanted.order_by(*(keys if len(keys) > 1 else [ServiceRequest.id.desc()]))
    return [Line(r, h) for r, h in (await session.execute(ordered.limit(limit))).all()]


def place(request: ServiceRequest, group: Group) -> str:
    """Where it stands in a group's list: the ``after`` of what follows it."""
    parts = [str(request.id)]
    if group in _BY_DEADLINE:
        due = request.deadline_at.isoformat() if request.deadline_at else "infinity"
        calm, later = request.urgency != "emergency", not request.listen_first
        parts = [str(int(calm)), str(int(later)), due, *parts]
    elif group is Group.ON_HOLD and request.on_hold_until is not None:
        parts = [request.on_hold_until.isoformat(), *parts]
    return "~".join(parts)


def _seen(after: str, length: int) -> list[Any]:
    parts = after.split("~")
    try:
        if len(parts) != length or not 0 < int(parts[-1]) < 2**62:
            raise ValueError
        values: list[Any] = [int(parts[-1])]
        if length > 1:
            moment = parts[-2] if parts[-2] == "infinity" else _aware(parts[-2])
            values.insert(0, cast(literal(moment), DateTime(timezone=True)))
        if length > 2:
            values[:0] = [literal(bool(int(part)), Boolean()) for part in parts[:2]]
    except ValueError:
        raise BadField("No page of this list ends there.", field="cursor") from None
    return values


def _aware(moment: str) -> str:
    found = datetime.fromisoformat(moment)
    if found.tzinfo is None:
        raise ValueError
    return found.isoformat()


async def _of_number(session: AsyncSession, words: str) -> list[Line]:
    """By tracking number: a request that is not transcribed yet has no words to be found by."""
    number = read_tracking_number(words)
    if number is None:
        return []
    statement = (
        select(ServiceRequest, Household)
        .outerjoin(Household, Household.id == ServiceRequest.household_id)
        .where(ServiceRequest.tracking_number == number, ServiceRequest.erased_at.is_(None))
    )
    return [Line(r, h) for r, h in (await session.execute(statement)).all()]


async def _alike(
    session: AsyncSession,
    wanted: Wanted,
    group: Group,
    terms: SearchTerms | None,
) -> list[Line]:
    if terms is None or not terms.has_sound:
        return []
    statement = wanted.where(*terms.sounds())
    return await _dressed(session, await _rows(session, statement, group, None, ALIKE))


async def _dressed(session: AsyncSession, lines: Sequence[Line]) -> list[Line]:
    """Attach alarms and current viewers to each line."""
    ids = [line.request.id for line in lines]
    if not ids:
        return []
    found = await session.scalars(select(Alarm).where(Alarm.service_request_id.in_(ids)))
    alarms = {alarm.service_request_id: alarm for alarm in found}
    there = await presence.at(session, ids)
    return [
        replace(line, alarm=alarms.get(line.request.id), looking=there.get(line.request.id, ()))
        for line in lines
    ]
