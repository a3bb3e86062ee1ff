"""Drafts that their residents do not go on with."""

from __future__ import annotations

from datetime import timedelta

from intake import service_requests
from intake.conversation import effects, locks
from intake.conversation import state as conversation_state
from intake.lifecycle import Status
from intake.locale import reason
from intake.runtime import Parts
from intake.storage.models import ServiceRequest


async def abandon(parts: Parts, service_request_id: int) -> None:
    """Put a draft into review, with what is known, when its resident wrote nothing for too long.

    Too long is `chat.draft_minutes`. A draft that changed later than that is checked again when
    the rest of the time is over; a request that is no draft any more is left as it is.
    """
    async with parts.sessions.begin() as session:
        request = await session.get_one(ServiceRequest, service_request_id)
        if request.conversation_id is None:
            return
        conversation = await locks.lock(session, request.conversation_id)
        request = await service_requests.lock(session, service_request_id)
        if Status(request.status) is not Status.RECEIVED:
            return
        quiet = timedelta(minutes=parts.settings.chat.draft_minutes)
        left = request.updated_at + quiet - locks.now()
        if left > timedelta(0):
            await effects.watch(session, request, left)
            return
        await effects.review_draft(session, request, reason("chat_abandoned"), parts)
        if request.id in [
            draft.id for draft in conversation_state.load(conversation).form.requests
        ]:
            conversation_state.save(conversation)
            conversation.tracker = None
