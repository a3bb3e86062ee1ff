"""A turn of a conversation: one message is acted on exactly once, and answered.

    converse: hear it, have the assistant say what to do → carry it out, store the answers, mark the
              message as handled: one transaction
    send:     bring the stored answers to the resident, in order
    abandon:  a draft that nobody goes on with goes to the operators

The assistant only says what should be done (`turns`), so a turn that dies before the transaction
has changed nothing but Rasa's memory; that is made anew from ours before the next turn.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import carrying, conversations, reading
from intake import service_requests as requests
from intake.assistant import Reply, tracker_events
from intake.conversations import EMERGENCY_LASTS
from intake.dialogue import State
from intake.errors import AssistantError, CannotSend, HuyingError
from intake.jobs import defer
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason, say
from intake.models import Attachment, Conversation, Message, Recording, ServiceRequest, Transcript
from intake.parts import Parts
from intake.service_requests import By
from speech import Transcript as Heard
from speech.errors import EmptyAudio, NotAudio, SpeechError

log = logging.getLogger("huying.conversing")
WORKER = By(Actor.WORKER)
OPERATOR = "operator"
TRIED_AGAIN_AFTER = timedelta(minutes=5)
TRIED_FOR = timedelta(days=1)
MEMORY_LASTS = timedelta(minutes=50)
"""After 60 quiet minutes Rasa begins a session anew and forgets its form (bot/domain.yml)."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn began with: it counts only if nothing else has happened since."""

    conversation_id: int
    state: dict[str, Any]
    text: str
    metadata: dict[str, Any]
    sender: str
    fresh: bool


async def converse(parts: Parts, message_id: int) -> None:
    """Act on one message. Raises AssistantError and SpeechError; nothing has happened then."""
    await _hear(parts, message_id)
    turn = await _begin(parts, message_id)
    if turn is None:
        return
    assert parts.assistant is not None
    try:
        if turn.fresh and (asked := _asked(turn.state)) is not None:
            await parts.assistant.remember(turn.sender, tracker_events(asked))
        said = await parts.assistant.talk(turn.sender, turn.text, turn.metadata)
    except AssistantError as error:
        # She knows already that a person reads: her next messages don't wait for Rasa again.
        error.retryable = error.retryable and not turn.state.get("told")
        raise
    await _end(parts, message_id, turn, said)


async def _begin(parts: Parts, message_id: int) -> Turn | None:
    """What the assistant has to answer; None when that is no matter for it, and done."""
    async with parts.sessions.begin() as session:
        message = await session.get_one(Message, message_id)
        assert message.conversation_id is not None
        conversation = await conversations.lock(session, message.conversation_id)
        await session.refresh(message)
        if message.handled_at is not None:
            return None
        if await _without_assistant(session, conversation, message, parts):
            message.handled_at = conversations.now()
            return None
        # Until this turn is written down Rasa may know more than we do. A turn that died left a
        # memory that nobody asks any more; in Rasa's SQL store none can be put in its place.
        sender = await _memory(session, conversation)
        fresh = sender is None
        sender = sender or f"{conversation.id}.{secrets.token_hex(4)}"
        conversation.tracker = None
        metadata = {"message_id": message.id, "language": conversation.language}
        if conversation.language is None:
            del metadata["language"]
        return Turn(
            conversation.id, conversation.state, message.text or "", metadata, sender, fresh
        )


async def _memory(session: AsyncSession, conversation: Conversation) -> str | None:
    """The name of Rasa's memory of this conversation, if it still remembers it."""
    latest = await session.scalar(
        select(func.max(Message.handled_at)).where(
            Message.conversation_id == conversation.id, Message.kind.in_(("text", "voice"))
        )
    )
    remembers = latest is not None and conversations.now() - latest < MEMORY_LASTS
    return conversation.tracker if remembers else None


async def _end(parts: Parts, message_id: int, turn: Turn, said: Sequence[Reply]) -> None:
    async with parts.sessions.begin() as session:
        conversation = await conversations.lock(session, turn.conversation_id)
        message = await session.get_one(Message, message_id, populate_existing=True)
        if message.handled_at is not None:
            return
        if conversation.handled_by == OPERATOR or conversation.state != turn.state:
            # A person took over, or danger came up at the door: what Rasa made of it is void.
            if not await _without_assistant(session, conversation, message, parts):
                raise AssistantError("Things changed during the turn.", code="turn_overtaken")
            message.handled_at = conversations.now()
            return
        await carrying.carry_out(
            session,
            conversation,
            message,
            [step for reply in said for step in reply.data.get("plan", ())],
            parts,
        )
        for reply in said:
            if reply.text:
                await conversations.reply(
                    session,
                    conversation.id,
                    reply.text,
                    code="chat",
                    language=conversation.language,
                    service_request_id=message.service_request_id,
                )
        message.handled_at = conversations.now()
        if conversation.handled_by != OPERATOR and not conversation.state.get("emergency"):
            conversation.tracker = turn.sender


def _asked(state: dict[str, Any]) -> str | None:
    """What Rasa's form has asked for; None when no form is open."""
    known = State.from_json(state)
    if not known.drafts:
        return None
    return known.asked if known.asked not in ("what_is_wrong", None) else "read_back"


async def _without_assistant(
    session: AsyncSession, conversation: Conversation, message: Message, parts: Parts
) -> bool:
    """Is it for a person, for an open emergency, or no words at all? Then that is done here."""
    language = conversation.language
    if message.kind == "image":
        await _picture(session, conversation, message)
        return True
    if conversation.handled_by == OPERATOR:
        return True
    request = await open_emergency(session, conversation, message.received_at)
    if request is not None:
        await carrying.add_to_emergency(session, conversation, message, request, parts)
        return True
    if message.kind == "event":
        if message.text in ("follow", "menu:CALL") or not message.text:
            words = say("chat.welcome", language)
            await conversations.reply(
                session, conversation.id, words, code="welcome", language=language
            )
        return True
    return not (message.text or "").strip()


async def open_emergency(
    session: AsyncSession, conversation: Conversation, at: datetime | None
) -> ServiceRequest | None:
    """The emergency that this conversation is about now, its row taken."""
    state = conversation.state
    if not state.get("emergency"):
        return None
    since = datetime.fromisoformat(state["since"])
    request = await requests.lock(session, state["emergency"])
    over = (at or conversations.now()) - since > EMERGENCY_LASTS
    if over or Status(request.status) in ENDED or request.urgency != "emergency":
        conversation.state = {}
        return None
    return request


async def _picture(session: AsyncSession, conversation: Conversation, message: Message) -> None:
    """Kept beside what she is talking about; operators see it."""
    state = conversation.state
    drafts = State.from_json(state).drafts
    message.service_request_id = drafts[0].id if drafts else state.get("emergency")
    if conversation.handled_by != OPERATOR:
        key = "chat.picture" if message.service_request_id else "chat.picture.what"
        words = say(key, conversation.language)
        await conversations.reply(
            session,
            conversation.id,
            words,
            code="picture",
            service_request_id=message.service_request_id,
        )


async def _hear(parts: Parts, message_id: int) -> None:
    """A voice message: what was heard becomes its text, once."""
    async with parts.sessions() as session:
        message = await session.get_one(Message, message_id)
        recording = await recording_of(session, message)
    if message.kind != "voice" or message.text is not None or recording is None:
        return
    assert parts.transcriber is not None
    language = message.language or parts.settings.hearing.language
    try:
        heard = await asyncio.to_thread(
            parts.transcriber.transcribe, parts.blobs.path(recording.blob_key), language
        )
    except (EmptyAudio, NotAudio):
        await _leave(parts, message_id, reason("undecodable"))
        return
    danger = reading.is_emergency(heard.text, heard.alternatives)
    danger = danger or await _sounds_dangerous(parts, heard)
    async with parts.sessions.begin() as session:
        message = await session.get_one(Message, message_id)
        assert message.conversation_id is not None
        conversation = await conversations.lock(session, message.conversation_id)
        await session.refresh(message)
        if message.text is not None:
            return
        session.add(Transcript.of(heard, recording.id))
        message.text = heard.text
        if danger:
            request = await conversations.emergency(
                session, conversation, heard.text, message.received_at or message.created_at, parts
            )
            request.recording_id = request.recording_id or recording.id
    if not heard.text.strip():
        await _leave(parts, message_id, reason("no_speech"))


async def _sounds_dangerous(parts: Parts, heard: Heard) -> bool:
    """A cry for help may be garbled in the text and plain in what else it may have been."""
    if not heard.alternatives or parts.assistant is None:
        return False
    try:
        opinion = await parts.assistant.parse_heard(heard.text, heard.alternatives)
    except AssistantError:
        return False  # the turn will say that Rasa is away
    return opinion.danger >= parts.settings.deciding.alarm_from


async def recording_of(session: AsyncSession, message: Message) -> Recording | None:
    """What was recorded, for a voice message."""
    attachment = await session.scalar(
        select(Attachment).where(
            Attachment.message_id == message.id, Attachment.recording_id.is_not(None)
        )
    )
    return await session.get(Recording, attachment.recording_id) if attachment else None


async def give_up(parts: Parts, message_id: int, error: BaseException) -> None:
    """The assistant can't: the message is a person's, who sees it with all that was read in it."""
    if isinstance(error, AssistantError):
        why = reason("assistant_unreachable")
    elif isinstance(error, SpeechError):
        why = reason("recognition_failed", error=getattr(error, "code", "speech"))
    else:
        code = str(getattr(error, "code", None) or type(error).__name__)
        why = reason("step_failed", step="converse", error=code)
    await _leave(parts, message_id, why)


async def _leave(parts: Parts, message_id: int, why: dict[str, str]) -> None:
    """Leave one message to the operators; the resident is told once, not with each message."""
    async with parts.sessions.begin() as session:
        message = await session.get_one(Message, message_id)
        assert message.conversation_id is not None
        conversation = await conversations.lock(session, message.conversation_id)
        await session.refresh(message)
        if message.handled_at is not None:
            return
        message.handled_at = conversations.now()
        conversation.tracker = None
        if conversation.handled_by == OPERATOR:
            return
        request = await open_emergency(session, conversation, message.received_at)
        if request is not None:
            await carrying.add_to_emergency(session, conversation, message, request, parts)
            return
        told = bool(conversation.state.get("told"))
        request = await carrying.leave_to_person(session, conversation, message, why, parts)
        conversation.state = {"left": request.id, "told": True}
        if not told:
            phone = parts.settings.human_phone or say("phone.unset", conversation.language)
            words = say("chat.person_reads", conversation.language, phone=phone)
            await conversations.reply(
                session,
                conversation.id,
                words,
                code="person_reads",
                language=conversation.language,
                service_request_id=request.id,
            )


async def send(parts: Parts, conversation_id: int) -> None:
    """Bring what is stored to the resident, in order. Raises `CannotSend` to be tried again."""
    while (message := await _next_unsent(parts, conversation_id)) is not None:
        async with parts.sessions() as session:
            address, data, name, latest = await _way(session, conversation_id)
        channel = parts.channels.get(name)
        error = None if channel is not None else CannotSend("", code="no_channel", retryable=False)
        if channel is not None:
            try:
                await channel.send(message, address, data)
            except CannotSend as failure:
                if failure.retryable:
                    raise
                error = failure
        async with parts.sessions.begin() as session:
            row = await session.get_one(Message, message.id, with_for_update=True)
            if error is None:
                row.sent_at, row.send_error = conversations.now(), None
            elif await _latest(session, conversation_id) == latest:
                await _wait(session, conversation_id, error.code)
            # Else she wrote just now, which opened the way: it is tried again.


async def _wait(session: AsyncSession, conversation_id: int, code: str) -> None:
    """The way is closed: all that is left waits for her next message."""
    for row in await session.scalars(_unsent(conversation_id)):
        row.waits, row.send_error = True, code


async def cannot_send(parts: Parts, conversation_id: int, error: BaseException) -> None:
    """Tried often enough for now: again later, for a day; operators see why it did not go."""
    code = (error.code if isinstance(error, HuyingError) else type(error).__name__)[:64]
    async with parts.sessions.begin() as session:
        message = await session.scalar(_unsent(conversation_id).limit(1).with_for_update())
        if message is None:
            return
        if conversations.now() - message.created_at > TRIED_FOR:
            await _wait(session, conversation_id, code)
            return
        message.send_error = code
        await defer(
            session,
            "resend",
            after=TRIED_AGAIN_AFTER,
            queueing_lock=f"resend-{conversation_id}",
            conversation_id=conversation_id,
        )


async def resend(parts: Parts, conversation_id: int) -> None:
    """Begin again to bring what could not be sent."""
    async with parts.sessions.begin() as session:
        await conversations.send(session, conversation_id)


def _unsent(conversation_id: int) -> Select[Message]:
    return (
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == "out",
            Message.sent_at.is_(None),
        )
        .order_by(Message.id)
    )


async def _next_unsent(parts: Parts, conversation_id: int) -> Message | None:
    """The oldest that was not sent; None also where that one waits, which none may overtake."""
    async with parts.sessions.begin() as session:
        found = await session.scalar(_unsent(conversation_id).limit(1).with_for_update())
        if found is not None and found.waits:
            await _wait(session, conversation_id, found.send_error or "waits")
            return None
        return found


async def _way(
    session: AsyncSession, conversation_id: int
) -> tuple[str, dict[str, Any], str, int | None]:
    """(address, the channel's own data with her latest message, the channel's name, that
    message's id)."""
    conversation = await session.get_one(Conversation, conversation_id)
    point = await requests.point_of(session, conversation.contact_point_id)
    latest = await _latest(session, conversation_id)
    message = await session.get(Message, latest) if latest is not None else None
    if point is None:
        return "", {}, "", latest
    return point.address, message.data if message is not None else {}, point.channel, latest


async def _latest(session: AsyncSession, conversation_id: int) -> int | None:
    """Her latest message."""
    found: int | None = await session.scalar(
        select(func.max(Message.id)).where(
            Message.conversation_id == conversation_id, Message.direction == "in"
        )
    )
    return found


async def abandon(parts: Parts, service_request_id: int) -> None:
    """Quiet for too long: the draft goes to the operators with what is known."""
    async with parts.sessions.begin() as session:
        request = await session.get_one(ServiceRequest, service_request_id)
        if request.conversation_id is None:
            return
        conversation = await conversations.lock(session, request.conversation_id)
        request = await requests.lock(session, service_request_id)
        if Status(request.status) is not Status.RECEIVED:
            return
        quiet = timedelta(minutes=parts.settings.chat.draft_minutes)
        left = request.updated_at + quiet - conversations.now()
        if left > timedelta(0):
            await carrying.watch(session, request, left)
            return
        await carrying.review_draft(session, request, reason("chat_abandoned"), parts)
        if request.id in [draft.id for draft in State.from_json(conversation.state).drafts]:
            conversation.state = {}
            conversation.tracker = None
