"""Gives a conversation, a draft or a single message to the operators."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import context, emergency, form, locks
from intake.conversation import state as conversation_state
from intake.conversation.effects.drafts import open_draft, write
from intake.conversation.emergency import fill
from intake.conversation.form import Draft, MessageReading
from intake.lifecycle import Actor, Status
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests import Author, understand
from intake.storage.models import Conversation, Message, ServiceRequest

WORKER = Author(Actor.WORKER)


async def hand_over(
    session: AsyncSession, conversation: Conversation, because: str, parts: Parts
) -> None:
    """Give the conversation to an operator: the assistant is silent, drafts go into review.

    `because`: "asked" or "not_understood".
    """
    conversation.handled_by = "operator"
    conversation.handled_since = locks.now()
    conversation.handed_because = because
    conversation.tracker = None
    for draft in conversation_state.load(conversation).form.requests:
        if draft.id is not None:
            request = await service_requests.lock(session, draft.id)
            if Status(request.status) is Status.RECEIVED:
                request.told_in_chat = Status.NEEDS_REVIEW.value
                await review_draft(session, request, reason("chat_person"), parts)
    conversation_state.save(conversation)


async def review_draft(
    session: AsyncSession, request: ServiceRequest, why: dict[str, str], parts: Parts
) -> None:
    """Put a locked draft into review as it is; `why` and all that is missing or in doubt are the
    reasons."""
    reasons = [why]
    if request.understanding_id is not None:
        verdict = await understand.decide(session, request, parts)
        reasons += verdict.reasons
    await service_requests.review(session, request, reasons, WORKER)


async def leave_to_person(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    why: dict[str, str],
    parts: Parts,
) -> ServiceRequest:
    """Put the request that a message belongs to into review, with what the readers found.

    The request is the open draft, else the one that earlier messages were left in, else a new one.
    A message about danger raises an emergency instead. `why`: a reason's code and values.
    """
    known = conversation_state.load(conversation)
    state = known.form
    read = await context.read(parts, session, conversation, message)
    if read.urgency == "emergency" and message.text:
        received = message.received_at or message.created_at
        return await emergency.emergency(session, conversation, message.text, received, parts)
    ids = [draft.id for draft in state.drafts if draft.id is not None]
    left = [known.left] if known.left is not None else []
    request = await _open_one(session, [*ids, *left])
    if request is None:
        request = await open_draft(session, conversation, message)
        await write(session, request, Draft(read, message.text or ""), parts)
    elif state.drafts:
        said = MessageReading(message.text or "", read)
        await write(session, request, form.noted(state, said).drafts[0], parts)
    else:
        await fill(session, request, message, read, parts)
    request.told_in_chat = Status.NEEDS_REVIEW.value
    message.service_request_id = request.id
    await service_requests.review(session, request, [why], WORKER)
    return request


async def _open_one(session: AsyncSession, ids: Sequence[int]) -> ServiceRequest | None:
    """The first of these requests that is a draft or in review, locked; None if none is."""
    for found in ids:
        request = await service_requests.lock(session, found)
        if Status(request.status) in (Status.RECEIVED, Status.NEEDS_REVIEW):
            return request
    return None


async def feedback(session: AsyncSession, conversation: Conversation, message: Message) -> None:
    """Open a request in review for praise or a complaint that belongs to no finished request."""
    request = await open_draft(session, conversation, message, Status.NEEDS_REVIEW)
    request.category = "feedback"
    request.reasons = [reason("chat_feedback")]
    message.service_request_id = request.id
    await session.flush()
