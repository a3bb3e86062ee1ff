"""The events and deliveries of one request, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from intake.lifecycle import Actor, Status
from intake.locale import catalog, say
from intake.runtime import Parts
from intake.service_requests import outlook
from intake.web.api.schemas import Detail
from intake.web.desk import reasons
from intake.web.desk.clock import Clock


def events(found: Detail, parts: Parts, clock: Clock) -> list[dict[str, Any]]:
    """The events, newest first, each with: at, what, who, why, changes (a list of sentences)."""
    named = catalog(clock.language)
    lines = []
    for event in reversed(found.events):
        what = named.get(f"desk.event.{event['kind']}") or event["kind"]
        if event["kind"] == "moved":
            what = say(f"desk.request.status.{event['to_status']}", clock.language)
        lines.append(
            {
                "at": event["created_at"],
                "what": what,
                "who": event["who"] or say(f"desk.actor.{event['actor']}", clock.language),
                "why": _why(event, found, parts, clock.language),
                "changes": _changes(event["changes"] or {}, clock),
            }
        )
    return lines


def deliveries(found: Detail, parts: Parts, language: str) -> list[dict[str, Any]]:
    """The deliveries to backends, the oldest first, each with: what, how it went, error, at."""
    return [
        {
            "what": say(
                f"desk.request.delivery.{row['kind']}",
                language,
                backend=outlook.title_of(parts, row["backend"]),
            ),
            "how": say(f"desk.request.delivery_is.{row['status']}", language),
            "error": row["error"],
            "at": row["delivered_at"] or row["created_at"],
        }
        for row in found.deliveries
    ]


def _why(event: Mapping[str, Any], found: Detail, parts: Parts, language: str) -> str | None:
    """The reason that an operator gave, or the codes of an automatic one in words, those that the
    request still has."""
    why: str | None = event["why"]
    if event["actor"] == Actor.OPERATOR or why is None:
        return why
    if event["to_status"] == Status.ROUTED:
        return outlook.title_of(parts, why)
    if event["kind"] != "review_reason" and event["to_status"] != Status.NEEDS_REVIEW:
        return why
    known = {one["code"]: reasons.in_words(one, parts.catalogue, language) for one in found.reasons}
    codes = why.split(", ")
    if not all(re.fullmatch("[a-z_]+", code) for code in codes):
        return why
    return say("desk.request.comma", language).join(known[c] for c in codes if c in known) or None


def _changes(changes: Mapping[str, Any], clock: Clock) -> list[str]:
    """Sentences for a change: fields from what to what, how a call went, until when it is held."""
    before, after = changes.get("from"), changes.get("to")
    if isinstance(before, dict) and isinstance(after, dict):
        named = catalog(clock.language)
        return [
            f"{named.get(f'desk.field.{name}', name)}: {before[name] or '–'} → {after[name] or '–'}"
            for name in after
        ]
    told = [str(changes["into"])] if changes.get("into") else []
    if outcome := changes.get("outcome"):
        told.append(say(f"desk.call.{outcome}", clock.language))
    for name, key in (("until", "desk.request.held"), ("again_at", "desk.request.rings_again")):
        if changes.get(name):
            at = clock.at(datetime.fromisoformat(changes[name]))
            told.append(say(key, clock.language, at=at))
    return told
