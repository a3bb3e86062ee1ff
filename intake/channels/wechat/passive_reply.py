"""Passive replies: answers within WeChat's own request, for accounts that may not send messages.

Messages for the resident are held until the resident's next message and go into its answer, which
has room for one text. WeChat repeats a callback up to three times, so the answer is stored and
given each time.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.wechat.inbound import Incoming
from intake.channels.wechat.outbound import sent_pieces
from intake.channels.wechat.split_text import LIMIT_BYTES, pieces
from intake.lifecycle import Status
from intake.locale import say
from intake.runtime import Parts
from intake.storage.models import ContactPoint, Conversation, Message, ServiceRequest, WechatAnswer

_POLL_SECONDS = 0.15
_BETWEEN = "\n\n"
KEEP_ANSWERS = timedelta(days=1)


async def newest(session: AsyncSession) -> int:
    """The id of the newest message of all conversations; later messages have higher ids."""
    return await session.scalar(select(func.max(Message.id))) or 0


async def answer(parts: Parts, incoming: Incoming, after: int, wait_seconds: float) -> str:
    """The text to answer with; waits up to ``wait_seconds`` for the assistant's own answer.

    ``after``: a message id; only unsent messages with higher ids count as the answer.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_seconds
    while True:
        if await _has_news(parts, incoming.openid, after) or loop.time() >= until:
            break
        await asyncio.sleep(_POLL_SECONDS)
    async with parts.sessions.begin() as session:
        text = await _take_unsent(session, incoming.openid)
        text = text or await _acknowledgement(session, incoming)
        await session.execute(
            insert(WechatAnswer)
            .values(openid=incoming.openid, external_id=incoming.external_id, text=text)
            .on_conflict_do_nothing()
        )
    return text


async def given_before(parts: Parts, incoming: Incoming, wait_seconds: float) -> str | None:
    """The stored answer to a message that WeChat repeats; None if there is none after
    ``wait_seconds``."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_seconds
    while True:
        async with parts.sessions() as session:
            row = await session.get(WechatAnswer, (incoming.openid, incoming.external_id))
        if row is not None or loop.time() >= until:
            return None if row is None else row.text
        await asyncio.sleep(_POLL_SECONDS)


async def forget(session: AsyncSession, now: datetime) -> None:
    """Delete answers that are older than `KEEP_ANSWERS`: WeChat asks for them no more."""
    await session.execute(delete(WechatAnswer).where(WechatAnswer.created_at < now - KEEP_ANSWERS))


def _mine(openid: str) -> object:
    return (
        select(Conversation.id)
        .join(ContactPoint, ContactPoint.id == Conversation.contact_point_id)
        .where(ContactPoint.channel == "wechat", ContactPoint.address == openid)
        .scalar_subquery()
    )


async def _has_news(parts: Parts, openid: str, after: int) -> bool:
    async with parts.sessions() as session:
        found = await session.scalar(
            select(Message.id)
            .where(
                Message.conversation_id == _mine(openid),
                Message.direction == "out",
                Message.sent_at.is_(None),
                Message.id > after,
            )
            .limit(1)
        )
    return found is not None


async def _take_unsent(session: AsyncSession, openid: str) -> str:
    """The unsent messages, oldest first, as many as fit into one text; they are marked as sent."""
    rows = await session.scalars(
        select(Message)
        .where(
            Message.conversation_id == _mine(openid),
            Message.direction == "out",
            Message.sent_at.is_(None),
        )
        .order_by(Message.id)
        .with_for_update()
    )
    text = ""
    for message in rows.all():
        parts_of_it = pieces(message.text or "")
        for number, piece in enumerate(parts_of_it):
            if number < sent_pieces(message):
                continue
            longer = f"{text}{_BETWEEN}{piece}" if text else piece
            if len(longer.encode()) > LIMIT_BYTES:
                return text
            text = longer
            message.data = {**message.data, "wechat_pieces": number + 1}
        message.sent_at, message.waits, message.send_error = func.now(), False, None
    return text


async def _acknowledgement(session: AsyncSession, incoming: Incoming) -> str:
    """A sentence that the message was received, with the number of the request if there is one."""
    openid = incoming.openid
    request = await session.scalar(
        select(ServiceRequest)
        .where(
            ServiceRequest.conversation_id == _mine(openid),
            or_(
                ServiceRequest.status == Status.RECEIVED.value,
                ServiceRequest.created_at >= incoming.received_at,
            ),
        )
        .order_by(ServiceRequest.id.desc())
        .limit(1)
    )
    if request is None:
        language = await session.scalar(
            select(Conversation.language).where(Conversation.id == _mine(openid))
        )
        return say("wechat.received", language)
    return say("wechat.received_number", request.language, number=request.tracking_number)
