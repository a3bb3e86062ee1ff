"""A voice message in a conversation: its transcript becomes its text."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.conversation import emergency, locks
from intake.conversation.handover import leave
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests import transcription
from intake.storage.models import Attachment, Message, Recording
from speech.errors import NotAudio, TooLong


async def hear(parts: Parts, message_id: int) -> float | None:
    """Transcribe a voice message once; its transcript becomes its text.

    Danger raises an emergency here. What can't be decoded or holds no speech goes to the operators.
    Returns the classifier's score for danger (0..1) in the transcript; None where nothing was
    transcribed now. Raises `SpeechError`.
    """
    async with parts.sessions() as session:
        message = await session.get_one(Message, message_id)
        recording = await recording_of(session, message)
    if message.kind != "voice" or message.text is not None or recording is None:
        return None
    try:
        transcribed = await transcription.transcribe(parts, recording, message.language)
    except (NotAudio, TooLong) as error:
        await leave(parts, message_id, transcription.failure_reason(error))
        return None
    heard = transcribed.heard
    danger = await transcription.learned_danger(parts, heard.text, heard.alternatives)
    async with parts.sessions.begin() as session:
        message, conversation = await locks.lock_with(session, message_id)
        if message.text is not None:
            return None
        session.add(transcribed.row(recording))
        message.text = heard.text
        if transcribed.danger or danger >= parts.settings.deciding.alarm_from:
            request = await emergency.emergency(
                session, conversation, heard.text, message.received_at or message.created_at, parts
            )
            request.recording_id = request.recording_id or recording.id
    if not heard.text.strip():
        await leave(parts, message_id, reason("no_speech"))
    return danger


async def recording_of(session: AsyncSession, message: Message) -> Recording | None:
    """The recording of a voice message; None for other messages."""
    attachment = await session.scalar(
        select(Attachment).where(
            Attachment.message_id == message.id, Attachment.recording_id.is_not(None)
        )
    )
    return await session.get(Recording, attachment.recording_id) if attachment else None
