"""Operators manage households and their links, and print the sheet with a household's QR code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pydantic import Field, field_validator
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import households
from intake.locale import DEFAULT, languages, say
from intake.locale.visible_text import finalize
from intake.settings import Settings
from intake.storage.models import Household, Operator
from intake.web.api import schemas
from intake.web.auth import CurrentOperator, CurrentParts, log_access

router = APIRouter(prefix="/api/households", tags=["operators"])
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    finalize=finalize,
)


class Details(schemas.Strict):
    """A household's details; those left out of a change stay as they are."""

    name: str | None = Field(None, max_length=40)
    place: str | None = Field(None, max_length=80)
    unit: str | None = Field(None, max_length=40)
    phone: str | None = Field(None, max_length=32, pattern=r"^[+0-9 ()-]*$")
    language: str | None = None
    area: str | None = Field(None, max_length=80)
    resident_group: str | None = Field(None, max_length=80)

    @field_validator("*", mode="after")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("holds a NUL byte")
        return value or None

    @field_validator("language")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in languages():
            raise ValueError(f"must be one of {', '.join(sorted(languages()))}")
        return value


class Link(schemas.Strict):
    """``revoke``: all earlier links of this household stop working."""

    revoke: bool = False


@router.get("", summary="List households")
async def list_households(
    parts: CurrentParts,
    operator: CurrentOperator,
    text: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> list[dict[str, Any]]:
    """Households with ``text`` in name, place or unit, in the order of their ids; phones are
    masked."""
    statement = select(Household).where(Household.id > after).order_by(Household.id).limit(limit)
    if text:
        part = text.replace("\x00", "")
        columns = (Household.name, Household.place, Household.unit)
        statement = statement.where(or_(*(c.icontains(part, autoescape=True) for c in columns)))
    async with parts.sessions.begin() as session:
        await log_access(session, operator, "households")
        return [
            {**_shape(found), "phone": schemas.masked(found.phone)}
            for found in await session.scalars(statement)
        ]


@router.post("", summary="Make a household", status_code=201)
async def make(parts: CurrentParts, operator: CurrentOperator, body: Details) -> dict[str, Any]:
    """A new household has no link; `POST …/link` makes one."""
    async with parts.sessions.begin() as session:
        made = await households.save(session, None, body.model_dump(exclude_unset=True))
        await _log(session, operator, made, "make")
        return _shape(made)


@router.get("/{household_id}", summary="Read a household")
async def read(parts: CurrentParts, operator: CurrentOperator, household_id: int) -> dict[str, Any]:
    """All details of one household."""
    async with parts.sessions.begin() as session:
        found = await households.lock(session, household_id)
        await _log(session, operator, found, "read")
        return _shape(found)


@router.patch("/{household_id}", summary="Change a household")
async def change(
    parts: CurrentParts, operator: CurrentOperator, household_id: int, body: Details
) -> dict[str, Any]:
    """Earlier requests of the household stay as they are."""
    async with parts.sessions.begin() as session:
        found = await households.save(session, household_id, body.model_dump(exclude_unset=True))
        await _log(session, operator, found, "change")
        return _shape(found)


@router.post("/{household_id}/link", summary="Make a household's link")
async def make_link(
    parts: CurrentParts, operator: CurrentOperator, household_id: int, body: Link
) -> dict[str, str]:
    """Whoever has the link may leave messages for this household and see its requests."""
    async with parts.sessions.begin() as session:
        found = await households.lock(session, household_id)
        token = await households.make_link(
            session, found, parts.link_secrets[0], end_earlier=body.revoke
        )
        await _log(session, operator, found, "new link" if body.revoke else "link")
        return {"token": token, "url": link_url(parts.settings, token)}


@router.delete("/{household_id}/link", summary="End a household's links", status_code=204)
async def end_link(parts: CurrentParts, operator: CurrentOperator, household_id: int) -> Response:
    """All links of the household stop working at once."""
    async with parts.sessions.begin() as session:
        found = await households.lock(session, household_id)
        await households.end_link(session, found)
        await _log(session, operator, found, "end link")
    return Response(status_code=204)


@router.get("/{household_id}/sheet", summary="A sheet to print", response_class=HTMLResponse)
async def sheet(parts: CurrentParts, operator: CurrentOperator, household_id: int) -> HTMLResponse:
    """One page with the link as a QR code; 409 when the household has no working link."""
    async with parts.sessions.begin() as session:
        found = await households.lock(session, household_id)
        token = households.present_link(found, parts.link_secrets[0])
        await _log(session, operator, found, "sheet")
    return HTMLResponse(render_sheet(found, parts.settings, token), headers=_PRIVATE)


def render_sheet(household: Household, settings: Settings, token: str) -> str:
    """The printable page as HTML, with the QR code drawn inside it, so that it needs no other
    file."""
    language = household.language or DEFAULT
    code = segno.make(link_url(settings, token), error="m", micro=False)
    svg = code.svg_inline(border=4, omitsize=True, svgclass="code", lineclass=None)
    hello = "household.sheet.hello" if household.name else "household.sheet.hello_nobody"
    return _templates.get_template("household_sheet.html").render(
        language=language,
        title=say("household.sheet.title", language),
        hello=say(hello, language, name=household.name),
        keep=say("household.sheet.keep", language),
        private=say("household.sheet.private", language),
        human=say("chat.human", language, phone=settings.human_phone)
        if settings.human_phone
        else None,
        code=Markup(svg),  # noqa: S704 (drawn by segno from our own link)
    )


def link_url(settings: Settings, token: str) -> str:
    """The address in the QR code."""
    return f"{settings.base_url}/h/{token}"


def _shape(household: Household) -> dict[str, Any]:
    names = ("id", *households.DETAILS, "link_version", "link_revoked_at", "created_at")
    return {
        **{name: getattr(household, name) for name in names},
        "has_link": households.has_link(household),
    }


async def _log(
    session: AsyncSession, operator: Operator, household: Household, action: str
) -> None:
    await log_access(session, operator, f"household {household.id}: {action}")


_PRIVATE = {"Cache-Control": "no-store"}
