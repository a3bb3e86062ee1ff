"""What a turn does to a request that was filed before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import form
from intake.conversation.effects.drafts import RESIDENT
from intake.conversation.form import FIELDS
from intake.conversation.plan import AboutRequest, Agree, Cancel, Change, NotFixed, Rate
from intake.errors import AssistantError
from intake.lifecycle import ENDED, Actor, Status
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.models import Conversation, Message, ServiceRequest
from intake.understanding.values import Field, Understanding, Window

_OPEN = frozenset(Status) - ENDED
_FITTING: Mapping[type[AboutRequest], Collection[Status]] = {
    Cancel: _OPEN - {Status.DONE},
    Change: _OPEN,
    Agree: {Status.DONE},
    NotFixed: {Status.DONE},
    Rate: service_requests.RATED,
}
"""The statuses in which each step is possible; in others the answer to the resident would be
wrong."""


async def about_earlier(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    step: AboutRequest,
    reading: Understanding,
    parts: Parts,
) -> None:
    """Do one step to a locked request that was filed before.

    Raises `AssistantError` when the request's status does not allow the step any more.
    """
    status = Status(request.status)
    if status not in _FITTING[type(step)]:
        raise AssistantError("The request moved on during the turn.", code="turn_overtaken")
    message.service_request_id = request.id
    if isinstance(step, Cancel):
        request.told_in_chat = Status.CANCELLED.value
        await service_requests.advance(session, request, Status.CANCELLED, RESIDENT)
    elif isinstance(step, Change):
        changes = _changes(message, request, reading, parts)
        if changes:
            by = Author(Actor.RESIDENT, why=message.text)
            await service_requests.correct(session, request, changes, by, parts)
    elif isinstance(step, Agree):
        await service_requests.advance(session, request, Status.CLOSED, RESIDENT)
    elif isinstance(step, NotFixed):
        await service_requests.say_not_fixed(session, request, RESIDENT)
    else:
        by = Author(Actor.RESIDENT, why=message.text)
        await service_requests.rate(session, request, step.points, by)


def _changes(
    message: Message, request: ServiceRequest, read: Understanding, parts: Parts
) -> dict[str, Any]:
    """The values that the reading of a message gives a request, by column name."""
    zone = parts.settings.zone
    changes: dict[str, Any] = {}
    for name in FIELDS:
        value = read.get(name)
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
    return changes
