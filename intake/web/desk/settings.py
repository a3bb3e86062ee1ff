"""What supervisors edit: places, routing rules, the catalogue's texts, and the edits' history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from intake.accounts.operators import SignedIn
from intake.catalogue import edits, places, routing_rules, text_overrides
from intake.errors import NotFound
from intake.locale import say
from intake.runtime import Parts
from intake.storage.models import Edit
from intake.web.api import catalogue
from intake.web.api import places as places_api
from intake.web.api import routing_rules as editing_rules
from intake.web.auth import CurrentParts, log_access
from intake.web.desk.clock import Clock
from intake.web.desk.pages import page, viewer_at_least
from intake.web.language import language_of

router = APIRouter()
Supervisor = Annotated[SignedIn, viewer_at_least("supervisor")]
PAGE = 100
TOLD = 8  # changed items of one edit that the history names
URGENCIES = ("emergency", "urgent", "normal")
SECTIONS = {
    "places": "/desk/settings",
    "routing": "/desk/settings/routing",
    "catalogue": "/desk/settings/catalogue",
    "history": "/desk/settings/history",
}


@router.get("/desk/settings")
async def show_places(
    request: Request,
    parts: CurrentParts,
    who: Supervisor,
    text: Annotated[str | None, Query(max_length=80)] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> Response:
    """The gazetteer, a page at a time, with which places sound alike."""
    async with parts.sessions.begin() as session:
        version = await edits.version(session, places.KIND)
        found = await places_api.search(session, parts, text, after=after, limit=PAGE)
        await log_access(session, who.operator, "places")
    return page(
        request, "settings_places.html", who,
        section="places", sections=SECTIONS, version=version, kinds=places.KINDS,
        text=text or "", after=after, **found,
    )  # fmt: skip


@router.get("/desk/settings/import")
async def show_import(request: Request, parts: CurrentParts, who: Supervisor) -> Response:
    """The form to import a file of places, which shows first what it would change."""
    return page(
        request, "settings_import.html", who, section="places", sections=SECTIONS,
        megabytes=4, most=places.MOST_PLACES,
    )  # fmt: skip


@router.get("/desk/settings/routing")
async def show_routing(request: Request, parts: CurrentParts, who: Supervisor) -> Response:
    """The routing rules in order, and a form that tries them on a request."""
    language = _language(request)
    async with parts.sessions.begin() as session:
        standing = await editing_rules.standing(session, parts)
        known = await parts.gazetteer(session)
        await log_access(session, who.operator, "routing rules")
    return page(
        request, "settings_routing.html", who,
        section="routing", sections=SECTIONS, standing=standing, urgencies=URGENCIES,
        categories={code: parts.catalogue.name(code, language) for code in parts.catalogue.codes},
        areas=sorted({place.area for place in known.places.values() if place.area}),
    )  # fmt: skip


@router.get("/desk/settings/catalogue")
async def show_catalogue(request: Request, parts: CurrentParts, who: Supervisor) -> Response:
    """All categories, and which of them have texts that supervisors have changed."""
    async with parts.sessions.begin() as session:
        own = await text_overrides.all_of(session)
        await log_access(session, who.operator, "catalogue")
    held = text_overrides.overlay(parts.files, own)
    return page(
        request, "settings_catalogue.html", who,
        section="catalogue", sections=SECTIONS, entries=held.entries, own=own, hours=hours,
    )  # fmt: skip


@router.get("/desk/settings/catalogue/{code}")
async def show_text(request: Request, parts: CurrentParts, who: Supervisor, code: str) -> Response:
    """One category: its texts as they are now and as its file has them. Raises `NotFound`."""
    if not parts.files.is_service(code):
        raise NotFound("There is no such category.")
    async with parts.sessions.begin() as session:
        version = await edits.version(session, text_overrides.KIND)
        own = await text_overrides.all_of(session)
        await log_access(session, who.operator, f"catalogue: {code[:40]}")
    held = text_overrides.overlay(parts.files, own)
    return page(
        request, "settings_text.html", who,
        section="catalogue", sections=SECTIONS, version=version, code=code,
        now=catalogue.shown(held.get(code)), file=catalogue.shown(parts.files.get(code)),
        own=own.get(code), hours=hours,
    )  # fmt: skip


@router.get("/desk/settings/history")
async def show_history(
    request: Request,
    parts: CurrentParts,
    who: Supervisor,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The edits: who changed what from what to what, with a button that undoes it."""
    kind = kind if kind in edits.STORES else None
    async with parts.sessions.begin() as session:
        found = await edits.latest(session, kind=kind, before=before, limit=PAGE + 1)
        versions = await edits.versions(session)
        await log_access(session, who.operator, "settings: history")
    language = _language(request)
    return page(
        request, "settings_history.html", who,
        section="history", sections=SECTIONS, kinds=list(edits.STORES), kind=kind,
        edits=[(edit, told(edit, parts, language)) for edit in found[:PAGE]],
        versions=versions, older=found[PAGE - 1].id if len(found) > PAGE else None,
        clock=Clock.of(parts.settings.zone, language),
    )  # fmt: skip


def hours(minutes: int) -> str:
    """Minutes as hours with up to four significant digits: 1440 → "24", 90 → "1.5"."""
    return f"{minutes / 60:.4g}"


def told(edit: Edit, parts: Parts, language: str) -> list[dict[str, str]]:
    """``{name, before, after}`` in words, of the first `TOLD` items of an edit."""
    lines = []
    for key in list(edit.after)[:TOLD]:
        name = key
        if edit.kind == text_overrides.KIND:
            name = parts.files.name(key, language)
        elif edit.kind == routing_rules.KIND:
            name = say("desk.settings.rules", language)
        sides = [
            _words(edit.kind, side.get(key), parts, language) for side in (edit.before, edit.after)
        ]
        lines.append({"name": name, "before": sides[0], "after": sides[1]})
    return lines


def _words(kind: str, value: Any, parts: Parts, language: str) -> str:
    if value is None:
        key = "nothing" if kind == places.KIND else "the_file"
        return say(f"desk.settings.{key}", language)
    if kind == places.KIND:
        label = (
            say(f"desk.settings.kind.{value['kind']}", language)
            if value["kind"] in places.KINDS
            else value["kind"]
        )
        return " · ".join(filter(None, [label, value["area"], "|".join(value["aliases"])]))
    if kind == routing_rules.KIND:
        lines = [f"{n}. {rule_words(rule, parts, language)}" for n, rule in enumerate(value, 1)]
        return "\n".join(lines) or say("desk.settings.no_rules", language)
    return "\n".join(_text_lines(value, language))


def rule_words(rule: dict[str, Any], parts: Parts, language: str) -> str:
    """A rule in one line: its conditions, and the backend's title."""
    conditions = [
        "/".join(parts.catalogue.name(code, language) for code in rule["category"] or ()),
        "/".join(rule["area"] or ()),
        "/".join(say(f"desk.urgency.{u}", language) for u in rule["urgency"] or ()),
    ]
    known = " · ".join(filter(None, conditions)) or say("desk.settings.every", language)
    return f"{known} → {editing_rules.title_of(parts, rule['backend'])}"


def _text_lines(value: dict[str, Any], language: str) -> list[str]:
    lines = [
        f"{say(f'desk.settings.text.{name}', language)}: {value[name]['zh']} / {value[name]['en']}"
        for name in ("name", "description")
        if name in value
    ]
    if "deadline_minutes" in value:
        label = say("desk.settings.text.deadline", language)
        lines.append(f"{label}: {hours(value['deadline_minutes'])}")
    if "at_least" in value:
        label = say("desk.settings.text.at_least", language)
        lines.append(f"{label}: {say('desk.settings.at_least.' + value['at_least'], language)}")
    lines += [
        f"{say('chat.field.' + name, language)}: {asked['zh']} / {asked['en']}"
        for name, asked in value.get("questions", {}).items()
    ]
    return lines


def _language(request: Request) -> str:
    return language_of(request, request.query_params.get("lang"))
