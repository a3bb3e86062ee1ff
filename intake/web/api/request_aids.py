"""What an operator needs while she works on one request: the next one, what would become of it,
what resembles it, places and times to choose from; her notes and her calls."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.catalogue.routing import choose_backend
from intake.catalogue.services import Catalogue
from intake.conversation.phrases import window
from intake.errors import BadField
from intake.lifecycle import Actor
from intake.locale import say
from intake.runtime import Parts
from intake.service_requests import By, duplicates, worklist
from intake.service_requests.duplicates import Alike
from intake.service_requests.worklist import Filters, Group, Line
from intake.storage.models import ServiceRequest, Understanding
from intake.understanding.gazetteer import Gazetteer, Spelling
from intake.understanding.phonetics import fuzzy, syllables
from intake.understanding.spoken_text import Heard
from intake.understanding.when import read_when
from intake.web.api import schemas
from intake.web.api.tasks import soon
from intake.web.auth import CurrentOperator, CurrentParts, by_number, log_access

router = APIRouter(prefix="/api", tags=["operators"])
PLACES = 8
AHEAD = 20  # requests among which one is looked for that no colleague looks at
OUTCOMES = Literal["reached", "not_reached", "again"]


class Noted(schemas.Strict):
    """A note of one operator for the others."""

    text: str = Field(min_length=1, max_length=2000)


class Called(schemas.Strict):
    """How ringing the resident went. ``again_at``: ring her again from then on."""

    outcome: OUTCOMES
    again_at: AwareDatetime | None = None
    note: str | None = Field(None, max_length=500)


@router.get("/requests/next", summary="The next request that waits for an operator")
async def read_next(
    parts: CurrentParts,
    operator: CurrentOperator,
    after: Annotated[str | None, Query(max_length=24)] = None,
) -> dict[str, str | None]:
    """In the queue's order from ``after`` on, and from its beginning when that is at its end; an
    emergency always first. What a colleague looks at comes only when nothing else waits."""
    async with parts.sessions.begin() as session:
        seen = await by_number(session, after) if after else None
        found = await following(session, parts, seen, operator.name)
        await log_access(session, operator, "next")
        return {"tracking_number": found}


async def following(
    session: AsyncSession, parts: Parts, seen: ServiceRequest | None, me: str
) -> str | None:
    """The number of the request that ``me`` works on after ``seen``; None when nothing waits."""
    waiting = Filters(group=Group.WAITING)

    async def others(after: str | None) -> list[Line]:
        page = await worklist.page(session, waiting, parts.catalogue, after=after, limit=AHEAD)
        return [line for line in page.lines if seen is None or line.request.id != seen.id]

    ahead = await others(None)
    if seen is not None:
        pressing = [
            line
            for line in ahead
            if line.request.urgency == "emergency" and seen.urgency != "emergency"
        ]
        ahead = pressing + await others(worklist.place(seen, Group.WAITING)) + ahead
    free = [line for line in ahead if not set(line.looking) - {me}]
    first = next(iter(free or ahead), None)
    return first.request.tracking_number if first is not None else None


async def typed(
    category: Annotated[str | None, Query(max_length=64)] = None,
    urgency: schemas.Urgency | None = None,
    place: Annotated[str | None, Query(max_length=80)] = None,
    unit: Annotated[str | None, Query(max_length=40)] = None,
    phone: Annotated[str | None, Query(max_length=32)] = None,
) -> dict[str, str | None]:
    """What was typed and is not saved yet: an empty parameter clears its field."""
    given = {"category": category, "urgency": urgency, "place": place, "unit": unit, "phone": phone}
    return {
        name: value.replace("\x00", "") or None
        for name, value in given.items()
        if value is not None
    }


Typed = Annotated[dict[str, str | None], Depends(typed)]


@router.get("/requests/{number}/outlook", summary="What would become of a request")
async def read_outlook(
    parts: CurrentParts, operator: CurrentOperator, number: str, changes: Typed
) -> dict[str, Any]:
    """Before it is saved: where it would go, what is missing, what resembles it and what the
    resident asked for earlier. A parameter that is given counts instead of what is stored."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
        await log_access(session, operator, "outlook", request)
        return await outlook(session, request, parts, changes)


async def outlook(
    session: AsyncSession, request: ServiceRequest, parts: Parts, changes: dict[str, Any]
) -> dict[str, Any]:
    """The JSON of `read_outlook`; ``changes``: what is about to be saved."""
    now = {
        name: changes.get(name, getattr(request, name))
        for name in ("category", "urgency", "place", "unit", "phone")
    }
    area = request.area
    if "place" in changes:
        area = await area_of(session, parts, now["place"])
    name = choose_backend(
        parts.rules,
        parts.settings.routing.default,
        category=now["category"],
        area=area,
        urgency=now["urgency"],
    )
    entry = parts.catalogue.entries.get(now["category"] or "")
    has = {**now, "when": request.when_start, "person": request.person}
    row = await session.get(Understanding, request.understanding_id or 0)
    at_home = about_one_home(parts.catalogue)
    need = duplicates.of(request, at_home, row.fields if row else None, changes)
    alike = await duplicates.resembling(session, request, need, at_home)
    own = await duplicates.earlier(session, request, need)
    shown = {found.request.id for found in alike}
    return {
        "backend": name,
        "backend_title": title_of(parts, name),
        "area": area,
        "lacks": [field for field in (entry.required if entry else ()) if not has[field]],
        "is_service": entry is not None,
        "resembling": [_alike(found) for found in alike],
        "earlier": [_line(row) for row in own if row.id not in shown],
    }


@router.get("/places/suggest", summary="Places to choose from, as one types")
async def suggest_places(
    parts: CurrentParts, operator: CurrentOperator, q: Annotated[str, Query(max_length=40)]
) -> list[dict[str, str | None]]:
    """By name, other name, pinyin (``xingfuli``) and its initials (``xfl``); the best first."""
    async with parts.sessions.begin() as session:
        gazetteer = await parts.gazetteer(session)
    return await asyncio.to_thread(places_like, gazetteer, q)


@router.get("/requests/{number}/times", summary="What a time in words means")
async def read_times(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    q: Annotated[str, Query(max_length=80)],
    language: Annotated[str, Query(max_length=8)] = "zh",
) -> list[dict[str, str]]:
    """Counted from when the resident spoke; local times, the likeliest first."""
    async with parts.sessions.begin() as session:
        request = await by_number(session, number)
    local = request.received_at.astimezone(parts.settings.zone).replace(tzinfo=None)
    found = await asyncio.to_thread(read_when, Heard.of(q), local)
    if found is None:
        return []
    return [
        {
            "start": f"{one.start:%Y-%m-%dT%H:%M}",
            "end": f"{one.end:%Y-%m-%dT%H:%M}",
            "said": window(one, language),
        }
        for one in (found.value, *found.alternatives)
    ]


@router.post(
    "/requests/{number}/notes", summary="Leave a note for other operators", status_code=201
)
async def note(
    parts: CurrentParts, operator: CurrentOperator, number: str, body: Noted
) -> dict[str, Any]:
    """It stands in the history; the request's version stays, so nobody's changes are refused."""
    _no_nul("text", body.text)
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_number(session, number)).id)
        await service_requests.note(session, request, body.text, By(Actor.OPERATOR, operator.name))
        await log_access(session, operator, "note", request)
    return {"who": operator.name, "text": body.text}


@router.post("/requests/{number}/calls", summary="Say how ringing her went", status_code=201)
async def call(
    parts: CurrentParts, operator: CurrentOperator, number: str, body: Called
) -> dict[str, Any]:
    """Reached: no task to ring her is left open. Otherwise there is one, due ``again_at``."""
    _no_nul("note", body.note or "")
    if body.outcome == "again" and body.again_at is None:
        raise BadField("Say when to ring again.", field="again_at")
    if body.again_at is not None and not soon(body.again_at, datetime.now(UTC)):
        raise BadField("again_at must lie within a year from now.", field="again_at")
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_number(session, number)).id)
        again = body.again_at if body.outcome != "reached" else None
        sentence = say("task.call_back", None, number=request.tracking_number)
        by = By(Actor.OPERATOR, operator.name, body.note)
        await service_requests.called(session, request, body.outcome, again, sentence, by)
        await log_access(session, operator, "call", request)
    return {"outcome": body.outcome, "again_at": again}


async def area_of(session: AsyncSession, parts: Parts, place: str | None) -> str | None:
    """The area of a place of the gazetteer; None for one that it lacks."""
    known = (await parts.gazetteer(session)).places.get(place or "")
    return known.area or None if known is not None else None


def about_one_home(catalogue: Catalogue) -> frozenset[str]:
    """The categories for which the unit must be known: they are about one home."""
    return frozenset(code for code, entry in catalogue.entries.items() if "unit" in entry.required)


def title_of(parts: Parts, backend: str) -> str:
    """What people call a backend."""
    return str(parts.settings.backends.get(backend, {}).get("title") or backend)


def places_like(gazetteer: Gazetteer, typed: str) -> list[dict[str, str | None]]:
    """`PLACES` at most: what begins with it, then what holds it; letters are read as pinyin."""
    text = typed.strip().lower()
    ranked: dict[str, tuple[int, str]] = {}
    for spelling in gazetteer.spellings:
        rank = _rank(text, spelling)
        known = ranked.get(spelling.place.name)
        if rank is not None and (known is None or rank < known[0]):
            ranked[spelling.place.name] = (rank, spelling.place.area)
    best = sorted(ranked.items(), key=lambda item: (item[1][0], len(item[0])))[:PLACES]
    return [{"name": name, "area": area or None} for name, (_, area) in best]


def _rank(text: str, spelling: Spelling) -> int | None:
    """0 is best; None does not fit."""
    spoken = [item.sound for item in spelling.spoken]
    if spelling.text.startswith(text):
        return 0
    letters = re.sub(r"[ ']", "", text)
    if text in spelling.text or ("".join(spoken).startswith(letters) and letters.isascii()):
        return 1
    if "".join(sound[0] for sound in spoken).startswith(letters):
        return 2
    wanted = [fuzzy(item.sound) for item in syllables(text)]
    alike = [fuzzy(sound) for sound in spoken[: len(wanted)]] == wanted
    return 3 if wanted and alike and not text.isascii() else None


def _alike(found: Alike) -> dict[str, Any]:
    return {**_line(found.request), "score": round(found.score, 2), "why": list(found.why)}


def _line(row: ServiceRequest) -> dict[str, Any]:
    return {
        "tracking_number": row.tracking_number,
        "status": row.status,
        "category": row.category,
        "place": row.place,
        "unit": row.unit,
        "person": row.person,
        "text": (row.text or "")[:120],
        "received_at": row.received_at,
        "when_start": row.when_start,
        "backend": row.backend,
    }


def _no_nul(name: str, text: str) -> None:
    if "\x00" in text:
        raise BadField(f"{name} holds a NUL byte.", field=name)
