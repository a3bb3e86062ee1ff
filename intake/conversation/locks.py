"""Locks that keep one conversation in order, and the present moment."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import Conversation, Message


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


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)
