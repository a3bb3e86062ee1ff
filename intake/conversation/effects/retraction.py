"""Danger that its writer takes back: the people on duty see it and decide, and the need that was
being arranged goes on as a request of its own."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import outbox, phrases
from intake.conversation import state as conversation_state
from intake.conversation.effects.drafts import RESIDENT, keep
from intake.conversation.form import FIELDS, State, Turn
from intake.locale import reason, say
from intake.runtime import Parts
from intake.storage.models import Conversation, Message, ServiceRequest

QUOTED = 60
"""The most characters of the message that are quoted to the people on duty."""


async def take_back(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    parts: Parts,
) -> None:
    """Write into the locked emergency that it was taken back, and go on with the need.

    The emergency stays one until a person on duty decides otherwise.
    """
    text = message.text or ""
    request.text = "\n".join(filter(None, (request.text, text)))
    why = reason("danger_taken_back", said=text.strip()[:QUOTED])
    await service_requests.review(session, request, [why], RESIDENT)
    before = conversation_state.load(conversation).before
    conversation_state.save(conversation)
    language = conversation.language or message.language
    lines = [say("chat.danger_taken_back", language)]
    if before.drafts:
        form = replace(before, drafts=tuple(replace(d, id=None) for d in before.drafts), misses=0)
        await keep(session, conversation, message, form, parts)
        lines.append(_next_line(form, parts, language))
    message.service_request_id = request.id
    for line in lines:
        await outbox.reply(
            session,
            conversation.id,
            line,
            code="chat",
            language=language,
            service_request_id=request.id,
        )


def _next_line(form: State, parts: Parts, language: str | None) -> str:
    """The question that was open, or the reading back."""
    turn = Turn(form, "ask" if form.asked in FIELDS else "read_back")
    _, question = phrases.lines(turn, parts.catalogue, language)
    return question or ""
