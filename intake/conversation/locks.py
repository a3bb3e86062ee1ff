"""The locks by which one conversation is changed by one turn at a time, and the current time."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import Conversation, Message


def lock_of(conversation_id: int) -> str:
    """The name of the queue's lock by which the jobs of one conversation run one by one."""
    return f"conversation-{conversation_id}"


async def lock(session: AsyncSession, conversation_id: int) -> Conversation:
    """The conversation, its row locked for writing."""
    return await session.get_one(
        Conversation, conversation_id, with_for_update=True, populate_existing=True
    )


async def lock_with(session: AsyncSession, message_id: int) -> tuple[Message, Conversation]:
    """A message and its conversation, locked; the message is read after the lock is taken."""
    message = await session.get_one(Message, message_id)
    assert message.conversation_id is not None
    conversation = await lock(session, message.conversation_id)
    await session.refresh(message)
    return message, conversation


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)
