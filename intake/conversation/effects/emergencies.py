"""What is said while an emergency is open."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from intake.conversation import context, inbound
from intake.conversation.inbound import DIAL
from intake.locale import say
from intake.runtime import Parts
from intake.storage.models import Conversation, Message, ServiceRequest
from intake.understanding.values import Field


async def danger(
    session: AsyncSession, conversation: Conversation, message: Message, parts: Parts
) -> None:
    """Somebody is in danger: an emergency from here on, with all that the message says."""
    received = message.received_at or message.created_at
    request = await inbound.emergency(session, conversation, message.text or "", received, parts)
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
    await fill(session, request, message, parts)
    asked = bool(conversation.state.get("where"))
    if not request.place and not asked:
        conversation.state = {**conversation.state, "where": True}
        words, code = say("chat.emergency.where", conversation.language), "emergency_where"
    elif new:
        words = say("chat.emergency.noted", conversation.language, dial=DIAL)
        code = "emergency_noted"
    else:
        return
    await inbound.reply(
        session,
        conversation.id,
        words,
        code=code,
        language=conversation.language,
        service_request_id=request.id,
    )


async def fill(
    session: AsyncSession, request: ServiceRequest, message: Message, parts: Parts
) -> None:
    """The words, and the fields that stand in them, unless a person has corrected them."""
    text = message.text or ""
    if text not in (request.text or ""):
        request.text = "\n".join(filter(None, (request.text, text)))
    conversation = await session.get_one(Conversation, message.conversation_id)
    read = await context.read(parts, session, conversation, message)
    for name in ("place", "unit", "person", "phone"):
        value: Field[str] | None = getattr(read, name)
        if value is not None and name not in request.corrected:
            setattr(request, name, value.value)
            if name == "place":
                request.area = read.area
    request.version += 1
    request.updated_at = inbound.now()
    await session.flush()
