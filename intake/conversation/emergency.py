"""Somebody is in danger: the emergency request, its alarm, and the answers while it is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import locks
from intake.conversation import state as conversation_state
from intake.conversation.outbox import reply
from intake.conversation.state import ConversationState
from intake.conversation.wordless_message import position
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason, say
from intake.locale.emergency_numbers import DIAL
from intake.runtime import Parts
from intake.service_requests import Author, Opening
from intake.storage.models import Conversation, Message, ServiceRequest
from intake.understanding import safety, unit
from intake.understanding.fields import READ_TEXTS
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Field, Understanding

EMERGENCY_LASTS = timedelta(minutes=30)
"""For so long after its start the messages of a conversation are added to an open emergency."""
TEXT_LIMIT = 4000
"""Characters of one message that are read; Open311 takes no longer description."""


def is_emergency(text: str, *, spoken: bool = False) -> bool:
    """Whether the life-safety rules alone find danger. `spoken`: the text is a transcript."""
    heard = Heard.of(text[:TEXT_LIMIT], spoken=spoken)
    return safety.read_safety(heard).urgency == "emergency"


async def emergency(
    session: AsyncSession,
    conversation: Conversation,
    text: str,
    received_at: datetime,
    parts: Parts,
) -> ServiceRequest:
    """Make the open emergency or draft an emergency, or open one; alarm, and say whom to ring."""
    request = await _in_danger(session, conversation)
    by = Author(Actor.DOOR)
    if request is None:
        opening = Opening(
            channel=await _channel(session, conversation),
            language=conversation.language,
            contact_point_id=conversation.contact_point_id,
            received_at=received_at,
        )
        opened = await service_requests.open_request(
            session, opening, by=by, status=Status.NEEDS_REVIEW
        )
        request = await service_requests.lock(session, opened.id)
        request.conversation_id = conversation.id
    if text not in (request.text or ""):
        request.text = "\n".join(filter(None, (request.text, text)))
    request.told_in_chat = Status.NEEDS_REVIEW.value
    await service_requests.review(session, request, [reason("emergency")], by)
    await service_requests.declare_emergency(session, request)
    if "when" not in request.corrected:
        request.when_start = request.when_end = None  # nobody waits for an appointment now
    known = conversation_state.load(conversation)
    before = known.form if known.emergency is None else known.before
    opened_state = ConversationState(emergency=request.id, since=received_at, before=before)
    conversation_state.save(conversation, opened_state)
    conversation.tracker = None
    await session.flush()
    words = say("tell.emergency", conversation.language, number=request.tracking_number, dial=DIAL)
    await reply(
        session,
        conversation.id,
        words,
        code="emergency",
        language=conversation.language,
        service_request_id=request.id,
    )
    return request


async def _in_danger(session: AsyncSession, conversation: Conversation) -> ServiceRequest | None:
    """The request that the danger belongs to: the open emergency, else the open draft."""
    state = conversation_state.load(conversation)
    ids = [state.emergency, *(draft.id for draft in state.form.requests)]
    for found in filter(None, ids):
        request = await service_requests.lock(session, found)
        if Status(request.status) not in ENDED:
            return request
    return None


async def _channel(session: AsyncSession, conversation: Conversation) -> str:
    point = await service_requests.point_of(session, conversation.contact_point_id)
    return point.channel if point is not None else "webchat"


async def open_emergency(
    session: AsyncSession, conversation: Conversation, at: datetime | None
) -> ServiceRequest | None:
    """The emergency that this conversation is about at `at` (None: now), its row locked.

    None without one. One that has ended, is too old or is no emergency any more clears the state.
    """
    state = conversation_state.load(conversation)
    if state.emergency is None or state.since is None:
        return None
    request = await service_requests.lock(session, state.emergency)
    over = (at or locks.now()) - state.since > EMERGENCY_LASTS
    if over or Status(request.status) in ENDED or request.urgency != "emergency":
        conversation_state.save(conversation)
        return None
    return request


async def danger(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    reading: Understanding,
    parts: Parts,
) -> None:
    """Raise the emergency, and write into it what was read in the message."""
    received = message.received_at or message.created_at
    request = await emergency(session, conversation, message.text or "", received, parts)
    await add_to_emergency(session, conversation, message, request, reading, parts)


async def add_to_emergency(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    reading: Understanding,
    parts: Parts,
) -> None:
    """Add a message to the emergency; ask once for the place if it is still unknown."""
    message.service_request_id = request.id
    new = _told(message) not in (request.text or "")
    await fill(session, request, message, reading, parts)
    state = conversation_state.load(conversation)
    if not request.place and not state.asked_where:
        conversation_state.save(conversation, replace(state, asked_where=True))
        words, code = say("chat.emergency.where", conversation.language), "emergency_where"
    elif new:
        words = say("chat.emergency.noted", conversation.language, dial=DIAL)
        code = "emergency_noted"
    else:
        return
    await reply(
        session,
        conversation.id,
        words,
        code=code,
        language=conversation.language,
        service_request_id=request.id,
    )


def _told(message: Message) -> str:
    """Its words; of a location without a label its coordinates: help can be sent there."""
    where = position(message.data) if message.kind == "location" else None
    return message.text or (f"[{where}]" if where else "")


async def fill(
    session: AsyncSession,
    request: ServiceRequest,
    message: Message,
    read: Understanding,
    parts: Parts,
) -> None:
    """Add a message's words and fields to a locked request; corrected fields stay as they are."""
    text, told = _told(message), request.text or ""
    if text not in told:
        request.text = "\n".join(filter(None, (told, text)))
    for name in READ_TEXTS:
        value = read.get(name)
        if name == "unit" and request.unit and text not in told:
            value = unit.continued_field(Field(request.unit, None, 1.0), told, value, text)
        if value is not None and name not in request.corrected:
            setattr(request, name, value.value)
            if name == "place":
                request.area = await service_requests.area_of(session, parts, request.place)
    request.version += 1
    request.updated_at = locks.now()
    await session.flush()
