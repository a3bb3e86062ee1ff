"""A resident's message comes in: it is stored together with the job that acts on it.

A channel checks the sender, stores media, calls `take_in` in a transaction, and acknowledges the
message only after the commit. Messages about danger to life are answered here, before any job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation.emergency import emergency, is_emergency
from intake.conversation.locks import lock, lock_of
from intake.conversation.outbox import send_waiting
from intake.locale import languages
from intake.runtime import Parts
from intake.storage.jobs import defer
from intake.storage.models import Attachment, Conversation, Message, Recording
from speech import AudioInfo


@dataclass(frozen=True, slots=True)
class Media:
    """A voice recording or a picture whose bytes are fsynced in `parts.blobs` already.

    `sound`: format, codec and duration of a recording; None for a picture, and for a recording in
    an unknown format.
    """

    blob_key: str
    sha256: bytes
    size_bytes: int
    media_type: str
    sound: AudioInfo | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message as a channel passes it on.

    `address`: the resident's address on the channel. `external_id`: the sender's message id; a
    second message with the same id is the same message. `received_at` is aware. `text`: the words;
    for a location its label, for an event its name ("follow", "menu:CALL"). `data`: a small JSON
    object that the channel is given again when it sends the answer.
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
    """Store one message and defer the job `converse` for it, in the caller's transaction.

    Contact point and conversation are created if they are new. Words about danger to life raise the
    alarm and are answered at once. Returns the message's id, None for one that is stored already.
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


async def _conversation(session: AsyncSession, inbound: Inbound) -> Conversation:
    """The conversation with this address, its row locked: its messages are stored in turn."""
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
    """The language that the script shows, "zh" or "en"; None where there are no letters."""
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
