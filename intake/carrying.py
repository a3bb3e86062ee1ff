"""Carries out what came of a turn: drafts, filing, cancelling, changing, rating, handing over.

All of it happens in the transaction that marks the message as handled. What a plan names is
looked at again here: only the resident's own requests are ever touched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import conversations, dialogue, listening, reading
from intake import service_requests as requests
from intake.conversations import DIAL, QUIET
from intake.dialogue import FIELDS, Draft, Said, State
from intake.errors import AssistantError
from intake.jobs import defer
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason, say
from intake.models import Attachment, Conversation, Message, ServiceRequest
from intake.parts import Parts
from intake.service_requests import By, Opening
from intake.understanding.values import Field, Window

WORKER, RESIDENT = By(Actor.WORKER), By(Actor.RESIDENT)


async def carry_out(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    plan: Sequence[Mapping[str, Any]],
    parts: Parts,
) -> None:
    """Do every step of a plan (see `listening.Answered`) for a locked conversation."""
    _forget(conversation, {step["do"] for step in plan})
    for step in plan:
        what = step["do"]
        if what == "keep":
            await _keep(session, conversation, message, State.from_json(step["state"]), parts)
        elif what == "submit":
            await _submit(session, conversation, parts)
        elif what == "drop":
            await _drop(session, conversation)
        elif what == "hand_over":
            await hand_over(session, conversation, step["because"], parts)
        elif what == "emergency":
            await _danger(session, conversation, message, parts)
        elif what == "ask":
            conversation.state = {**conversation.state, "pending": step["pending"]}
        elif what == "astray":
            conversation.state = {**conversation.state, "astray": step["times"]}
        elif what == "feedback":
            await _feedback(session, conversation, message)
        elif what != "chat":
            request = await _own(session, conversation, int(step["id"]))
            if request is not None:
                await _earlier(session, conversation, message, request, step, parts)


def _forget(conversation: Conversation, done: Collection[str]) -> None:
    """What was asked and misunderstood before holds for small talk, and not much longer: a "yes"
    must not cancel what was asked about yesterday."""
    over = {"told"}  # the assistant answers again
    if "astray" not in done:
        over.add("astray")
    if not {"ask", "astray", "chat"} & set(done):
        over.add("pending")
    if over & conversation.state.keys():
        conversation.state = {k: v for k, v in conversation.state.items() if k not in over}


async def _own(
    session: AsyncSession, conversation: Conversation, service_request_id: int
) -> ServiceRequest | None:
    request = await requests.lock(session, service_request_id)
    own = request.contact_point_id == conversation.contact_point_id
    return request if own and conversation.contact_point_id is not None else None


async def _keep(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    state: State,
    parts: Parts,
) -> None:
    """Drafts as they are now known; new ones are opened."""
    drafts = []
    for draft in state.drafts:
        if draft.id is None:
            request = await open_draft(session, conversation, message)
        else:
            request = await requests.lock(session, draft.id)
            if Status(request.status) is not Status.RECEIVED:
                continue  # a person has it by now
        await _write(session, request, draft, parts)
        if state.for_other:
            request.given = {**request.given, "for_other": True}
        await watch(session, request, timedelta(minutes=parts.settings.chat.draft_minutes))
        drafts.append(replace(draft, id=request.id))
    if drafts:
        message.service_request_id = drafts[0].id
    conversation.state = replace(state, drafts=tuple(drafts)).to_json() if drafts else {}


async def _write(
    session: AsyncSession, request: ServiceRequest, draft: Draft, parts: Parts
) -> None:
    request.text = draft.text
    await reading.keep(session, request, draft.read, parts)
    request.version += 1
    request.updated_at = conversations.now()
    await session.flush()


async def open_draft(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    status: Status = Status.RECEIVED,
) -> ServiceRequest:
    """A request from the first message that asks for something; no job waits for it yet."""
    point = await requests.point_of(session, conversation.contact_point_id)
    transcript = await listening.transcript_of(session, message)
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
    opened = await requests.open_request(
        session, opening, by=By(Actor.DOOR), status=status, draft=True
    )
    request = await requests.lock(session, opened.id)
    request.conversation_id = conversation.id
    request.text = message.text
    request.transcript_id = transcript.id if transcript is not None else None
    await session.flush()
    return request


async def watch(session: AsyncSession, request: ServiceRequest, after: timedelta) -> None:
    """Look after the draft when she has been quiet for so long."""
    await defer(
        session,
        "abandon",
        after=after,
        queueing_lock=f"draft-{request.id}",
        service_request_id=request.id,
    )


async def _submit(session: AsyncSession, conversation: Conversation, parts: Parts) -> None:
    """She said yes: from here it goes the way of a voicemail that was understood."""
    said_yes = By(Actor.WORKER, why="the resident confirmed what was read back")
    for draft in State.from_json(conversation.state).drafts:
        if draft.id is None:
            continue
        request = await requests.lock(session, draft.id)
        if Status(request.status) is Status.RECEIVED:
            await _write(session, request, dialogue.certain(draft), parts)
            await requests.advance(session, request, Status.UNDERSTOOD, said_yes)
    conversation.state = {}


async def _drop(session: AsyncSession, conversation: Conversation) -> None:
    for draft in State.from_json(conversation.state).drafts:
        if draft.id is not None:
            request = await requests.lock(session, draft.id)
            if Status(request.status) not in ENDED:
                request.given = {**request.given, QUIET: Status.CANCELLED.value}
                await requests.advance(session, request, Status.CANCELLED, RESIDENT)
    conversation.state = {}


async def hand_over(
    session: AsyncSession, conversation: Conversation, because: str, parts: Parts
) -> None:
    """A person takes over: the assistant is silent, the draft is the operators'."""
    conversation.handled_by = "operator"
    conversation.handled_since = conversations.now()
    conversation.handed_because = because
    conversation.tracker = None
    for draft in State.from_json(conversation.state).drafts:
        if draft.id is not None:
            request = await requests.lock(session, draft.id)
            if Status(request.status) is Status.RECEIVED:
                request.given = {**request.given, QUIET: Status.NEEDS_REVIEW.value}
                await review_draft(session, request, reason("chat_person"), parts)
    conversation.state = {}


async def review_draft(
    session: AsyncSession, request: ServiceRequest, why: dict[str, str], parts: Parts
) -> None:
    """A draft goes to the operators as it is, with all that is missing or in doubt."""
    reasons = [why]
    if request.understanding_id is not None:
        verdict = await reading.decide(session, request, parts)
        reasons += verdict.reasons
    await requests.review(session, request, reasons, WORKER)


async def leave_to_person(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    why: dict[str, str],
    parts: Parts,
) -> ServiceRequest:
    """The request that a message belongs to, in review with all that our own readers found."""
    state = State.from_json(conversation.state)
    read = await listening.read(parts, session, conversation, message)
    if read.urgency == "emergency" and message.text:
        received = message.received_at or message.created_at
        return await conversations.emergency(session, conversation, message.text, received, parts)
    ids = [draft.id for draft in state.drafts if draft.id is not None]
    left = conversation.state.get("left")
    request = await _open_one(session, [*ids, left] if left else ids)
    if request is None:
        request = await open_draft(session, conversation, message)
        await _write(session, request, Draft(read, message.text or ""), parts)
    elif state.drafts:
        said = Said(message.text or "", read)
        await _write(session, request, dialogue.noted(state, said).drafts[0], parts)
    else:
        await _fill(session, request, message, parts)
    request.given = {**request.given, QUIET: Status.NEEDS_REVIEW.value}
    message.service_request_id = request.id
    await requests.review(session, request, [why], WORKER)
    return request


async def _open_one(session: AsyncSession, ids: Sequence[int]) -> ServiceRequest | None:
    for found in ids:
        request = await requests.lock(session, found)
        if Status(request.status) in (Status.RECEIVED, Status.NEEDS_REVIEW):
            return request
    return None


async def _danger(
    session: AsyncSession, conversation: Conversation, message: Message, parts: Parts
) -> None:
    received = message.received_at or message.created_at
    request = await conversations.emergency(
        session, conversation, message.text or "", received, parts
    )
    await add_to_emergency(session, conversation, message, request, parts)


async def add_to_emergency(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    parts: Parts,
) -> None:
    """What follows belongs to the emergency: its words, and above all where it is."""
    message.service_request_id = request.id
    new = (message.text or "") not in (request.text or "")
    await _fill(session, request, message, parts)
    asked = bool(conversation.state.get("where"))
    if not request.place and not asked:
        conversation.state = {**conversation.state, "where": True}
        words, code = say("chat.emergency.where", conversation.language), "emergency_where"
    elif new:
        words = say("chat.emergency.noted", conversation.language, dial=DIAL)
        code = "emergency_noted"
    else:
        return
    await conversations.reply(
        session,
        conversation.id,
        words,
        code=code,
        language=conversation.language,
        service_request_id=request.id,
    )


async def _fill(
    session: AsyncSession, request: ServiceRequest, message: Message, parts: Parts
) -> None:
    """The words, and the fields that stand in them, unless a person has corrected them."""
    text = message.text or ""
    if text not in (request.text or ""):
        request.text = "\n".join(filter(None, (request.text, text)))
    conversation = await session.get_one(Conversation, message.conversation_id)
    read = await listening.read(parts, session, conversation, message)
    for name in ("place", "unit", "person", "phone"):
        value: Field[str] | None = getattr(read, name)
        if value is not None and name not in request.corrected:
            setattr(request, name, value.value)
            if name == "place":
                request.area = read.area
    request.version += 1
    request.updated_at = conversations.now()
    await session.flush()


async def _feedback(session: AsyncSession, conversation: Conversation, message: Message) -> None:
    """Nothing that was done to hang it on: a person reads it."""
    request = await open_draft(session, conversation, message, Status.NEEDS_REVIEW)
    request.category = "feedback"
    request.reasons = [reason("chat_feedback")]
    message.service_request_id = request.id
    await session.flush()


_OPEN = frozenset(Status) - ENDED
_FITTING: Mapping[str, Collection[Status]] = {
    "cancel": _OPEN - {Status.DONE},
    "change": _OPEN,
    "agree": {Status.DONE},
    "not_fixed": {Status.DONE},
    "rate": {Status.DONE, Status.CLOSED},
}
"""Where a request stands when this can be done to it; what she was told would else be wrong."""


async def _earlier(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    step: Mapping[str, Any],
    parts: Parts,
) -> None:
    """Something about a request that was filed before."""
    what, status = step["do"], Status(request.status)
    if status not in _FITTING[what]:
        raise AssistantError("The request moved on during the turn.", code="turn_overtaken")
    message.service_request_id = request.id
    if what == "cancel":
        request.given = {**request.given, QUIET: Status.CANCELLED.value}
        await requests.advance(session, request, Status.CANCELLED, RESIDENT)
    elif what == "change":
        changes = await _changes(session, conversation, message, request, parts)
        if changes:
            by = By(Actor.RESIDENT, why=message.text)
            await requests.correct(session, request, changes, by)
    elif what == "agree":
        await requests.advance(session, request, Status.CLOSED, RESIDENT)
    elif what == "not_fixed":
        await requests.advance(session, request, Status.ROUTED, RESIDENT)
        await requests.tell_backend(session, request, "changed")
    elif what == "rate":
        points = int(step["points"])
        await requests.rate(session, request, points, RESIDENT)
        if status is Status.DONE and points > 2:
            await requests.advance(session, request, Status.CLOSED, RESIDENT)
        elif points <= 2:
            sentence = f"{request.tracking_number}: {points}/5 — {message.text}"
            await requests.ask_operators(session, request, "low_rating", sentence)


async def _changes(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    request: ServiceRequest,
    parts: Parts,
) -> dict[str, Any]:
    read = await listening.read(parts, session, conversation, message)
    zone = parts.settings.zone
    changes: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(read, name)
        if value is None:
            continue
        if name == "when":
            if request.when_start and request.when_end:
                known = Window(
                    request.when_start.astimezone(zone).replace(tzinfo=None),
                    request.when_end.astimezone(zone).replace(tzinfo=None),
                )
                value = dialogue.same_day(Field(known, None, 1.0), value, message.text or "")
            changes["when_start"] = value.value.start.replace(tzinfo=zone)
            changes["when_end"] = value.value.end.replace(tzinfo=zone)
        else:
            changes[name] = value.value
            if name == "place":
                changes["area"] = read.area
    return changes
