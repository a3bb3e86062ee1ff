"""What operators do with conversations: read, take over, answer, hand back to the assistant."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import effects, outbox
from intake.conversation import state as conversation_state
from intake.conversation.wordless_message import position
from intake.errors import BadField, MoveNotAllowed, NotFound
from intake.lifecycle import Actor
from intake.pipeline import notify
from intake.service_requests import Author
from intake.storage.models import (
    Attachment,
    ContactPoint,
    Conversation,
    Message,
    Operator,
    ServiceRequest,
)
from intake.web.api import schemas
from intake.web.auth import CurrentOperator, CurrentParts, by_number, log_access

router = APIRouter(prefix="/api/conversations", tags=["operators"])
HISTORY = 200


class Answer(schemas.Strict):
    """What an operator writes; ``about``: the request of this conversation that it concerns."""

    text: str = Field(min_length=1, max_length=2000)
    about: str | None = Field(None, max_length=24)


@router.get("", summary="List conversations, the latest first")
async def list_conversations(
    parts: CurrentParts,
    operator: CurrentOperator,
    handled_by: Literal["assistant", "operator"] | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[dict[str, Any]]:
    """``handled_by=operator``: conversations that wait for an operator, the longest waiting
    first."""
    statement = select(Conversation, ContactPoint).outerjoin(
        ContactPoint, ContactPoint.id == Conversation.contact_point_id
    )
    if handled_by is not None:
        statement = statement.where(Conversation.handled_by == handled_by)
    order = Conversation.last_in_at.desc().nulls_last()
    if handled_by == "operator":
        order = Conversation.handled_since.asc().nulls_last()
    async with parts.sessions.begin() as session:
        rows = (await session.execute(statement.order_by(order).limit(limit))).all()
        await log_access(session, operator, "conversations")
        return [{**_line(found, point), **await _tail(session, found)} for found, point in rows]


@router.get("/{conversation_id}", summary="One conversation with its history")
async def read_conversation(
    parts: CurrentParts, operator: CurrentOperator, conversation_id: int
) -> dict[str, Any]:
    """The latest messages, the oldest of them first, with attachments and requests."""
    async with parts.sessions.begin() as session:
        return await _whole(session, operator, conversation_id, "conversation")


@router.post("/{conversation_id}/messages", summary="Answer in a conversation", status_code=201)
async def answer(
    parts: CurrentParts, operator: CurrentOperator, conversation_id: int, body: Answer
) -> dict[str, Any]:
    """The answer goes out on the resident's channel, and the assistant is silent from here on. An
    answer about a request stands in the request's history and on its status page."""
    async with parts.sessions.begin() as session:
        conversation = await _lock(session, conversation_id)
        request = await by_number(session, body.about) if body.about else None
        if request is not None and request.conversation_id != conversation.id:
            raise BadField("This request belongs to another conversation.", field="about")
        if conversation.handled_by != "operator":
            await effects.hand_over(session, conversation, "taken_over", parts)
        message = await outbox.reply(
            session,
            conversation.id,
            body.text,
            code=notify.BY_HAND,
            language=conversation.language,
            service_request_id=request.id if request else None,
            who=operator.name,
        )
        if request is not None:
            by = Author(Actor.OPERATOR, operator.name)
            await service_requests.remark(session, request, "answered", by)
        await log_access(session, operator, "answer", request)
        return {"id": message.id, "text": message.text}


@router.post("/{conversation_id}/take-over", summary="Take a conversation over")
async def take_over(
    parts: CurrentParts, operator: CurrentOperator, conversation_id: int
) -> dict[str, Any]:
    """The assistant is silent until the conversation is handed back."""
    async with parts.sessions.begin() as session:
        conversation = await _lock(session, conversation_id)
        if conversation.handled_by != "operator":
            await effects.hand_over(session, conversation, "taken_over", parts)
        return await _whole(session, operator, conversation_id, "take_over")


@router.post("/{conversation_id}/hand-back", summary="Hand a conversation back to the assistant")
async def hand_back(
    parts: CurrentParts, operator: CurrentOperator, conversation_id: int
) -> dict[str, Any]:
    """The assistant answers the resident's next message as if it were the first."""
    async with parts.sessions.begin() as session:
        conversation = await _lock(session, conversation_id)
        if conversation.handled_by != "operator":
            raise MoveNotAllowed("The assistant handles this conversation already.")
        conversation.handled_by = "assistant"
        conversation.handled_since = conversation.handed_because = None
        conversation_state.save(conversation)
        conversation.tracker = None
        await session.flush()
        return await _whole(session, operator, conversation_id, "hand_back")


async def _lock(session: AsyncSession, conversation_id: int) -> Conversation:
    found = await session.get(
        Conversation, min(conversation_id, 2**62), with_for_update=True, populate_existing=True
    )
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def _line(found: Conversation, point: ContactPoint | None) -> dict[str, Any]:
    return {
        "id": found.id,
        "channel": point.channel if point else None,
        "handled_by": found.handled_by,
        "handled_since": found.handled_since,
        "handed_because": found.handed_because,
        "language": found.language,
        "last_in_at": found.last_in_at,
    }


async def _tail(session: AsyncSession, found: Conversation) -> dict[str, Any]:
    latest = await session.scalar(
        select(Message)
        .where(Message.conversation_id == found.id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    unsent = await session.scalar(
        select(func.count()).where(
            Message.conversation_id == found.id,
            Message.direction == "out",
            Message.sent_at.is_(None),
            or_(Message.waits, Message.send_error.is_not(None)),
        )
    )
    return {"latest": latest.text if latest else None, "unsent": unsent or 0}


async def _whole(
    session: AsyncSession, operator: Operator, conversation_id: int, action: str
) -> dict[str, Any]:
    found = await session.get(Conversation, min(conversation_id, 2**62))
    if found is None:
        raise NotFound("There is no such conversation.")
    point = await session.get(ContactPoint, found.contact_point_id or 0)
    messages = await session.scalars(
        select(Message)
        .where(Message.conversation_id == found.id)
        .order_by(Message.id.desc())
        .limit(HISTORY)
    )
    rows = list(reversed(messages.all()))
    media = await session.scalars(
        select(Attachment).where(Attachment.message_id.in_([row.id for row in rows]))
    )
    kinds = {attachment.message_id: attachment.media_type for attachment in media}
    own = await session.scalars(
        select(ServiceRequest)
        .where(ServiceRequest.conversation_id == found.id)
        .order_by(ServiceRequest.id.desc())
        .limit(20)
    )
    await log_access(session, operator, action)
    return {
        **_line(found, point),
        "messages": [_message(row, kinds.get(row.id)) for row in rows],
        "requests": [{"tracking_number": r.tracking_number, "status": r.status} for r in own],
    }


def _message(row: Message, media_type: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "direction": row.direction,
        "kind": row.kind,
        "text": row.text,
        "code": row.code,
        "who": row.who,
        "media_type": media_type,
        "position": position(row.data) if row.kind == "location" else None,
        "at": row.received_at or row.created_at,
        "sent_at": row.sent_at,
        "waits": row.waits,
        "send_error": row.send_error,
    }
