"""A resident's message comes in: it is kept, and what it needs is started with it.

A door checks the sender, stores media, and calls `take_in` in one transaction; only then does it
acknowledge. Words about life and limb are answered here, before any queue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import languages, reason, say
from intake.runtime import Parts
from intake.service_requests import By, Opening
from intake.storage.jobs import defer
from intake.storage.models import Attachment, Conversation, Message, Recording, ServiceRequest
from intake.understanding import safety
from intake.understanding.spoken_text import Heard
from speech import AudioInfo

EMERGENCY_LASTS = timedelta(minutes=30)
DIAL = "120 / 119 / 110"
QUIET = "told_in_chat"
"""In `given`: she heard of this status in the conversation; `tell` needn't say it again."""
TEXT_LIMIT = 4000  # characters of one message that are read; Open311 takes no longer description


@dataclass(frozen=True, slots=True)
class Media:
    """A voice or a picture whose bytes are fsynced in `parts.blobs` already.

    `sound`: what a voice holds; None for a picture, and for a sound that we don't know.
    """

    blob_key: str
    sha256: bytes
    size_bytes: int
    media_type: str
    sound: AudioInfo | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a channel hands it over.

    `address`: whom to answer there. `external_id`: the sender's message id; the same one twice is
    one message. `received_at` is aware. `text`: the words; for a location its label, for an event
    its name ("follow", "menu:CALL"). `data`: small JSON that the channel wants back when it sends.
    """

    channel: str
    address: str
    external_id: str
    received_at: datetime
    kind: Literal["text", "voice", "image", "location", "event"] = "text"
    text: str | None = None
    media: Media | None = None
    language: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


async def take_in(session: AsyncSession, inbound: Inbound, parts: Parts) -> int | None:
    """Keep one message and start what it needs, in the caller's transaction.

    Contact point, conversation, message, the job `converse`; life-safety words raise the alarm at
    once and are answered at once. Returns the message's id, None for one that is known already.
    """
    conversation = await _conversation(session, inbound)
    message_id = await _message(session, conversation, inbound)
    if message_id is None:
        return None
    if inbound.media is not None:
        await _media(session, message_id, inbound)
    spoken = inbound.kind == "voice" and not inbound.text
    if inbound.text and inbound.kind in ("text", "voice") and is_emergency(inbound.text):
        await emergency(session, conversation, inbound.text, inbound.received_at, parts)
    await send_waiting(session, conversation.id)
    await defer(
        session,
        "converse",
        lock=lock_of(conversation.id),
        queue="hearing" if spoken else None,
        message_id=message_id,
    )
    return message_id


def is_emergency(text: str, *, spoken: bool = False) -> bool:
    """The life-safety rules alone."""
    heard = Heard.of(text[:TEXT_LIMIT], spoken=spoken)
    return safety.read_safety(heard).urgency == "emergency"


def lock_of(conversation_id: int) -> str:
    """The queue's lock that keeps one conversation in order."""
    return f"conversation-{conversation_id}"


async def lock(session: AsyncSession, conversation_id: int) -> Conversation:
    """Take the conversation's row for writing."""
    return await session.get_one(
        Conversation, conversation_id, with_for_update=True, populate_existing=True
    )


async def lock_with(session: AsyncSession, message_id: int) -> tuple[Message, Conversation]:
    """Take the conversation of a message that came in it, and the message as it is by then."""
    message = await session.get_one(Message, message_id)
    assert message.conversation_id is not None
    conversation = await lock(session, message.conversation_id)
    await session.refresh(message)
    return message, conversation


async def reply(
    session: AsyncSession,
    conversation_id: int,
    text: str,
    *,
    code: str,
    language: str | None = None,
    service_request_id: int | None = None,
    who: str | None = None,
) -> Message:
    """Store one message to the resident and start sending it."""
    message = Message(
        conversation_id=conversation_id,
        service_request_id=service_request_id,
        direction="out",
        code=code,
        text=text,
        language=language,
        who=who,
    )
    session.add(message)
    await session.flush()
    await send(session, conversation_id)
    return message


async def send(session: AsyncSession, conversation_id: int) -> None:
    """Start sending what is stored and not sent yet."""
    await defer(session, "send", lock=f"send-{conversation_id}", conversation_id=conversation_id)


async def send_waiting(session: AsyncSession, conversation_id: int) -> None:
    """She wrote, so the way to her is open again: what waited goes out first."""
    waiting = (
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "out",
            Message.sent_at.is_(None),
            or_(Message.waits, Message.send_error.is_not(None)),
        )
        .with_for_update()
    )
    rows = (await session.scalars(waiting)).all()
    for message in rows:
        message.waits = False
        message.send_error = None
    if rows:
        await session.flush()
        await send(session, conversation_id)


async def emergency(
    session: AsyncSession,
    conversation: Conversation,
    text: str,
    received_at: datetime,
    parts: Parts,
) -> ServiceRequest:
    """Somebody is in danger: raise the open request or open one, alarm, and say whom to ring."""
    request = await _in_danger(session, conversation)
    by = By(Actor.DOOR)
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
    request.urgency = "emergency"
    request.deadline_at = received_at + timedelta(minutes=3)
    request.given = {**request.given, QUIET: Status.NEEDS_REVIEW.value}
    await service_requests.review(session, request, [reason("emergency")], by)
    await service_requests.raise_alarm(session, request)
    conversation.state = {"emergency": request.id, "since": received_at.isoformat()}
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
    """What was being said when danger came up: an open emergency, else the open draft."""
    state = conversation.state
    ids = [state.get("emergency"), *(draft["id"] for draft in state.get("drafts", ()))]
    for found in filter(None, ids):
        request = await service_requests.lock(session, found)
        if Status(request.status) not in ENDED:
            return request
    return None


async def _conversation(session: AsyncSession, inbound: Inbound) -> Conversation:
    """The conversation with this address, its row taken: one message after the other."""
    point = await service_requests.contact_point(session, inbound.channel, inbound.address)
    language = inbound.language if inbound.language in languages() else None
    values = {
        "contact_point_id": point,
        "language": language,
        "last_in_at": inbound.received_at,
    }
    changed: dict[str, Any] = {
        "last_in_at": func.greatest(Conversation.last_in_at, inbound.received_at)
    }
    if language is not None:
        changed["language"] = language
    statement = (
        insert(Conversation)
        .values(values)
        .on_conflict_do_update(index_elements=["contact_point_id"], set_=changed)
        .returning(Conversation.id)
    )
    conversation = await lock(session, (await session.execute(statement)).scalar_one())
    if conversation.language is None and inbound.kind == "text" and inbound.text:
        conversation.language = _written_in(inbound.text)
    return conversation


def _written_in(text: str) -> str | None:
    """The language by the script; None where there are no letters at all."""
    if re.search("[\u3400-\u9fff]", text):
        return "zh"
    return "en" if re.search("[A-Za-z]{2}", text) else None


async def _message(
    session: AsyncSession, conversation: Conversation, inbound: Inbound
) -> int | None:
    statement = (
        insert(Message)
        .values(
            conversation_id=conversation.id,
            direction="in",
            external_id=inbound.external_id,
            kind=inbound.kind,
            text=inbound.text,
            language=inbound.language,
            data=dict(inbound.data),
            received_at=inbound.received_at,
        )
        .on_conflict_do_nothing(index_elements=["conversation_id", "direction", "external_id"])
        .returning(Message.id)
    )
    found: int | None = (await session.execute(statement)).scalar_one_or_none()
    return found


async def _media(session: AsyncSession, message_id: int, inbound: Inbound) -> None:
    media = inbound.media
    assert media is not None
    attachment = Attachment(message_id=message_id, media_type=media.media_type)
    if inbound.kind == "voice":
        sound = media.sound
        recording = Recording(
            blob_key=media.blob_key,
            sha256=media.sha256,
            size_bytes=media.size_bytes,
            format=sound.format if sound else None,
            codec=sound.codec if sound else None,
            duration_seconds=sound.duration_seconds if sound else None,
            recorded_at=inbound.received_at,
        )
        session.add(recording)
        await session.flush()
        attachment.recording_id = recording.id
    else:
        attachment.blob_key = media.blob_key
    session.add(attachment)
    await session.flush()


async def _channel(session: AsyncSession, conversation: Conversation) -> str:
    point = await service_requests.point_of(session, conversation.contact_point_id)
    return point.channel if point is not None else "webchat"


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)
