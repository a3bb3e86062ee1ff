"""Statistics of demand: JSON, and a CSV that Excel reads."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from intake.errors import BadField
from intake.locale import catalog, say
from intake.runtime import Parts
from intake.service_requests import statistics
from intake.service_requests.statistics import StatisticsQuery
from intake.web.auth import CurrentOperator, CurrentParts, log_access, parts_of
from intake.web.language import language_of

router = APIRouter(prefix="/api/demand", tags=["operators"])
USUAL_DAYS = 30
LONGEST_DAYS = 366 * 10
# Full-width signs too: spreadsheets in Chinese treat them like the plain ones.
FORMULAS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
Filter = Annotated[str | None, Query(max_length=80)]


def asked_of(
    parts: Annotated[Parts, Depends(parts_of)],
    start: date | None = None,
    end: date | None = None,
    unit: Literal["day", "week", "month"] = "day",
    area: Filter = None,
    field: Filter = None,
    group: Filter = None,
    channel: Filter = None,
) -> StatisticsQuery:
    """The period and the filters of an address; without a period the last 30 days.

    A filter that is left out or ``*`` takes all values; an empty one takes unknown values.
    """
    today = datetime.now(UTC).astimezone(parts.settings.zone).date()
    end = end or today
    start = start or end - timedelta(days=USUAL_DAYS - 1)
    if not date(2000, 1, 1) <= start <= end <= date(2100, 1, 1):
        raise BadField("The first day must not be after the last one.", field="start")
    if (end - start).days >= LONGEST_DAYS:
        raise BadField("The period must not be longer than ten years.", field="start")

    def wanted(value: str | None) -> str | None:
        return None if value is None or value == "*" else value.replace("\x00", "")

    return StatisticsQuery(
        start,
        end,
        parts.settings.timezone,
        unit,
        area=wanted(area),
        field=wanted(field),
        resident_group=wanted(group),
        channel=wanted(channel) or None,
    )


AskedFor = Annotated[StatisticsQuery, Depends(asked_of)]


@router.get("", summary="Count what residents asked for")
async def figures(
    parts: CurrentParts,
    operator: CurrentOperator,
    asked: AskedFor,
    by: Literal["area", "field", "resident_group"] = "field",
) -> dict[str, Any]:
    """Counts over time and by area and field of service, waiting times in seconds, and the share
    decided without review."""
    async with parts.sessions.begin() as session:
        found = await statistics.picture(session, asked, by, parts.catalogue)
        await log_access(session, operator, "demand")
    grid = [{"area": a, "field": f, "requests": n} for (a, f), n in found.grid.items()]
    return {**asdict(found), "grid": grid}


@router.get("/csv", summary="The same as a table for Excel", response_class=Response)
async def as_csv(
    request: Request, parts: CurrentParts, operator: CurrentOperator, asked: AskedFor
) -> Response:
    """UTF-8 with a byte order mark; no cell can begin a formula."""
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        rows = await statistics.cells(session, asked, parts.catalogue)
        await log_access(session, operator, "demand csv")
    out = io.StringIO()
    writer = csv.writer(out)
    columns = ("step", "area", "field", "resident_group", "requests", "decided", "by_rule", "late")
    writer.writerow([say(f"desk.demand.{name}", language) for name in columns])
    for row in rows:
        names = {n: value_name(n, row[n], language) for n in ("area", "field", "resident_group")}
        writer.writerow([harmless({**row, **names}[name]) for name in columns])
    name = f"demand-{asked.start}-{asked.end}.csv"
    return Response(
        "\ufeff" + out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def value_name(split: str, value: str, language: str) -> str:
    """What people call an area, a field or a group."""
    if not value:
        return say("desk.demand.unknown", language)
    key = f"desk.field.{value}"
    if split == "field" and key in catalog("en"):
        return say(key, language)
    return value


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: such a text gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(FORMULAS):
        return f"'{value}"
    return value
