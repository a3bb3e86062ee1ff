"""Erases messages, conversations and contact points with what belongs to them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import locks
from intake.conversation import state as conversation_state
from intake.storage.models import (
    ContactPoint,
    Conversation,
    Message,
    ServiceRequest,
    WechatAnswer,
    WechatMedia,
    WechatWindow,
)


async def _messages(session: AsyncSession, request: ServiceRequest) -> list[int]:
    """The ids of the messages, in and out, that belong to a request.

    A message of its conversation without a request belongs to the request of the next message that
    has one; at the conversation's end, to that of the last message that has one. In a conversation
    about no other request all messages belong to it.
    """
    found = set(
        await session.scalars(select(Message.id).where(Message.service_request_id == request.id))
    )
    if request.conversation_id is None:
        return sorted(found)
    rows = await session.execute(
        select(Message.id, Message.service_request_id)
        .where(Message.conversation_id == request.conversation_id)
        .order_by(Message.id.desc())
    )
    owner: int | None = None
    untold: list[int] = []
    alone = not await _lives_on(session, request.conversation_id, request.id)
    for message_id, about in rows:
        owner = about or owner
        if alone or owner == request.id:
            found.add(message_id)
        elif owner is None:
            untold.append(message_id)  # after the last message that has a request
        if about is not None and untold:
            found.update(untold if about == request.id else ())
            untold = []
    return sorted(found)


async def _lives_on(session: AsyncSession, conversation_id: int, without: int) -> bool:
    """Whether the conversation is about other requests too that are not erased."""
    other = await session.scalar(
        select(ServiceRequest.id)
        .where(
            ServiceRequest.conversation_id == conversation_id,
            ServiceRequest.id != without,
            ServiceRequest.erased_at.is_(None),
        )
        .limit(1)
    )
    return other is not None


_NO_JOB = text(
    "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'converse'"
    " AND (args ->> 'message_id')::bigint = ANY(:ids)"
)


async def _delete_messages(session: AsyncSession, messages: list[int]) -> None:
    await session.execute(_NO_JOB, {"ids": messages})
    await session.execute(delete(Message).where(Message.id.in_(messages)))


async def _wechat(
    session: AsyncSession, request: ServiceRequest, messages: Collection[int]
) -> None:
    """Delete the rows of the WeChat channel that belong to these messages."""
    mine = WechatMedia.service_request_id == request.id
    await session.execute(delete(WechatMedia).where(mine))
    point = await service_requests.point_of(session, request.contact_point_id)
    if point is None or point.channel != "wechat":
        return
    said = select(Message.external_id).where(Message.id.in_(messages))
    for table in (WechatMedia, WechatAnswer):
        whose = table.openid == point.address
        await session.execute(delete(table).where(whose, table.external_id.in_(said)))


async def _conversation(session: AsyncSession, conversation_id: int, erased: int) -> None:
    """Delete a conversation that is about no other request; else remove the request from it."""
    conversation = await locks.lock(session, conversation_id)
    if not await _lives_on(session, conversation_id, erased):
        point = await service_requests.point_of(session, conversation.contact_point_id)
        await session.delete(conversation)
        await session.flush()
        await forget_contact_point(session, point.id if point is not None else None)
        return
    if erased in conversation_state.load(conversation).request_ids:
        conversation_state.save(conversation)
    conversation.tracker = None  # Rasa gets a new tracker, made from our state
    await session.flush()


async def forget_contact_point(session: AsyncSession, contact_point_id: int | None) -> None:
    """Delete a contact point that no request or conversation refers to any more, with the rows of
    the WeChat channel for its address."""
    point = await service_requests.point_of(session, contact_point_id)
    if point is None:
        return
    for table in (ServiceRequest, Conversation):
        if await session.scalar(
            select(table.id).where(table.contact_point_id == point.id).limit(1)
        ):
            return
    if point.channel == "wechat":
        for kept in (WechatMedia, WechatAnswer, WechatWindow):
            await session.execute(delete(kept).where(kept.openid == point.address))
    await session.execute(delete(ContactPoint).where(ContactPoint.id == point.id))
