"""Supervisors write the routing rules, and try them on a request before they save."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from intake.assistant.client import IntentRanking
from intake.catalogue import edits, routing_rules
from intake.catalogue.routing import RoutingRule, choose_backend, misfits
from intake.catalogue.routing_rules import Listed
from intake.errors import AssistantError, BadField
from intake.locale import say
from intake.runtime import Parts
from intake.service_requests import decision, understand
from intake.settings import Rule
from intake.storage.models import ServiceRequest
from intake.understanding.fields import Urgency
from intake.web.api import schemas
from intake.web.api.places import refuse
from intake.web.auth import CurrentParts, SeenVersion, Supervisor, by_number, log_access
from intake.web.language import language_of

router = APIRouter(prefix="/api/routing-rules", tags=["supervisors"])


class Rules(schemas.Strict):
    """The whole list, the first rule first."""

    rules: list[Listed] = Field(max_length=routing_rules.MOST_RULES)


class Question(schemas.Strict):
    """A request to try the rules on: these values, the request of ``number``, or ``text``.

    ``rules``: the list to try, instead of the one in use.
    """

    category: str | None = Field(None, max_length=64)
    area: str | None = Field(None, max_length=80)
    urgency: Urgency = "normal"
    number: str | None = Field(None, max_length=40)
    text: str | None = Field(None, max_length=2000)
    rules: list[Listed] | None = Field(None, max_length=routing_rules.MOST_RULES)


@router.get("", summary="The routing rules")
async def read(parts: CurrentParts, operator: Supervisor, response: Response) -> dict[str, Any]:
    """``own``: they were written at the desk; else they come from the settings file."""
    async with parts.sessions.begin() as session:
        found = await standing(session, parts)
        await log_access(session, operator, "routing rules")
    response.headers["ETag"] = f'"{found["version"]}"'
    return found


async def standing(session: AsyncSession, parts: Parts) -> dict[str, Any]:
    """The rules in use, where they come from, and what they may name."""
    version = await edits.version(session, routing_rules.KIND)
    own = await routing_rules.own(session)
    held: Sequence[Rule] = parts.settings.routing.rules if own is None else own
    return {
        "version": version,
        "own": own is not None,
        "rules": routing_rules.to_json(held),
        "unreached": [index + 1 for index in routing_rules.unreached(held)],
        "default": parts.settings.routing.default,
        "backends": {name: title_of(parts, name) for name in parts.backends},
    }


@router.put("", summary="Write the routing rules")
async def put(
    request: Request, parts: CurrentParts, operator: Supervisor, seen: SeenVersion, body: Rules
) -> dict[str, Any]:
    """Replaces all rules; they hold from the next request on."""
    _check(request, parts, body.rules)
    return await _save(
        parts, operator.name, operator, "change", routing_rules.to_json(body.rules), seen
    )


@router.delete("", summary="Back to the settings file's rules")
async def reset(parts: CurrentParts, operator: Supervisor, seen: SeenVersion) -> dict[str, Any]:
    """The rules that were written at the desk stay in the history."""
    return await _save(parts, operator.name, operator, "reset", None, seen)


async def _save(
    parts: Parts, who: str, operator: Any, action: str, listed: Any, seen: int
) -> dict[str, Any]:
    async with parts.sessions.begin() as session:
        await edits.change(
            session, routing_rules.KIND, action, {routing_rules.LIST: listed}, who=who, seen=seen
        )
        await log_access(session, operator, f"routing rules: {action}")
        return await standing(session, parts)


@router.post("/try", summary="Try the rules on a request")
async def try_out(
    request: Request, parts: CurrentParts, operator: Supervisor, body: Question
) -> dict[str, Any]:
    """Which rule applies, which backend it names, and why; nothing is saved or sent."""
    language = language_of(request, None)
    if body.rules is not None:
        _check(request, parts, body.rules)
    async with parts.sessions.begin() as session:
        await log_access(session, operator, "routing rules: try")
        listed: Sequence[RoutingRule] = body.rules or ()
        if body.rules is None:
            listed = await routing_rules.current(session, parts.settings.routing)
        if body.number:
            about = await by_number(session, body.number)
            await log_access(session, operator, "routing rules: try", about)
            found = _known(about)
        elif not body.text:
            found = {"category": body.category, "area": body.area, "urgency": body.urgency}
            if body.category is not None and body.category not in parts.catalogue.codes:
                raise BadField(f"There is no category {body.category!r}.", field="category")
    if body.text and not body.number:
        found = await _understood(parts, body.text.replace("\x00", ""), language)
    return {**found, **_outcome(parts, listed, found, language)}


def _known(request: ServiceRequest) -> dict[str, Any]:
    names = ("category", "area", "urgency", "place")
    return {name: getattr(request, name) for name in names} | {"sent_to": request.route_to}


async def _understood(parts: Parts, text: str, language: str) -> dict[str, Any]:
    """A sentence read as if it came by voicemail now: its fields, and the reasons for review."""
    async with parts.sessions() as session:
        gazetteer = await parts.gazetteer(session)
    opinion, silent = IntentRanking(()), parts.assistant is None
    try:
        if parts.assistant is not None:
            opinion = await parts.assistant.parse(text)
    except AssistantError:
        silent = True
    said = ServiceRequest(text=text, language=language, received_at=datetime.now(UTC))
    read = await asyncio.to_thread(
        understand.read, said, (), opinion.ranking, gazetteer, parts, danger=opinion.danger
    )
    verdict = decision.judge(
        read,
        category=read.category,
        urgency=read.urgency,
        notes=(),
        catalogue=parts.catalogue,
        limits=parts.settings.deciding,
    )
    reasons = [r for r in verdict.reasons if not (silent and r["code"].startswith("category"))]
    return {
        "category": read.category if parts.catalogue.is_service(read.category or "") else None,
        "area": read.area,
        "urgency": read.urgency,
        "place": read.place.value if read.place else None,
        "assistant": not silent,
        "review": [reason.get(language, reason["en"]) for reason in reasons],
    }


def _outcome(
    parts: Parts, listed: Sequence[RoutingRule], found: dict[str, Any], language: str
) -> dict[str, Any]:
    """Which rule applies, and why those before it don't."""
    about = {name: found[name] for name in ("category", "area", "urgency")}
    default = parts.settings.routing.default
    chosen = choose_backend(listed, default, **about)
    steps: list[dict[str, Any]] = []
    rule = None
    for number, tried in enumerate(listed, 1):
        fails = misfits(tried, **about)
        names = [say(f"desk.settings.condition.{name}", language) for name in fails]
        why = say("desk.settings.fails", language, what=" · ".join(names)) if fails else None
        steps.append({"rule": number, "backend": tried.backend, "fails": fails, "why": why})
        if not fails:
            rule = number
            break
    sent_to = found.get("sent_to")
    backend = sent_to or chosen
    code = "sent" if sent_to else "default" if rule is None else "rule"
    because = say(
        f"desk.settings.because.{code}", language, rule=rule, backend=title_of(parts, backend)
    )
    return {
        "category_name": parts.catalogue.name(found["category"], language)
        if found["category"]
        else None,
        "rule": None if sent_to else rule,
        "backend": backend,
        "backend_title": title_of(parts, backend),
        "known": backend in parts.backends,
        "because": because,
        "steps": steps,
    }


def _check(request: Request, parts: Parts, listed: Sequence[Listed]) -> None:
    if found := routing_rules.wrong(listed, parts.backends, parts.catalogue.codes):
        raise refuse(request, found[1], f"rules.{found[0] - 1}")


def title_of(parts: Parts, backend: str) -> str:
    """What people call a backend."""
    return str(parts.settings.backends.get(backend, {}).get("title") or backend)
