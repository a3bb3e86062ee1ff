"""Every step of a turn's plan, in its order."""

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

    The message was read when the plan was made; only a plan without a reading has it read here.
    """
    _forget(conversation, planned.steps)
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


def _forget(conversation: Conversation, steps: Sequence[plan.Step]) -> None:
    """What was asked and misunderstood before holds for small talk, and not much longer: a "yes"
    must not cancel what was asked about yesterday. The assistant answers again: the resident needs
    to be told once more when it can't."""
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
    request = await service_requests.lock(session, service_request_id)
    own = request.contact_point_id == conversation.contact_point_id
    return request if own and conversation.contact_point_id is not None else None
