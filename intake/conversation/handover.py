"""Messages that the assistant can't handle go to the operators; the resident is told so once."""

from __future__ import annotations

from intake.conversation import context, effects, locks, outbox
from intake.conversation import state as conversation_state
from intake.conversation.emergency import add_to_emergency, open_emergency
from intake.conversation.state import ConversationState
from intake.errors import AssistantError
from intake.locale import reason, say
from intake.runtime import Parts
from intake.service_requests import transcription
from speech.errors import SpeechError

OPERATOR = "operator"


async def give_up(parts: Parts, message_id: int, error: BaseException) -> None:
    """Leave a message to the operators after its last attempt; the reason follows from `error`."""
    if isinstance(error, AssistantError):
        why = reason("assistant_unreachable")
    elif isinstance(error, SpeechError):
        why = transcription.failure_reason(error)
    else:
        code = str(getattr(error, "code", None) or type(error).__name__)
        why = reason("step_failed", step="converse", error=code)
    await leave(parts, message_id, why)


async def leave(parts: Parts, message_id: int, why: dict[str, str]) -> None:
    """Leave one message to the operators, with what was read in it.

    The resident is told once, not with each message. A message in an open emergency is added to
    the emergency instead. `why`: a reason's code and values, from `locale.reason`.
    """
    async with parts.sessions.begin() as session:
        message, conversation = await locks.lock_with(session, message_id)
        if message.handled_at is not None:
            return
        message.handled_at = locks.now()
        conversation.tracker = None
        if conversation.handled_by == OPERATOR:
            return
        request = await open_emergency(session, conversation, message.received_at)
        if request is not None:
            reading = await context.read(parts, session, conversation, message)
            await add_to_emergency(session, conversation, message, request, reading, parts)
            return
        told = conversation_state.load(conversation).told
        request = await effects.leave_to_person(session, conversation, message, why, parts)
        left = ConversationState(left=request.id, told=True)
        conversation_state.save(conversation, left)
        if not told:
            phone = parts.settings.human_phone or say("phone.unset", conversation.language)
            words = say("chat.person_reads", conversation.language, phone=phone)
            await outbox.reply(
                session,
                conversation.id,
                words,
                code="person_reads",
                language=conversation.language,
                service_request_id=request.id,
            )
