"""The operators' list of requests, the most urgent first; every filter has its own URL."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from intake.catalogue.services import Catalogue
from intake.locale import catalog, say
from intake.runtime import Parts
from intake.service_requests import worklist
from intake.service_requests.worklist import Filters, Group
from intake.storage.models import Operator
from intake.web.access_log_throttle import log_look
from intake.web.api.schemas import masked
from intake.web.auth import CurrentParts, log_access
from intake.web.desk import reasons
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
NAMES = {  # parameter of the URL → attribute of `Filters`
    "area": "area",
    "field": "field",
    "category": "category",
    "group": "resident_group",
    "channel": "channel",
    "urgency": "urgency",
    "q": "words",
}
URGENCIES = ("emergency", "urgent", "normal")
Text = Annotated[str, Query(max_length=100)]


@router.get("/desk")
async def show(
    request: Request,
    parts: CurrentParts,
    who: Viewer,
    tab: Group | None = None,
    area: Text = "",
    field: Text = "",
    category: Text = "",
    group: Text = "",
    channel: Text = "",
    urgency: Text = "",
    q: Text = "",
    after: Text = "",
) -> Response:
    """One page of the list; for htmx only the part that is updated live.

    ``q`` is searched in all requests unless ``tab`` is given. ``after``: the cursor of the page.
    """
    given = {
        "area": area, "field": field, "category": category, "group": group,
        "channel": channel, "urgency": urgency, "q": q.strip(),
    }  # fmt: skip
    wanted = {name: value for name, value in given.items() if value}
    shown = tab or (Group.ALL if given["q"] else Group.WAITING)
    chosen: dict[str, Any] = {NAMES[name]: value for name, value in wanted.items()}
    filters = Filters(shown, **chosen)
    live = "hx-request" in request.headers
    async with parts.sessions.begin() as session:
        found = await worklist.page(session, filters, parts.catalogue, after=after or None)
        ringing = await worklist.ringing(session)
        counts = await worklist.counts(session)
        choices = None if live else await worklist.choices(session)
        if wanted.get("q") and not live:
            await log_access(session, who.operator, "search")
        else:
            await log_look(session, who.operator, "queue")
    here = {**({"tab": tab.value} if tab else {}), **wanted}
    answer = page(
        request,
        "queue_live.html" if live else "queue.html",
        who,
        found=found,
        ringing=ringing,
        tabs=[(g, counts.get(g), _address({**wanted, "tab": g.value})) for g in Group],
        tab=shown,
        named_tab=tab,
        given=given,
        here=_address({**here, **({"after": after} if after else {})}),
        first=_address(here),
        following=_address({**here, "after": found.next}) if found.next else None,
        at_first=not after,
        counted=worklist.COUNTED,
        masked=masked,
        **_words(request, parts, who.operator, choices),
    )
    answer.headers["Vary"] += ", HX-Request"
    return answer


def _address(values: dict[str, Any]) -> str:
    return "/desk" + (f"?{urlencode(values)}" if values else "")


def _words(
    request: Request, parts: Parts, me: Operator, choices: worklist.Choices | None
) -> dict[str, Any]:
    """Functions and choices for the template, in the viewer's language."""
    language = language_of(request, request.query_params.get("lang"))
    clock = Clock.of(parts.settings.zone, language)

    def named(kind: str, code: str | None) -> str:
        key = f"desk.{kind}.{code}"
        return say(key, language) if key in catalog("en") else code or ""

    def need(code: str | None) -> str:
        return parts.catalogue.name(code, language) if code else say("desk.queue.unknown", language)

    def why(found: list[dict[str, str]]) -> list[str]:
        return [reasons.in_words(r, parts.catalogue, language).rstrip("。.") for r in found]

    def besides_me(names: tuple[str, ...]) -> list[str]:
        return [name for name in names if name != me.name]

    def waited(since: datetime) -> str:
        seconds = max(0.0, (clock.now - since).total_seconds())
        return say("desk.js.queue_waited", language, time=lasts(seconds, language))

    picks: list[tuple[str, list[tuple[str, str]]]] = []
    if choices is not None:
        known = parts.catalogue
        picks = [
            ("area", [(area, area) for area in choices.areas]),
            ("field", [(f, named("field", f)) for f in _fields(known)]),
            ("category", [(code, need(code)) for code in (*known.entries, *known.intents)]),
            ("group", [(group, group) for group in choices.resident_groups]),
            ("channel", [(name, named("channel", name)) for name in choices.channels]),
            ("urgency", [(code, named("urgency", code)) for code in URGENCIES]),
        ]
    return {
        "clock": clock,
        "named": named,
        "need": need,
        "why": why,
        "besides_me": besides_me,
        "picks": picks,
        "left": lambda moment: in_words(moment, clock),
        "waited": waited,
    }


def _fields(known: Catalogue) -> list[str]:
    return sorted({entry.field for entry in known.entries.values()})


def in_words(moment: datetime, clock: Clock) -> str:
    """How long until a deadline, or since it; desk/src/countdown.ts must say the same."""
    seconds = (moment - clock.now).total_seconds()
    key = "left" if seconds >= 0 else "over"
    return say(f"desk.js.queue_{key}", clock.language, time=lasts(abs(seconds), clock.language))


def lasts(seconds: float, language: str) -> str:
    """A duration in its largest unit, rounded down; under a minute in words."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return say(f"desk.js.queue_{unit}", language, n=int(seconds // length))
    return say("desk.js.queue_moment", language)
