"""The access log as a page: who looked at or changed what."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import select

from intake.accounts.operators import SignedIn
from intake.storage.models import Operator
from intake.web.access_log_words import known, told
from intake.web.api.access_log import Cursor, Filter, page_of
from intake.web.auth import CurrentParts, log_access
from intake.web.desk.pages import page, viewer_at_least
from intake.web.language import language_of

router = APIRouter()
LINES = 100


@router.get("/desk/access-log")
async def show(
    request: Request,
    parts: CurrentParts,
    who: Annotated[SignedIn, viewer_at_least("supervisor")],
    name: Annotated[str, Query(alias="who", max_length=200)] = "",
    number: Annotated[str, Query(max_length=40)] = "",
    action: Annotated[str, Query(max_length=64)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    cursor: Cursor = None,
) -> Response:
    """The page, the newest line first.

    ``since`` and ``until`` are days in the residents' time zone, both included.
    """
    zone, language = parts.settings.zone, language_of(request, request.query_params.get("lang"))
    first, last = _day(since), _day(until)
    asked = Filter(
        name or None,
        number or None,
        action or None,
        _midnight(first, zone) if first else None,
        _midnight(last + timedelta(days=1), zone) if last else None,
    )
    async with parts.sessions.begin() as session:
        found = await page_of(session, asked, LINES, cursor)
        names = list(await session.scalars(select(Operator.name).order_by(Operator.name)))
        await log_access(session, who.operator, "access_log")
    wanted = {
        "who": name, "number": number, "action": action, "since": since, "until": until,
    }  # fmt: skip
    kept = {key: value for key, value in wanted.items() if value}
    moments = {"since": asked.since, "until": asked.until}
    exact = {**kept, **{key: at.isoformat() for key, at in moments.items() if at}}
    return page(
        request,
        "access_log.html",
        who,
        lines=found.lines,
        names=names,
        wanted=wanted,
        told=lambda action: told(action, language),
        known=known(language),
        zone=zone,
        older=urlencode({**kept, "cursor": found.next}) if found.next else None,
        table=urlencode(exact),
    )


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
