"""What becomes of a request that was filed before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import context, form
from intake.conversation.effects.drafts import RESIDENT
from intake.conversation.emergency import QUIET
from intake.conversation.form import FIELDS
from intake.errors import AssistantError
from intake.lifecycle import ENDED, Actor, Status
from intake.runtime import Parts
from intake.service_requests import By
from intake.storage.models import Conversation, Message, ServiceRequest
from intake.understanding.values import Field, Window

_OPEN = frozenset(Status) - ENDED
_FITTING: Mapping[str, Collection[Status]] = {
    "cancel": _OPEN - {Status.DONE},
    "change": _OPEN,
    "agree": {Status.DONE},
    "not_fixed": {Status.DONE},
    "rate": {Status.DONE, Status.CLOSED},
}
"""Where a request stands when this can be done to it; what she was told would else be wrong."""


async def about_earlier(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    step: Mapping[str, Any],
    parts: Parts,
) -> None:
    """Something about a request that was filed before."""
    what, status = step["do"], Status(request.status)
    if status not in _FITTING[what]:
        raise AssistantError("The request moved on during the turn.", code="turn_overtaken")
    message.service_request_id = request.id
    if what == "cancel":
        request.given = {**request.given, QUIET: Status.CANCELLED.value}
        await service_requests.advance(session, request, Status.CANCELLED, RESIDENT)
    elif what == "change":
        changes = await _changes(session, conversation, message, request, parts)
        if changes:
            by = By(Actor.RESIDENT, why=message.text)
            await service_requests.correct(session, request, changes, by)
    elif what == "agree":
        await service_requests.advance(session, request, Status.CLOSED, RESIDENT)
    elif what == "not_fixed":
        await service_requests.advance(session, request, Status.ROUTED, RESIDENT)
        await service_requests.tell_backend(session, request, "changed")
    elif what == "rate":
        points = int(step["points"])
        await service_requests.rate(session, request, points, RESIDENT)
        if status is Status.DONE and points > 2:
            await service_requests.advance(session, request, Status.CLOSED, RESIDENT)
        elif points <= 2:
            sentence = f"{request.tracking_number}: {points}/5 — {message.text}"
            await service_requests.ask_operators(session, request, "low_rating", sentence)


async def _changes(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    parts: Parts,
) -> dict[str, Any]:
    read = await context.read(parts, session, conversation, message)
    zone = parts.settings.zone
    changes: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(read, name)
        if value is None:
            continue
        if name == "when":
            if request.when_start and request.when_end:
                known = Window(
                    request.when_start.astimezone(zone).replace(tzinfo=None),
                    request.when_end.astimezone(zone).replace(tzinfo=None),
                )
                value = form.same_day(Field(known, None, 1.0), value, message.text or "")
            changes["when_start"] = value.value.start.replace(tzinfo=zone)
            changes["when_end"] = value.value.end.replace(tzinfo=zone)
        else:
            changes[name] = value.value
            if name == "place":
                changes["area"] = read.area
    return changes
