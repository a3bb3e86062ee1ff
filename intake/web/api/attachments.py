"""Pictures and voice messages of a conversation, for operators."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import NotFound
from intake.storage.models import Attachment, Message, Recording, ServiceRequest
from intake.web.api import audio
from intake.web.auth import CurrentOperator, CurrentParts, log_access

router = APIRouter(prefix="/api/conversations", tags=["operators"])
SHOWN = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "video/mp4": "mp4",
}
"""Types that a browser may show within the page, because none of them can run a script; any other
file is offered as a download."""


@router.get("/{conversation_id}/attachments", summary="What came with a conversation's messages")
async def list_attachments(
    parts: CurrentParts, operator: CurrentOperator, conversation_id: int
) -> list[dict[str, Any]]:
    """Oldest first: id, message_id, kind (voice or image), media_type, at."""
    async with parts.sessions.begin() as session:
        rows = await session.execute(
            select(Attachment, Message)
            .join(Message, Message.id == Attachment.message_id)
            .where(Message.conversation_id == min(conversation_id, 2**62))
            .order_by(Attachment.id)
        )
        await log_access(session, operator, "attachments")
        return [
            {
                "id": attachment.id,
                "message_id": message.id,
                "kind": message.kind,
                "media_type": attachment.media_type,
                "at": message.received_at or message.created_at,
            }
            for attachment, message in rows.all()
        ]


@router.get(
    "/{conversation_id}/attachments/{attachment_id}",
    summary="A picture or a voice message",
    response_class=FileResponse,
)
async def read_attachment(
    parts: CurrentParts,
    operator: CurrentOperator,
    conversation_id: int,
    attachment_id: int,
    form: audio.Form = None,
    part: audio.Part = None,
) -> Response:
    """The bytes as they came, with ``nosniff``. ``as=wav``: a voice message as every browser plays
    it, 16 kHz mono, `speech.audio.MAX_SECONDS` at most."""
    async with parts.sessions.begin() as session:
        attachment, message = await _find(session, conversation_id, attachment_id)
        recording = await session.get(Recording, attachment.recording_id or 0)
        request = await session.get(ServiceRequest, message.service_request_id or 0)
        await log_access(session, operator, "attachment", request)
    name = f"conversation-{conversation_id}-{attachment.id}"
    if recording is not None:
        return await audio.response(parts, recording, name, form, part)
    if form is not None:
        raise NotFound("This attachment is not a voice message.")
    ending = SHOWN.get(attachment.media_type)
    return FileResponse(
        parts.blobs.path(attachment.blob_key or ""),
        media_type=attachment.media_type if ending else "application/octet-stream",
        filename=f"{name}.{ending or 'bin'}",
        content_disposition_type="inline" if ending else "attachment",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )


async def _find(
    session: AsyncSession, conversation_id: int, attachment_id: int
) -> tuple[Attachment, Message]:
    found = (
        await session.execute(
            select(Attachment, Message)
            .join(Message, Message.id == Attachment.message_id)
            .where(
                Attachment.id == min(attachment_id, 2**62),
                Message.conversation_id == min(conversation_id, 2**62),
            )
        )
    ).one_or_none()
    if found is None:
        raise NotFound("This conversation has no such attachment.")
    return found[0], found[1]
