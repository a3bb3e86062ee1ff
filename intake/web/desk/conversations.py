"""Conversations at the desk: the list, those that wait for an operator first, and one in full."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Select, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from intake.conversation.wordless_message import position
from intake.errors import NotFound
from intake.locale import catalog, say
from intake.runtime import Parts
from intake.storage.models import (
    Attachment,
    ContactPoint,
    Conversation,
    Message,
    Recording,
    Resident,
    ServiceRequest,
)
from intake.web.access_log_throttle import log_look
from intake.web.api.attachments import SHOWN
from intake.web.api.request_detail import MEDIA_TYPES
from intake.web.auth import CurrentParts
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
LISTED = 100
HISTORY = 200
REQUESTS = 12
PLAYABLE = frozenset(MEDIA_TYPES) - {"amr", "silk", "caf", "3gp", "webm"}
"""Formats that every browser plays unconverted. Not WebM: phones record it without a length and
without an index to seek by."""


@router.get("/desk/conversations")
async def show_all(request: Request, parts: CurrentParts, who: Viewer) -> Response:
    """Conversations that operators handle, the longest waiting first; then the assistant's."""
    async with parts.sessions.begin() as session:
        waiting = await _lines(session, "operator", Conversation.handled_since.asc().nulls_last())
        others = await _lines(session, "assistant", Conversation.last_in_at.desc().nulls_last())
        await log_look(session, who.operator, "conversations")
    return page(
        request, "conversations.html", who,
        waiting=waiting, talking=others, **_words(request, parts),
    )  # fmt: skip


@router.get("/desk/conversations/{conversation_id}")
async def show_one(
    request: Request, parts: CurrentParts, who: Viewer, conversation_id: int
) -> Response:
    """The messages with pictures and recordings, and the resident's requests. Raises `NotFound`."""
    async with parts.sessions.begin() as session:
        found = await session.get(Conversation, max(0, min(conversation_id, 2**62)))
        if found is None:
            raise NotFound("There is no such conversation.")
        point = await session.get(ContactPoint, found.contact_point_id or 0)
        resident = await session.get(Resident, (point and point.resident_id) or 0)
        messages = list(
            await session.scalars(
                select(Message)
                .where(Message.conversation_id == found.id)
                .order_by(Message.id.desc())
                .limit(HISTORY + 1)
            )
        )
        media = await _media(session, [message.id for message in messages])
        about = await _requests(session, found)
        numbers = {row.id: row.tracking_number for row in about}
        await log_look(session, who.operator, f"conversation {found.id}: read")
    return page(
        request, "conversation.html", who,
        conversation=found, point=point, resident=resident, requests=about, numbers=numbers,
        messages=messages[:HISTORY][::-1], more=len(messages) > HISTORY, media=media,
        category=lambda code: parts.catalogue.name(code, _language(request)) if code else "–",
        state=lambda row: _state(row, _language(request)), position=position,
        **_words(request, parts),
    )  # fmt: skip


def _language(request: Request) -> str:
    return language_of(request, request.query_params.get("lang"))


def _words(request: Request, parts: Parts) -> dict[str, Any]:
    language = _language(request)
    clock = Clock.of(parts.settings.zone, language)

    def because(code: str | None) -> str:
        key = f"desk.conversations.because.{code}"
        return say(key if key in catalog("en") else "desk.conversations.because.other", language)

    def channel(name: str | None) -> str:
        key = f"desk.channel.{name}"
        return say(key, language) if key in catalog("en") else name or "–"

    return {"clock": clock, "because": because, "channel": channel}


def _state(message: Message, language: str) -> tuple[str, bool] | None:
    """(the state of a message of ours, whether it is an error); None once it has been sent."""
    if message.direction != "out" or message.sent_at is not None:
        return None
    error = message.send_error
    key = f"desk.conversations.error.{error}"
    why = say(key, language) if key in catalog("en") else error
    if message.waits:
        return say("desk.conversations.waits", language, why=why or ""), True
    if error:
        return say("desk.conversations.failed", language, why=why), True
    return say("desk.conversations.sending", language), False


async def _lines(session: AsyncSession, handled_by: str, order: Any) -> list[dict[str, Any]]:
    """A row for each conversation, with its latest message, its latest request's person, place and
    urgency, and how many messages could not be sent."""
    latest = (
        select(Message.text, Message.kind, Message.direction, Message.who)
        .where(Message.conversation_id == Conversation.id)
        .order_by(Message.id.desc())
        .limit(1)
        .lateral("latest")
    )
    unsent = (
        select(func.count().label("count"))
        .where(
            Message.conversation_id == Conversation.id,
            Message.direction == "out",
            Message.sent_at.is_(None),
            or_(Message.waits, Message.send_error.is_not(None)),
        )
        .lateral("unsent")
    )
    need = (
        select(ServiceRequest.person, ServiceRequest.place, ServiceRequest.urgency)
        .where(ServiceRequest.conversation_id == Conversation.id)
        .order_by(ServiceRequest.id.desc())
        .limit(1)
        .lateral("need")
    )
    statement: Select[Any] = (
        select(
            Conversation.id, Conversation.handled_since, Conversation.handed_because,
            Conversation.last_in_at, ContactPoint.channel, Resident.name,
            latest.c.text, latest.c.kind, latest.c.direction, latest.c.who,
            unsent.c.count.label("unsent"), need.c.person, need.c.place, need.c.urgency,
        )
        .outerjoin(ContactPoint, ContactPoint.id == Conversation.contact_point_id)
        .outerjoin(Resident, Resident.id == ContactPoint.resident_id)
        .outerjoin(latest, true())
        .outerjoin(unsent, true())
        .outerjoin(need, true())
        .where(Conversation.handled_by == handled_by)
        .order_by(order)
        .limit(LISTED)
    )  # fmt: skip
    return [dict(row._mapping) for row in await session.execute(statement)]


async def _media(session: AsyncSession, message_ids: list[int]) -> dict[int, dict[str, Any]]:
    """Message id → its attachment: id, and whether the page can show or play it."""
    rows = await session.execute(
        select(Attachment, Recording)
        .outerjoin(Recording, Recording.id == Attachment.recording_id)
        .where(Attachment.message_id.in_(message_ids))
    )
    found = {}
    for attachment, recording in rows.all():
        known = recording is not None and recording.format is not None
        found[attachment.message_id] = {
            "id": attachment.id,
            "picture": recording is None and attachment.media_type in SHOWN,
            "sound": known and recording.forgotten_at is None,
            "plays": known and recording.suffix in PLAYABLE,
            "seconds": round((recording and recording.duration_seconds) or 0),
            "forgotten": recording is not None and recording.forgotten_at is not None,
        }
    return found


async def _requests(session: AsyncSession, found: Conversation) -> list[ServiceRequest]:
    """The resident's requests, the newest first: those of the conversation, of its contact point
    and of the resident's household."""
    own = ServiceRequest.conversation_id == found.id
    if found.contact_point_id is not None:
        own = or_(own, ServiceRequest.contact_point_id == found.contact_point_id)
    homes = select(ServiceRequest.household_id).where(own, ServiceRequest.household_id.is_not(None))
    rows = await session.scalars(
        select(ServiceRequest)
        .where(or_(own, ServiceRequest.household_id.in_(homes)))
        .order_by(ServiceRequest.id.desc())
        .limit(REQUESTS)
    )
    return list(rows)
