"""Households at the desk: search, create and edit them, their links and their requests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy import or_, select

from intake.accounts import households, operators
from intake.locale import languages, say
from intake.privacy import erase_household
from intake.storage.models import Household, ServiceRequest
from intake.web.access_log_throttle import log_look
from intake.web.api.schemas import masked
from intake.web.auth import CurrentParts, log_access
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
LISTED = 50
REQUESTS = 50


@router.get("/desk/households")
async def show_all(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    text: Annotated[str, Query(max_length=80)] = "",
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    gone: bool = False,
) -> Response:
    """Households whose name, place, unit or group contains ``text``; phone numbers are masked."""
    words = text.replace("\x00", "").strip()
    statement = select(Household).where(Household.id > after).order_by(Household.id)
    if words:
        columns = (Household.name, Household.place, Household.unit, Household.resident_group)
        statement = statement.where(or_(*(c.icontains(words, autoescape=True) for c in columns)))
    async with parts.sessions.begin() as session:
        rows = list(await session.scalars(statement.limit(LISTED + 1)))
        await log_look(session, who.operator, "households")
    return page(
        request, "households.html", who, gone=gone,
        homes=rows[:LISTED], more=rows[LISTED - 1].id if len(rows) > LISTED else None, text=words,
        masked=masked, has_link=households.has_link, known=sorted(languages()), spoken=_spoken,
    )  # fmt: skip


@router.get("/desk/households/{household_id}")
async def show_one(
    request: Request, parts: CurrentParts, who: Viewer, household_id: int
) -> Response:
    """One household with its data and its requests, the latest first. Raises `NotFound`."""
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        home = await households.lock(session, max(0, household_id))
        rows = await session.scalars(
            select(ServiceRequest)
            .where(ServiceRequest.household_id == home.id)
            .order_by(ServiceRequest.id.desc())
            .limit(REQUESTS)
        )
        erases = operators.may(who.operator, "supervisor")
        held = await erase_household.held(session, home.id) if erases else None
        await log_access(session, who.operator, f"household {home.id}: read")
    return page(
        request, "household.html", who, held=held,
        home=home, requests=rows.all(), has_link=households.has_link(home),
        known=sorted(languages()), spoken=_spoken, clock=Clock.of(parts.settings.zone, language),
        category=lambda code: parts.catalogue.name(code, language) if code else "–",
    )  # fmt: skip


def _spoken(code: str) -> str:
    return say("resident.language", code)
