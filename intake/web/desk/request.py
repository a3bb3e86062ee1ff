"""One request on one screen: why it needs review, its text, its fields and the possible actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from intake.errors import NotFound
from intake.lifecycle import ENDED, TABLE, Actor, Status
from intake.locale import catalog, say
from intake.pipeline import notify
from intake.runtime import Parts
from intake.service_requests import outlook
from intake.storage.models import ServiceRequest
from intake.understanding.phonetics import syllables
from intake.web.api import request_detail, requests
from intake.web.api.schemas import Detail
from intake.web.auth import CurrentParts, by_number, log_access
from intake.web.desk import fields, history, reasons, transcript
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
MOVES = {  # an operator's action → the status that it leads to
    "confirm": Status.CONFIRMED,
    "reject": Status.REJECTED,
    "cancel": Status.CANCELLED,
    "merge": Status.MERGED,
    "done": Status.DONE,
    "close": Status.CLOSED,
    "reopen": Status.NEEDS_REVIEW,
}
ACTS = (*MOVES, "route", "hold", "resume", "split", "call", "reply", "note", "next")
KEYS = ("play", "back", "forward", "slower", "faster")
REJECTIONS = ("outside", "known", "nothing", "mistake")


@router.get("/desk/requests/{number}")
async def show(request: Request, parts: CurrentParts, who: Viewer, number: str) -> Response:
    """The page with all that is needed to decide; only the recording is fetched later.

    Raises `NotFound`.
    """
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        row = await by_number(session, number)
        await log_access(session, who.operator, "read", row)
        found = await request_detail.of(session, row, parts)
        ahead = await outlook.outlook(session, row, parts, {})
        told = await notify.sentence(session, row, parts)
    zone = parts.settings.zone
    clock = Clock.of(zone, language)
    read: dict[str, Any] = found.understanding or {}
    shown = fields.views(row, read, parts.catalogue, parts.settings.deciding, zone, language)
    spoken = found.transcript or {}
    heard = spoken.get("text") or found.text or ""
    bounds = {edge for view in shown for edge in view.evidence or ()}

    return page(
        request,
        "request.html",
        who,
        r=found,
        fields=shown,
        text_key=fields.key("text"),
        said=transcript.cut(heard, spoken.get("words") or (), bounds),
        heard=heard,
        edited=found.text if spoken and found.text != heard else None,
        reasons=why_it_waits(found, parts, language),
        able=able(row),
        ahead=ahead,
        told=told[1] if told else None,
        kinds=kinds(parts, language),
        backends=[(name, outlook.title_of(parts, name)) for name in sorted(parts.backends)],
        rejections=[say(f"tell.why.{code}", row.language) for code in REJECTIONS],
        holds=holds(datetime.now(zone)),
        now=f"{datetime.now(zone):%Y-%m-%dT%H:%M}",
        history=history.events(found, parts, clock),
        deliveries=history.deliveries(found, parts, language),
        backend=outlook.title_of(parts, row.backend) if row.backend else None,
        notes=[event for event in found.events if event["kind"] == "noted"],
        kind=lambda code: parts.catalogue.name(code, language) if code else "–",
        at=clock.at,
        late=row.deadline_at is not None
        and row.deadline_at < datetime.now(zone)
        and Status(row.status) not in ENDED,
        state=_state(row, found, shown, parts, language),
        urgencies=fields.URGENCIES,
        channel=catalog(language).get(f"desk.channel.{row.channel}", row.channel),
    )


@router.get("/desk/requests/{number}/outlook")
async def show_outlook(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    number: str,
    changes: requests.Typed,
) -> Response:
    """Which backend would get the request and which requests resemble it, with ``changes`` that
    were typed and are not saved yet. Raises `NotFound`."""
    language = language_of(request, None)
    async with parts.sessions.begin() as session:
        row = await by_number(session, number)
        await log_access(session, who.operator, "outlook", row)
        ahead = await outlook.outlook(session, row, parts, changes)
    return page(
        request,
        "request_outlook.html",
        who,
        ahead=ahead,
        able=able(row),
        kind=lambda code: parts.catalogue.name(code, language) if code else "–",
        at=Clock.of(parts.settings.zone, language).at,
    )


@router.get("/desk/next")
async def show_next(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    after: Annotated[str | None, Query(max_length=24)] = None,
) -> Response:
    """Redirect to the next request that waits for review, or to the list when none does."""
    async with parts.sessions.begin() as session:
        try:
            seen = await by_number(session, after) if after else None
        except NotFound:
            seen = None
        number = await outlook.following(session, parts, seen, who.operator.name)
    where = f"/desk/requests/{number}" if number else "/desk"
    return Response(status_code=303, headers={"Location": where})


def why_it_waits(found: Detail, parts: Parts, language: str) -> list[str]:
    """Why an operator must review the request, in words; empty unless it is in review."""
    if found.status != Status.NEEDS_REVIEW:
        return []
    return [reasons.in_words(reason, parts.catalogue, language) for reason in found.reasons]


def able(row: ServiceRequest) -> set[str]:
    """The actions that an operator can take on the request now, by its life cycle."""
    status = Status(row.status)
    moves = {
        action
        for action, to in MOVES.items()
        if to in TABLE[status].next and Actor.OPERATOR in TABLE[to].movers and to is not status
    }
    if status not in ENDED:
        moves |= {"edit", "split"}
        if row.urgency != "emergency":
            moves.add("hold")
    if row.on_hold_until is not None:
        moves.add("resume")
    if row.phone:
        moves.add("call")
    if row.conversation_id is not None:
        moves.add("reply")
    moves.add("note")
    return moves if row.erased_at is None else set()


def kinds(parts: Parts, language: str) -> list[dict[str, str]]:
    """Every category with its name, its pinyin and the pinyin's initials, for a search by any."""
    return [
        {
            "value": code,
            "shown": parts.catalogue.name(code, language),
            "sound": "".join(item.sound for item in syllables(entry.name_zh)),
            "initials": "".join(item.sound[0] for item in syllables(entry.name_zh)),
        }
        for code, entry in parts.catalogue.entries.items()
    ]


def holds(now: datetime) -> list[tuple[str, str, bool]]:
    """(key, until when as RFC 3339, whether that is ahead) for putting a request on hold: an hour,
    this afternoon, tomorrow morning. A time that is over stays in the list, so that each key means
    the same all day. ``now``: in the residents' time zone."""
    afternoon = now.replace(hour=14, minute=0, second=0, microsecond=0)
    morning = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    choices = [("hour", now + timedelta(hours=1)), ("afternoon", afternoon), ("tomorrow", morning)]
    return [(key, until.isoformat(timespec="minutes"), until > now) for key, until in choices]


def _state(
    row: ServiceRequest,
    found: Detail,
    shown: list[fields.FieldView],
    parts: Parts,
    language: str,
) -> dict[str, Any]:
    """The data for the page's script."""
    return {
        "number": found.tracking_number,
        "version": found.version,
        "status": found.status,
        "zone": str(parts.settings.zone),
        "language": language,
        "fields": {**{view.name: view.value for view in shown}, "text": found.text or ""},
        "shown": {view.name: view.shown for view in shown},
        "may": sorted(able(row)),
        "conversation": row.conversation_id,
        "statuses": {s.value: say(f"desk.request.status.{s.value}", language) for s in Status},
        "acts": {name: say(f"desk.act.{name}", language) for name in ACTS},
        "keys": {name: say(f"desk.key.{name}", language) for name in KEYS},
    }
