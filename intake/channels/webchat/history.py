"""The messages of one visitor's conversation, in the form in which the page gets them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import ContactPoint, Conversation, Message

NAME = "webchat"
CALL = "huying_webchat"  # the channel of NOTIFY and LISTEN; the payload is a conversation's id
SHOWN = 200  # messages that a newly opened page gets
BATCH = 500
# With two concurrent transactions, a row may become visible after one with a higher id.
LATE = text("interval '2 minutes'")
WORKING = text("interval '2 minutes'")  # after that long, "is answering" is probably untrue


@dataclass(frozen=True, slots=True)
class News:
    """What a page lacks. ``messages``: in the order of their ids, as `shape` gives them. ``heard``:
    message id to transcript, for voice messages that the page has without their text. ``working``:
    the assistant is preparing an answer."""

    conversation_id: int | None
    messages: list[dict[str, Any]]
    heard: dict[int, str]
    working: bool


def _conversation(address: str) -> Select[int]:
    return (
        select(Conversation.id)
        .join(ContactPoint, ContactPoint.id == Conversation.contact_point_id)
        .where(ContactPoint.channel == NAME, ContactPoint.address == address)
    )


async def news(
    session: AsyncSession, address: str, last: int, seen: Collection[int], unheard: Collection[int]
) -> News:
    """What a page lacks.

    ``last``: the highest message id that the page has; 0 for none, which gets the newest `SHOWN`
    messages. ``seen``: the ids of the latest messages that it has. ``unheard``: the ids of the
    resident's voice messages that it has without their transcript.
    """
    conversation_id = await session.scalar(_conversation(address))
    if conversation_id is None:
        return News(None, [], {}, False)
    of_it = Message.conversation_id == conversation_id
    if last:
        rows = await _after(session, of_it, last, seen)
    else:
        newest = select(Message).where(of_it).order_by(Message.id.desc()).limit(SHOWN)
        rows = [m for m in reversed((await session.scalars(newest)).all()) if m.id not in seen]
    heard: dict[int, str] = {}
    if unheard:
        words = select(Message.id, Message.text).where(
            of_it, Message.id.in_(unheard), Message.text.is_not(None)
        )
        heard = {found: said or "" for found, said in await session.execute(words)}
    working = await session.scalar(
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(
            of_it,
            Message.direction == "in",
            Message.handled_at.is_(None),
            Message.created_at > func.now() - WORKING,
            Conversation.handled_by == "assistant",
        )
        .limit(1)
    )
    return News(conversation_id, [shape(m) for m in rows], heard, working is not None)


async def _after(
    session: AsyncSession, of_it: ColumnElement[bool], last: int, seen: Collection[int]
) -> list[Message]:
    late = and_(Message.created_at > func.now() - LATE, Message.id.not_in(seen))
    wanted: ColumnElement[bool] = or_(Message.id > last, late)
    rows: list[Message] = []
    while True:
        batch = select(Message).where(of_it, wanted).order_by(Message.id).limit(BATCH)
        found = (await session.scalars(batch)).all()
        rows.extend(m for m in found if m.id not in seen)
        if len(found) < BATCH:
            return rows
        wanted = Message.id > max(last, found[-1].id)


def shape(message: Message) -> dict[str, Any]:
    """One message as JSON for the page; ``at`` is ISO 8601."""
    at = message.received_at or message.created_at
    return {
        "id": message.id,
        "from": "visitor" if message.direction == "in" else "us",
        "kind": message.kind,
        "text": message.text,
        "code": message.code,
        "who": message.who,
        "client_id": message.external_id if message.direction == "in" else None,
        "at": at.isoformat(),
    }


async def stored(session: AsyncSession, address: str, external_id: str) -> tuple[int, int]:
    """(conversation id, message id) of a stored inbound message."""
    row = await session.execute(
        select(Message.conversation_id, Message.id).where(
            Message.conversation_id == _conversation(address).scalar_subquery(),
            Message.direction == "in",
            Message.external_id == external_id,
        )
    )
    conversation_id, message_id = row.one()
    assert conversation_id is not None
    return conversation_id, message_id


async def latest(session: AsyncSession, addresses: Collection[str]) -> dict[str, int]:
    """The highest message id of each of these visitors that has any, in one query."""
    rows = await session.execute(
        select(ContactPoint.address, func.max(Message.id))
        .join(Conversation, Conversation.contact_point_id == ContactPoint.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(ContactPoint.channel == NAME, ContactPoint.address.in_(addresses))
        .group_by(ContactPoint.address)
    )
    return {address: last for address, last in rows}


async def notify_pages(session: AsyncSession, conversation_id: int) -> None:
    """Notify every web process, once this transaction commits, of a new message or transcript."""
    await session.execute(select(func.pg_notify(CALL, str(conversation_id))))
