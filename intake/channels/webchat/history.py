"""What was said: the rows of one visitor's conversation as the page gets them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import ContactPoint, Conversation, Message

NAME = "webchat"
CALL = "huying_webchat"  # what we NOTIFY and LISTEN on; the payload is a conversation's id
SHOWN = 200  # messages of a page that is opened anew
BATCH = 500
# A row may become visible after one with a higher id: two transactions, each with its reply.
LATE = text("interval '2 minutes'")
WORKING = text("interval '2 minutes'")  # then "is answering" would be a lie


@dataclass(frozen=True, slots=True)
class News:
    """``messages`` in the order of their ids. ``heard``: what was heard in her voice messages.
    ``working``: the assistant is at an answer."""

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
    """What a page lacks that has everything up to ``last`` and, of the latest, only ``seen``.

    ``last`` 0: the newest `SHOWN` messages. ``unheard``: voice messages of hers whose words it
    lacks.
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
    """One message as it travels to the page."""
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


async def kept(session: AsyncSession, address: str, external_id: str) -> tuple[int, int]:
    """(conversation, message) of an inbound message that is stored."""
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
    """The highest message id of each of these visitors, in one query."""
    rows = await session.execute(
        select(ContactPoint.address, func.max(Message.id))
        .join(Conversation, Conversation.contact_point_id == ContactPoint.id)
        .join(Message, Message.conversation_id == Conversation.id)
        .where(ContactPoint.channel == NAME, ContactPoint.address.in_(addresses))
        .group_by(ContactPoint.address)
    )
    return {address: last for address, last in rows}


async def call(session: AsyncSession, conversation_id: int) -> None:
    """Tell every web process, once this transaction commits, that there is something new."""
    await session.execute(select(func.pg_notify(CALL, str(conversation_id))))
