"""Drafts in the database: opening, writing, filing, dropping, and noticing abandoned ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import context, form, locks
from intake.conversation import state as conversation_state
from intake.conversation.form import Draft, State
from intake.conversation.state import ConversationState
from intake.lifecycle import ENDED, Actor, Status
from intake.runtime import Parts
from intake.service_requests import Author, Opening, understand
from intake.storage.jobs import defer
from intake.storage.models import Attachment, Conversation, Message, ServiceRequest

RESIDENT = Author(Actor.RESIDENT)


async def keep(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    state: State,
    parts: Parts,
) -> None:
    """Store the form: each draft is written into its request, which is opened for a new draft.

    A draft that an operator has by now leaves the form.
    """
    drafts = []
    for draft in state.requests:
        if draft.id is None:
            request = await open_draft(session, conversation, message)
        else:
            request = await service_requests.lock(session, draft.id)
            if Status(request.status) is not Status.RECEIVED:
                continue  # an operator has the request by now
        await write(session, request, draft, parts)
        if state.for_other:
            request.for_other = True
        await watch(session, request, timedelta(minutes=parts.settings.chat.draft_minutes))
        drafts.append(replace(draft, id=request.id))
    if drafts:
        message.service_request_id = drafts[0].id
    if state.drafts and drafts:
        kept = replace(state, drafts=tuple(drafts))
    else:
        kept = State(early=drafts[0] if drafts else None)
    conversation_state.save(conversation, ConversationState(form=kept))


async def write(session: AsyncSession, request: ServiceRequest, draft: Draft, parts: Parts) -> None:
    """Write all that is known of a draft into its locked request."""
    request.text = draft.text
    await understand.keep(session, request, draft.read, parts)
    request.version += 1
    request.updated_at = locks.now()
    await session.flush()


async def open_draft(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    status: Status = Status.RECEIVED,
) -> ServiceRequest:
    """Open a request for the first message that asks for something; no job is deferred for it."""
    point = await service_requests.point_of(session, conversation.contact_point_id)
    transcript = await context.transcript_of(session, message)
    recording_id = await session.scalar(
        select(Attachment.recording_id).where(
            Attachment.message_id == message.id, Attachment.recording_id.is_not(None)
        )
    )
    opening = Opening(
        channel=point.channel if point is not None else "webchat",
        language=conversation.language or message.language,
        recording_id=recording_id,
        contact_point_id=conversation.contact_point_id,
        received_at=message.received_at,
    )
    opened = await service_requests.open_request(
        session, opening, by=Author(Actor.DOOR), status=status, draft=True
    )
    request = await service_requests.lock(session, opened.id)
    request.conversation_id = conversation.id
    request.text = message.text
    request.transcript_id = transcript.id if transcript is not None else None
    await session.flush()
    return request


async def watch(session: AsyncSession, request: ServiceRequest, after: timedelta) -> None:
    """Defer the job that puts the draft into review if the resident does not go on with it."""
    await defer(
        session,
        "abandon",
        after=after,
        queueing_lock=f"draft-{request.id}",
        service_request_id=request.id,
    )


async def submit(session: AsyncSession, conversation: Conversation, parts: Parts) -> None:
    """File the drafts that the resident confirmed; they go on like understood voicemails."""
    said_yes = Author(Actor.WORKER, why="the resident confirmed what was read back")
    for draft in conversation_state.load(conversation).form.drafts:
        if draft.id is None:
            continue
        request = await service_requests.lock(session, draft.id)
        if Status(request.status) is Status.RECEIVED:
            await write(session, request, form.certain(draft), parts)
            await service_requests.advance(session, request, Status.UNDERSTOOD, said_yes)
    conversation_state.save(conversation)


async def drop(session: AsyncSession, conversation: Conversation) -> None:
    """Cancel the drafts, as the resident wants nothing any more."""
    for draft in conversation_state.load(conversation).form.requests:
        if draft.id is not None:
            request = await service_requests.lock(session, draft.id)
            if Status(request.status) not in ENDED:
                request.told_in_chat = Status.CANCELLED.value
                await service_requests.advance(session, request, Status.CANCELLED, RESIDENT)
    conversation_state.save(conversation)
