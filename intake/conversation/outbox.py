"""Messages to the resident: stored first, then sent in order over the conversation's channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import locks
from intake.errors import CannotSend, HuyingError
from intake.runtime import Parts
from intake.storage.jobs import defer
from intake.storage.models import Conversation, Message


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
    """Store one message to the resident and defer its sending.

    `code`: the kind of message, such as "chat" or "emergency". `who`: the operator who wrote it;
    None for the assistant.
    """
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
    await start_sending(session, conversation_id)
    return message


async def start_sending(session: AsyncSession, conversation_id: int) -> None:
    """Defer the sending of the messages that are stored and not sent yet."""
    await defer(session, "send", lock=f"send-{conversation_id}", conversation_id=conversation_id)


async def send_waiting(session: AsyncSession, conversation_id: int) -> None:
    """Send what waited: the resident has written, so the channel can reach them again."""
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
        await start_sending(session, conversation_id)


TRIED_AGAIN_AFTER = timedelta(minutes=5)
"""From the last failed attempt of a job `send` to the next job."""
TRIED_FOR = timedelta(days=1)
"""A message that is older waits for the resident's next message."""


async def send(parts: Parts, conversation_id: int) -> None:
    """Send the stored messages in order. Raises a retryable `CannotSend` for the job to try again.

    After another `CannotSend` the messages wait for the resident's next one.
    """
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
                row.sent_at, row.send_error = locks.now(), None
            elif await _latest(session, conversation_id) == latest:
                await _wait(session, conversation_id, error.code)


async def _wait(session: AsyncSession, conversation_id: int, code: str) -> None:
    """Have all unsent messages wait until the resident writes again; `code` says why."""
    for row in await session.scalars(_unsent(conversation_id)):
        row.waits, row.send_error = True, code


async def cannot_send(parts: Parts, conversation_id: int, error: BaseException) -> None:
    """After the last attempt of a job: try again later, for a day; operators see the error."""
    code = (error.code if isinstance(error, HuyingError) else type(error).__name__)[:64]
    async with parts.sessions.begin() as session:
        message = await session.scalar(_unsent(conversation_id).limit(1).with_for_update())
        if message is None:
            return
        if locks.now() - message.created_at > TRIED_FOR:
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
    """Try once more to send the messages that could not be sent."""
    async with parts.sessions.begin() as session:
        await start_sending(session, conversation_id)


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
    """The oldest unsent message; None also when it waits, as later ones may not overtake it."""
    async with parts.sessions.begin() as session:
        found = await session.scalar(_unsent(conversation_id).limit(1).with_for_update())
        if found is not None and found.waits:
            await _wait(session, conversation_id, found.send_error or "waits")
            return None
        return found


async def _way(
    session: AsyncSession, conversation_id: int
) -> tuple[str, dict[str, Any], str, int | None]:
    """(the resident's address, the channel's data of their latest message, the channel's name, the
    id of that message)."""
    conversation = await session.get_one(Conversation, conversation_id)
    point = await service_requests.point_of(session, conversation.contact_point_id)
    latest = await _latest(session, conversation_id)
    message = await session.get(Message, latest) if latest is not None else None
    if point is None:
        return "", {}, "", latest
    return point.address, message.data if message is not None else {}, point.channel, latest


async def _latest(session: AsyncSession, conversation_id: int) -> int | None:
    """The id of the resident's latest message; None without one."""
    found: int | None = await session.scalar(
        select(func.max(Message.id)).where(
            Message.conversation_id == conversation_id, Message.direction == "in"
        )
    )
    return found
