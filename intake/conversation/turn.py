"""One message, acted on exactly once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.assistant.client import Reply, tracker_events
from intake.conversation import (
    clauses,
    context,
    effects,
    emergency,
    locks,
    outbox,
    wordless_message,
)
from intake.conversation import state as conversation_state
from intake.conversation.emergency import open_emergency
from intake.conversation.handover import OPERATOR
from intake.conversation.plan import joined
from intake.conversation.state import ConversationState
from intake.conversation.voice_message import hear
from intake.errors import AssistantError
from intake.locale import say
from intake.runtime import Parts
from intake.service_requests import transcription
from intake.storage.models import Conversation, Message
from intake.understanding import remarks

MEMORY_LASTS = timedelta(minutes=50)
"""Rasa's tracker is used again for so long after the latest message. After 60 minutes without one
Rasa starts a new session, without its form (bot/domain.yml)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn began with; its result is used only if `state` is still the same at the end.

    `sender`: the name of Rasa's tracker. `fresh`: the tracker is new, so Rasa has to be told which
    slot its form asked for.
    """

    conversation_id: int
    state: ConversationState
    text: str
    metadata: dict[str, Any]
    sender: str
    fresh: bool
    alternatives: Sequence[str] = ()


async def converse(parts: Parts, message_id: int) -> None:
    """Act on one message. `AssistantError` and `SpeechError` are raised and leave it unhandled."""
    danger = await hear(parts, message_id)
    turn = await _begin(parts, message_id)
    if turn is None:
        return
    assert parts.assistant is not None
    if danger is None:  # typed, or transcribed in an earlier attempt
        danger = await transcription.learned_danger(parts, turn.text, turn.alternatives)
    try:
        if turn.fresh and (asked := _asked(turn.state)) is not None:
            await parts.assistant.remember(turn.sender, tracker_events(asked))
        # Asked before the turn, so that intake never asks Rasa while Rasa waits for intake.
        ranked = await clauses.rank(parts.assistant, turn.state.form, turn.text)
        metadata = {**turn.metadata, "clauses": ranked, "danger": danger}
        said = await parts.assistant.talk(turn.sender, turn.text, metadata)
    except AssistantError as error:
        # A resident who was told that a person reads their messages does not wait for Rasa again.
        error.retryable = error.retryable and not turn.state.told
        raise
    await _end(parts, message_id, turn, said)


async def _begin(parts: Parts, message_id: int) -> Turn | None:
    """The turn for the assistant; None when the message is handled without it."""
    async with parts.sessions.begin() as session:
        message, conversation = await locks.lock_with(session, message_id)
        if message.handled_at is not None:
            return None
        if await _without_assistant(session, conversation, message, parts):
            message.handled_at = locks.now()
            return None
        # Until this turn is committed Rasa's tracker may be ahead of `Conversation.state`. After an
        # interrupted turn its tracker is not used again: Rasa's SQL tracker store can't replace
        # one, so the next turn begins a new tracker.
        sender = await _memory(session, conversation)
        fresh = sender is None
        sender = sender or f"{conversation.id}.{secrets.token_hex(4)}"
        conversation.tracker = None
        metadata = {"message_id": message.id, "language": conversation.language}
        if conversation.language is None:
            del metadata["language"]
        transcript = await context.transcript_of(session, message)
        return Turn(
            conversation.id,
            conversation_state.load(conversation),
            message.text or "",
            metadata,
            sender,
            fresh,
            transcript.alternatives if transcript is not None else (),
        )


async def _memory(session: AsyncSession, conversation: Conversation) -> str | None:
    """The name of Rasa's tracker of this conversation, if its session still lasts."""
    latest = await session.scalar(
        select(func.max(Message.handled_at)).where(
            Message.conversation_id == conversation.id, Message.kind.in_(("text", "voice"))
        )
    )
    remembers = latest is not None and locks.now() - latest < MEMORY_LASTS
    return conversation.tracker if remembers else None


async def _end(parts: Parts, message_id: int, turn: Turn, said: Sequence[Reply]) -> None:
    """Carry out the plan, store the answers, mark the message as handled: one transaction."""
    async with parts.sessions.begin() as session:
        conversation = await locks.lock(session, turn.conversation_id)
        message = await session.get_one(Message, message_id, populate_existing=True)
        if message.handled_at is not None:
            return
        if (
            conversation.handled_by == OPERATOR
            or conversation_state.load(conversation) != turn.state
        ):
            # An operator took over, or the state changed, as by an emergency in a later message:
            # Rasa's answer is not used.
            if not await _without_assistant(session, conversation, message, parts):
                raise AssistantError("Things changed during the turn.", code="turn_overtaken")
            message.handled_at = locks.now()
            return
        await effects.carry_out(
            session,
            conversation,
            message,
            joined(reply.data["plan"] for reply in said if reply.data.get("plan")),
            parts,
        )
        for reply in said:
            if reply.text:
                await outbox.reply(
                    session,
                    conversation.id,
                    reply.text,
                    code="chat",
                    language=conversation.language,
                    service_request_id=message.service_request_id,
                )
        message.handled_at = locks.now()
        in_emergency = conversation_state.load(conversation).emergency is not None
        if conversation.handled_by != OPERATOR and not in_emergency:
            conversation.tracker = turn.sender


def _asked(state: ConversationState) -> str | None:
    """The slot that Rasa's form asked for last; None when no form is open."""
    known = state.form
    if not known.drafts:
        return None
    return known.asked if known.asked not in ("what_is_wrong", None) else "read_back"


async def _without_assistant(
    session: AsyncSession, conversation: Conversation, message: Message, parts: Parts
) -> bool:
    """Handle a message that the assistant is not needed for; whether it was one.

    Such are a picture, a location without a label, an event, a message without words, one for an
    operator, and one in an open emergency.
    """
    language = conversation.language
    if message.kind == "image":
        ask = conversation.handled_by != OPERATOR
        await wordless_message.attach(session, conversation, message, ask=ask)
        return True
    if conversation.handled_by == OPERATOR:
        return True
    request = await open_emergency(session, conversation, message.received_at)
    if request is not None:
        reading = await context.read(parts, session, conversation, message)
        # Who tells where it is still waits for help: 打错！我这里230号.
        calm = remarks.takes_danger_back(message.text or "") and reading.urgency == "normal"
        calm = calm and not (reading.place or reading.unit or reading.phone)
        if calm:
            await effects.take_back(session, conversation, message, request, parts)
        else:
            await emergency.add_to_emergency(
                session, conversation, message, request, reading, parts
            )
        return True
    if message.kind == "event":
        if message.text in ("follow", "menu:CALL") or not message.text:
            words = say("chat.welcome", language)
            await outbox.reply(session, conversation.id, words, code="welcome", language=language)
        return True
    if wordless_message.is_wordless(message):
        await wordless_message.attach(session, conversation, message, ask=True)
    return not (message.text or "").strip()
