"""The demand picture: what residents asked for, where, how long they waited. Counted in SQL.

A request counts once, on the day on which it was received (residents' clock); one that was merged
into another is not counted again. ``""`` stands for what is not known. Nothing personal is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue.services import Catalogue

Unit = Literal["day", "week", "month"]
Split = Literal["area", "field", "resident_group"]
UNITS: tuple[Unit, ...] = ("day", "week", "month")
SPLITS: tuple[Split, ...] = ("area", "field", "resident_group")
NO_SERVICE = "no_service"
"""The field of what is no request for a service: a question how it stands, praise."""
MOST_STEPS = 120


@dataclass(frozen=True, slots=True)
class StatisticsQuery:
    """Which requests are counted: received from ``start`` to ``end``, both days included.

    None: whatever it is; ``""``: where it is not known. ``zone``: an IANA name.
    """

    start: date
    end: date
    zone: str
    unit: Unit = "day"
    area: str | None = None
    field: str | None = None
    resident_group: str | None = None
    channel: str | None = None

    def fitting(self) -> Unit:
        """The unit asked for, or the next coarser one that needs no more than `MOST_STEPS`."""
        days = (self.end - self.start).days + 1
        lengths: tuple[tuple[Unit, int], ...] = (("day", 1), ("week", 7))
        for unit, length in lengths:
            if UNITS.index(self.unit) <= UNITS.index(unit) and days <= MOST_STEPS * length:
                return unit
        return "month"

    def steps(self) -> list[date]:
        """The first day of every step of the period, also of those in which nothing came."""
        unit = self.fitting()
        first = _floor(self.start, unit)
        found = []
        while first <= self.end:
            found.append(first)
            if unit == "month":
                first = (first + timedelta(days=32)).replace(day=1)
            else:
                first += timedelta(days=1 if unit == "day" else 7)
        return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seconds from received until a milestone: how many reached it, the median, and p90."""

    count: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """``over_time``: value → requests in each of ``steps``. ``grid``: (area, field) → requests.

    ``decided``: by a rule or a person; ``by_rule``: those without review. ``corrected``: field →
    requests in which a person set it. ``late``: still open past their deadline now; ``late_in``:
    the same by area.
    """

    total: int
    steps: list[date]
    unit: Unit
    over_time: dict[str, list[int]]
    areas: dict[str, int]
    fields: dict[str, int]
    groups: dict[str, int]
    grid: dict[tuple[str, str], int]
    waiting: dict[str, Waiting]
    decided: int
    by_rule: int
    corrected: dict[str, int]
    late: int
    late_in: dict[str, int] = field(default_factory=dict)


async def picture(
    session: AsyncSession, query: StatisticsQuery, split: Split, catalogue: Catalogue
) -> Picture:
    """All figures of one page. Raises ValueError for a split that there is none of."""
    if split not in SPLITS:
        raise ValueError(f"{split!r} is no split; there are {', '.join(SPLITS)}")
    unit, steps = query.fitting(), query.steps()
    values = {**_values(query, catalogue), "unit": unit}
    places = {step: place for place, step in enumerate(steps)}
    over_time: dict[str, list[int]] = {}
    areas: dict[str, int] = {}
    fields: dict[str, int] = {}
    groups: dict[str, int] = {}
    grid: dict[tuple[str, str], int] = {}
    total = decided = by_rule = late = 0
    late_in: dict[str, int] = {}
    for row in (await session.execute(_counts(query, split), values)).mappings():
        kind, n = row["kind"], row["requests"]
        if kind == "all":
            total, decided, by_rule, late = n, row["decided"], row["by_rule"], row["late"]
        elif kind == "step":
            line = over_time.setdefault(row["value"], [0] * len(steps))
            line[places[row["step"]]] = n
        elif kind == "cell":
            grid[row["area"], row["field"]] = n
        elif kind == "area":
            areas[row["area"]] = n
            if row["late"]:
                late_in[row["area"]] = row["late"]
        elif kind == "field":
            fields[row["field"]] = n
        else:
            groups[row["resident_group"]] = n
    corrected = {
        row.field: row.requests for row in await session.execute(_corrections(query), values)
    }
    waits = (await session.execute(_waits(query), values)).mappings().one()
    return Picture(
        total=total,
        steps=steps,
        unit=unit,
        over_time=_largest_first(over_time),
        areas=_largest_first(areas),
        fields=_largest_first(fields),
        groups=_largest_first(groups),
        grid=grid,
        waiting={
            name: Waiting(waits[f"{name}_n"], waits[f"{name}_median"], waits[f"{name}_p90"])
            for name in ("decided", "routed", "done")
        },
        decided=decided,
        by_rule=by_rule,
        corrected=corrected,
        late=late,
        late_in=late_in,
    )


async def cells(
    session: AsyncSession, query: StatisticsQuery, catalogue: Catalogue
) -> Sequence[dict[str, Any]]:
    """One row for each step, area, field and group in which something came: what a CSV holds."""
    values = {**_values(query, catalogue), "unit": query.fitting()}
    statement = text(
        f"""
        WITH chosen AS ({_chosen(query)})
        SELECT step, area, field, resident_group, count(*) AS requests,
               count(*) FILTER (WHERE decided) AS decided,
               count(*) FILTER (WHERE by_rule) AS by_rule,
               count(*) FILTER (WHERE late) AS late
        FROM chosen GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """  # noqa: S608 (our own words only; values are bound)
    )
    return [dict(row) for row in (await session.execute(statement, values)).mappings()]


async def known(session: AsyncSession) -> dict[str, list[str]]:
    """What there is to choose from: areas, resident groups and channels."""
    found: dict[str, set[str]] = {}
    for name, table in (
        ("area", "service_requests"),
        ("resident_group", "households"),
        ("resident_group", "service_requests"),  # of homes that are erased
        ("channel", "service_requests"),
    ):
        values = {value async for value in _distinct(session, table, name)}
        found[name] = found.get(name, set()) | values
    return {name: sorted(values) for name, values in found.items()}


async def _distinct(session: AsyncSession, table: str, column: str) -> Any:
    """The distinct values by an index that begins with them, one look-up each."""
    value = None
    while True:
        value = await session.scalar(
            text(
                f"SELECT {column} FROM {table} WHERE {column} > :value"  # noqa: S608 (our own words)
                f" ORDER BY {column} LIMIT 1"
            ),
            {"value": value or ""},
        )
        if value is None:
            return
        yield value


def _chosen(query: StatisticsQuery) -> str:
    """The requests that are counted, with the four things that they are counted by."""
    return f"""
        SELECT r.id, r.received_at, r.routed_at, r.corrected,
               coalesce(r.area, '') AS area,
               coalesce(h.resident_group, r.resident_group, '') AS resident_group,
               CASE WHEN r.category IS NULL THEN ''
                    ELSE coalesce(f.field, '{NO_SERVICE}') END AS field,
               date_trunc(CAST(:unit AS text), r.received_at AT TIME ZONE CAST(:zone AS text))::date
                   AS step,
               r.decided_by IS NOT NULL OR r.status = 'rejected' AS decided,
               r.decided_by IS NOT DISTINCT FROM 'rule' AND r.status <> 'rejected' AS by_rule,
               r.deadline_at < now()
                   AND r.status NOT IN ('done', 'closed', 'rejected', 'cancelled', 'merged')
                   IS TRUE AS late
        FROM service_requests AS r
        LEFT JOIN households AS h ON h.id = r.household_id
        LEFT JOIN unnest(CAST(:codes AS text[]), CAST(:fields AS text[])) AS f (code, field)
               ON f.code = r.category
        WHERE r.received_at >= CAST(:start AS timestamp) AT TIME ZONE CAST(:zone AS text)
          AND r.received_at < CAST(:after AS timestamp) AT TIME ZONE CAST(:zone AS text)
          AND r.status <> 'merged'
          {_only(query)}
    """  # noqa: S608 (our own words only; values are bound)


def _only(query: StatisticsQuery) -> str:
    wanted = []
    if query.area is not None:
        wanted.append("AND coalesce(r.area, '') = :area")
    if query.resident_group is not None:
        wanted.append("AND coalesce(h.resident_group, r.resident_group, '') = :resident_group")
    if query.channel is not None:
        wanted.append("AND r.channel = :channel")
    if query.field is not None:
        wanted.append(
            f"AND CASE WHEN r.category IS NULL THEN '' ELSE coalesce(f.field, '{NO_SERVICE}') END"
            " = :field"
        )
    return " ".join(wanted)


def _counts(query: StatisticsQuery, split: str) -> Any:
    """Every count of the page in one pass over the chosen requests."""
    return text(
        f"""
        WITH chosen AS ({_chosen(query)})
        SELECT CASE
                   WHEN grouping(step) = 0 THEN 'step'
                   WHEN grouping(area) = 0 AND grouping(field) = 0 THEN 'cell'
                   WHEN grouping(area) = 0 THEN 'area'
                   WHEN grouping(field) = 0 THEN 'field'
                   WHEN grouping(resident_group) = 0 THEN 'group'
                   ELSE 'all'
               END AS kind,
               step, area, field, resident_group, {split} AS value,
               count(*) AS requests,
               count(*) FILTER (WHERE decided) AS decided,
               count(*) FILTER (WHERE by_rule) AS by_rule,
               count(*) FILTER (WHERE late) AS late
        FROM chosen
        GROUP BY GROUPING SETS
            ((step, {split}), (area, field), (area), (field), (resident_group), ())
        """  # noqa: S608 (our own words only; values are bound)
    )


def _corrections(query: StatisticsQuery) -> Any:
    return text(
        f"""
        WITH chosen AS ({_chosen(query)})
        SELECT name AS field, count(*) AS requests
        FROM chosen, jsonb_array_elements_text(corrected) AS given(name)
        GROUP BY name ORDER BY count(*) DESC, name
        """  # noqa: S608 (our own words only; values are bound)
    )


def _waits(query: StatisticsQuery) -> Any:
    """Until decided (confirmed or rejected, for the first time), handed over, and done."""
    columns = ", ".join(
        f"count({name}) AS {name}_n,"
        f" percentile_cont(0.5) WITHIN GROUP (ORDER BY {name}) AS {name}_median,"
        f" percentile_cont(0.9) WITHIN GROUP (ORDER BY {name}) AS {name}_p90"
        for name in ("decided", "routed", "done")
    )
    return text(
        f"""
        WITH chosen AS ({_chosen(query)}), moved AS (
            SELECT service_request_id,
                   min(created_at) FILTER (WHERE to_status <> 'done') AS decided_at,
                   min(created_at) FILTER (WHERE to_status = 'done') AS done_at
            FROM events
            WHERE to_status IN ('confirmed', 'rejected', 'done')
              AND service_request_id IN (SELECT id FROM chosen)
            GROUP BY service_request_id
        ), waited AS (
            SELECT extract(epoch FROM m.decided_at - c.received_at)::float AS decided,
                   extract(epoch FROM c.routed_at - c.received_at)::float AS routed,
                   extract(epoch FROM m.done_at - c.received_at)::float AS done
            FROM chosen AS c LEFT JOIN moved AS m ON m.service_request_id = c.id
        )
        SELECT {columns} FROM waited
        """  # noqa: S608 (our own words only; values are bound)
    )


def _values(query: StatisticsQuery, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "start": query.start,
        "after": query.end + timedelta(days=1),
        "zone": query.zone,
        "area": query.area,
        "field": query.field,
        "resident_group": query.resident_group,
        "channel": query.channel,
        "codes": list(catalogue.entries),
        "fields": [entry.field for entry in catalogue.entries.values()],
    }


def _floor(day: date, unit: Unit) -> date:
    if unit == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if unit == "week" else day


Counted = TypeVar("Counted", int, list[int])


def _largest_first(counts: dict[str, Counted]) -> dict[str, Counted]:
    """What is not known comes last."""

    def rank(item: tuple[str, Counted]) -> tuple[bool, int, str]:
        size = item[1] if isinstance(item[1], int) else sum(item[1])
        return item[0] == "", -size, item[0]

    return dict(sorted(counts.items(), key=rank))
