"""The station's board on a volunteer's phone: open orders nearby, the volunteer's own, and those
finished last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Cookie, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from intake.locale import say
from intake.locale.times import at
from intake.storage.models import StationOrder
from intake.web.access_log_throttle import log_look
from intake.web.api.station import on_board, order_area
from intake.web.auth import CurrentParts
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
LISTED = 100
DONE_LISTED = 20
A_YEAR = 365 * 24 * 3600
AREA_COOKIE = "station_area"
REASONS = ("nobody_home", "wrong_address", "not_ours", "no_material", "refused")


@router.get("/desk/station")
async def show(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    area: Annotated[str | None, Query(max_length=80)] = None,
    station_area: Annotated[str | None, Cookie()] = None,
    station_name: Annotated[str | None, Cookie()] = None,
) -> Response:
    """The board; the phone remembers the area and the volunteer's name in cookies."""
    language = language_of(request, request.query_params.get("lang"))
    near = area if area is not None else unquote(station_area or "")[:80]
    name = unquote(station_name or "")[:40].strip() or who.operator.name
    async with parts.sessions.begin() as session:
        areas = await session.scalars(
            select(order_area)
            .where(StationOrder.status.in_(("open", "accepted")), order_area.is_not(None))
            .distinct()
            .order_by(order_area)
        )
        known = sorted({*areas.all(), near} - {""})
        opened = await on_board(session, "open", near, LISTED)
        accepted = await on_board(session, "accepted", None, LISTED)
        finished = await session.scalars(
            select(StationOrder)
            .where(StationOrder.status.in_(("done", "could_not")))
            .order_by(StationOrder.updated_at.desc())
            .limit(DONE_LISTED)
        )
        await log_look(session, who.operator, "station")
    zone = parts.settings.zone
    answer = page(
        request, "station.html", who,
        areas=known, near=near, my_name=name, opened=opened,
        mine=[order for order in accepted if order.accepted_by == name],
        theirs=[order for order in accepted if order.accepted_by != name],
        finished=finished.all(), reasons=REASONS,
        times=_times(datetime.now(UTC).astimezone(zone), language),
        offset=datetime.now(UTC).astimezone(zone).isoformat()[-6:],
        clock=Clock.of(zone, language),
        said=lambda moment: at(moment.astimezone(zone), language),
        kind=lambda order: _kind(order, language),
    )  # fmt: skip
    if area is not None:
        answer.set_cookie(
            AREA_COOKIE, quote(area), max_age=A_YEAR, path="/desk/station", samesite="lax",
            httponly=True, secure=parts.settings.base_url.startswith("https"),
        )  # fmt: skip
    return answer


def _times(now: datetime, language: str) -> list[tuple[str, str]]:
    """(time as RFC 3339, its name): the times that volunteers choose most often."""
    today = now.replace(minute=0, second=0, microsecond=0)
    tomorrow = today + timedelta(days=1)
    wanted = [(now + timedelta(hours=1), "hour")]
    if now.hour < 15:
        wanted.append((today.replace(hour=15), "afternoon"))
    wanted += [(tomorrow.replace(hour=9), "morning"), (tomorrow.replace(hour=15), "next")]
    return [
        (moment.isoformat(timespec="seconds"), say(f"desk.station.time.{code}", language))
        for moment, code in wanted
    ]


def _kind(order: StationOrder, language: str) -> str:
    category: dict[str, Any] = order.payload.get("category") or {}
    names: dict[str, str] = category.get("name") or {}
    return names.get(language) or names.get("zh") or "–"
