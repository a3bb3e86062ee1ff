"""Written conversations: their messages and attachments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, one_of, ref


class Conversation(Base):
    """All messages exchanged with one contact point.

    ``state``: the state of the assistant's form (`intake.conversation.form`). ``tracker``: the name
    of Rasa's own record of it; None where that record may differ from ours, and Rasa must start a
    new one.
    """

    __tablename__ = "conversations"
    id: Id = new_id()
    contact_point_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("contact_points.id", ondelete="SET NULL"), unique=True
    )
    handled_by: Mapped[str] = mapped_column(String(16), server_default="assistant")
    handled_since: Mapped[datetime | None]
    handed_because: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"))
    tracker: Mapped[str | None] = mapped_column(String(64))
    last_in_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (one_of("handled_by", "assistant", "operator"),)


class Message(Base):
    """One message, in or out; its words are never altered once stored.

    In: ``kind`` is text, voice, image, location or event; ``text`` of a voice message is its
    transcription; ``handled_at`` is set in the transaction that stores the effects.
    Out: ``sent_at``: when the channel accepted it; ``waits``: it can be sent only after the
    resident's next message; ``send_error``: why it was not sent; ``who``: the operator who wrote
    it. ``data`` belongs to the channel.
    """

    __tablename__ = "messages"
    id: Id = new_id()
    conversation_id: Mapped[int | None] = ref("conversations", cascade=True)
    service_request_id: Mapped[int | None] = ref("service_requests")
    direction: Mapped[str] = mapped_column(String(3))
    external_id: Mapped[str | None]
    kind: Mapped[str] = mapped_column(String(16), server_default="text")
    text: Mapped[str | None]
    code: Mapped[str | None] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    who: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"))
    received_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    waits: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    send_error: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        UniqueConstraint("conversation_id", "direction", "external_id"),
        one_of("direction", "in", "out"),
        Index(
            "messages_unsent",
            "conversation_id",
            "id",
            postgresql_where=sql("direction = 'out' AND sent_at IS NULL"),
        ),
        Index(
            "messages_unanswered",
            "id",
            postgresql_where=sql("direction = 'in' AND handled_at IS NULL"),
        ),
    )


class Attachment(Base):
    """A picture or a file that came with a message."""

    __tablename__ = "attachments"
    id: Id = new_id()
    message_id: Mapped[int] = ref("messages", cascade=True)
    recording_id: Mapped[int | None] = ref("recordings")
    blob_key: Mapped[str | None]
    media_type: Mapped[str]
