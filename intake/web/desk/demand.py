"""The demand page of the desk: charts as SVG, and the same numbers as tables."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.service_requests import statistics
from intake.service_requests.statistics import SPLITS, UNITS, Picture
from intake.web.access_log_throttle import log_look
from intake.web.api.statistics import AskedFor, value_name
from intake.web.auth import CurrentParts
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
WIDTH, HEIGHT = 800, 64  # of one row of bars, in SVG units
ROWS = 12
LEVELS = ("none", "few", "some", "many", "most")


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one step of time, in SVG units, with its label and count."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """The bars of one value over all steps of time; all rows of a chart share one scale."""

    name: str
    total: int
    bars: list[Bar]


@router.get("/desk/demand")
async def show(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    asked: AskedFor,
    by: Literal["area", "field", "resident_group"] = "field",
) -> Response:
    """The page; requests are counted anew each time it is opened."""
    language = language_of(request, request.query_params.get("lang"))
    began = time.perf_counter()
    async with parts.sessions.begin() as session:
        found = await statistics.picture(session, asked, by, parts.catalogue)
        known = await statistics.known(session)
        await log_look(session, who.operator, "demand")
    took = time.perf_counter() - began

    def name_of(split: str, value: str) -> str:
        return value_name(split, value, language)

    fields = sorted({entry.field for entry in parts.catalogue.entries.values()})
    return page(
        request, "demand.html", who,
        found=found, asked=asked, by=by, units=UNITS, splits=SPLITS, named=name_of,
        rows=_chart(found, by, name_of), width=WIDTH, height=HEIGHT,
        highest=max((max(line) for line in found.over_time.values()), default=0),
        level=lambda n: _level(n, max(found.grid.values(), default=0)),
        areas=known["area"], groups=known["resident_group"], channels=known["channel"],
        fields=[*fields, statistics.NO_SERVICE], csv=_csv_address(request), took=took,
        clock=Clock.of(parts.settings.zone, language),
    )  # fmt: skip


def _chart(found: Picture, by: str, name_of: Any) -> list[Row]:
    """A row of bars for each of the `ROWS` largest values; further values are in the table only."""
    highest = max((max(line) for line in found.over_time.values()), default=0) or 1
    wide = WIDTH / max(len(found.steps), 1)
    rows = []
    for value, line in list(found.over_time.items())[:ROWS]:
        bars = []
        for place, (step, count) in enumerate(zip(found.steps, line, strict=True)):
            height = (HEIGHT - 4) * count / highest
            gap = min(2.0, wide * 0.2)
            x, wide_bar = place * wide + gap / 2, wide - gap
            bars.append(Bar(x, HEIGHT - height, wide_bar, height, step.isoformat(), count))
        rows.append(Row(name_of(by, value), sum(line), bars))
    return rows


def _level(count: int, highest: int) -> str:
    """One of `LEVELS` for a cell's count, relative to the highest."""
    if count == 0:
        return LEVELS[0]
    return LEVELS[min(4, 1 + int(4 * (count - 1) / max(highest, 1)))]


def _csv_address(request: Request) -> str:
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "by"]
    return f"/api/demand/csv?{urlencode(kept)}"
