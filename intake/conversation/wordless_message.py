"""A message without words: it is kept where operators see it, and its sender is asked for words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.conversation import outbox
from intake.conversation import state as conversation_state
from intake.locale import say
from intake.storage.models import Conversation, Message

_KEYS = {"image": "chat.picture", "location": "chat.location", "text": "chat.unseen"}


def is_wordless(message: Message) -> bool:
    """Whether it is a location without a label, or something that the channel could not show (its
    placeholder stands in the message's data)."""
    if (message.text or "").strip():
        return False
    return message.kind == "location" or "placeholder" in (message.data or {})


async def attach(
    session: AsyncSession, conversation: Conversation, message: Message, *, ask: bool
) -> None:
    """Attach it to the open draft or emergency; with ``ask``, ask what it is about, or where."""
    state = conversation_state.load(conversation)
    drafts = state.form.requests
    message.service_request_id = drafts[0].id if drafts else state.emergency
    if not ask:
        return
    key = _KEYS[message.kind]
    known = message.service_request_id is not None
    await outbox.reply(
        session,
        conversation.id,
        say(key if known else f"{key}.what", conversation.language),
        code=key.removeprefix("chat."),
        service_request_id=message.service_request_id,
    )


def position(data: Mapping[str, Any] | None) -> str | None:
    """The coordinates of a location message, degrees north and east; None without them."""
    found = data or {}
    if "latitude" not in found or "longitude" not in found:
        return None
    return f"{found['latitude']:.6f}, {found['longitude']:.6f}"
