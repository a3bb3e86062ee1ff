"""Carries out the steps of a turn's plan, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation import context, plan
from intake.conversation import state as conversation_state
from intake.conversation.effects.drafts import drop, keep, submit
from intake.conversation.effects.existing_request import about_earlier
from intake.conversation.effects.hand_over import feedback, hand_over
from intake.conversation.emergency import danger
from intake.runtime import Parts
from intake.storage.models import Conversation, Message, ServiceRequest


async def carry_out(
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    planned: plan.Plan,
    parts: Parts,
) -> None:
    """Do every step of a plan for a locked conversation.

    The message was read when the plan was made; it is read here only for a plan without a reading.
    """
    _clear_outdated(conversation, planned.steps)
    reading = planned.understanding
    if reading is None and planned.steps:
        reading = await context.read(parts, session, conversation, message)
    for step in planned.steps:
        match step:
            case plan.Keep():
                await keep(session, conversation, message, step.form, parts)
            case plan.Submit():
                await submit(session, conversation, parts)
            case plan.Drop():
                await drop(session, conversation)
            case plan.HandOver():
                await hand_over(session, conversation, step.because, parts)
            case plan.Emergency():
                assert reading is not None
                await danger(session, conversation, message, reading, parts)
            case plan.AskAbout():
                pending = conversation_state.Pending(step.about, step.id)
                known = conversation_state.load(conversation)
                conversation_state.save(conversation, replace(known, pending=pending))
            case plan.Misunderstood():
                known = conversation_state.load(conversation)
                conversation_state.save(conversation, replace(known, misunderstood=step.times))
            case plan.Feedback():
                await feedback(session, conversation, message)
            case plan.SmallTalk():
                pass
            case _:
                request = await _own(session, conversation, step.id)
                if request is not None:
                    assert reading is not None
                    await about_earlier(
                        session, conversation, message, request, step, reading, parts
                    )


def _clear_outdated(conversation: Conversation, steps: Sequence[plan.Step]) -> None:
    """Clear from the conversation's state what this turn has made outdated.

    An open question stays open through small talk only: a later "yes" must not cancel a request
    that was asked about yesterday. The count of misunderstood messages starts again unless this
    message was misunderstood. `told` is cleared because the assistant answers again: when it fails
    the next time, the resident has to be told again.
    """
    known = replace(conversation_state.load(conversation), told=False)
    if not any(isinstance(step, plan.Misunderstood) for step in steps):
        known = replace(known, misunderstood=0)
    lasting = (plan.AskAbout, plan.Misunderstood, plan.SmallTalk)
    if not any(isinstance(step, lasting) for step in steps):
        known = replace(known, pending=None)
    conversation_state.save(conversation, known)


async def _own(
    session: AsyncSession, conversation: Conversation, service_request_id: int
) -> ServiceRequest | None:
    """The resident's request with this id, locked; None if it is not theirs."""
    request = await service_requests.lock(session, service_request_id)
    own = request.contact_point_id == conversation.contact_point_id
    return request if own and conversation.contact_point_id is not None else None
