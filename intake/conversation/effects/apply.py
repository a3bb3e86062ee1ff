"""Every step of a turn's plan, in its order."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation.effects.drafts import drop, keep, submit
from intake.conversation.effects.existing_request import about_earlier
from intake.conversation.effects.hand_over import feedback, hand_over
from intake.conversation.emergency import danger
from intake.conversation.form import State
from intake.runtime import Parts
from intake.storage.models import Conversation, Message, ServiceRequest


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
            await keep(session, conversation, message, State.from_json(step["state"]), parts)
        elif what == "submit":
            await submit(session, conversation, parts)
        elif what == "drop":
            await drop(session, conversation)
        elif what == "hand_over":
            await hand_over(session, conversation, step["because"], parts)
        elif what == "emergency":
            await danger(session, conversation, message, parts)
        elif what == "ask":
            conversation.state = {**conversation.state, "pending": step["pending"]}
        elif what == "astray":
            conversation.state = {**conversation.state, "astray": step["times"]}
        elif what == "feedback":
            await feedback(session, conversation, message)
        elif what != "chat":
            request = await _own(session, conversation, int(step["id"]))
            if request is not None:
                await about_earlier(session, conversation, message, request, step, parts)


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
    request = await service_requests.lock(session, service_request_id)
    own = request.contact_point_id == conversation.contact_point_id
    return request if own and conversation.contact_point_id is not None else None
