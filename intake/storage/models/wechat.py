"""What the WeChat channel must remember between two messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, one_of, ref


class WechatToken(Base):
    """WeChat's access token, shared by all processes; one process at a time renews it."""

    __tablename__ = "wechat_tokens"
    app_id: Mapped[str] = mapped_column(Text, primary_key=True)
    access_token: Mapped[str]
    expires_at: Mapped[datetime]
    renewed_at: Mapped[datetime] = now()


class WechatWindow(Base):
    """How many customer-service messages a follower may still get, and until when."""

    __tablename__ = "wechat_windows"
    openid: Mapped[str] = mapped_column(Text, primary_key=True)
    opened_by: Mapped[str] = mapped_column(String(8), primary_key=True)
    until: Mapped[datetime]
    remaining: Mapped[int] = mapped_column(Integer)
    __table_args__ = (one_of("opened_by", "message", "event"),)


class WechatMedia(Base):
    """A voice message or picture to download from WeChat, which keeps it for three days.

    ``ended_at``: when the download ended; ``error_code``: why it failed for good.
    """

    __tablename__ = "wechat_media"
    id: Id = new_id()
    openid: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    media_id: Mapped[str]
    received_at: Mapped[datetime]
    service_request_id: Mapped[int | None] = ref("service_requests", index=False)
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        UniqueConstraint("openid", "external_id"),
        Index("wechat_media_open", "id", postgresql_where=sql("ended_at IS NULL")),
    )


class WechatAnswer(Base):
    """The immediate answer to one message: WeChat repeats a message that got no answer, and must
    get the same one."""

    __tablename__ = "wechat_answers"
    openid: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str]
    created_at: Mapped[datetime] = now()
