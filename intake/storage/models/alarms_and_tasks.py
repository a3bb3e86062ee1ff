"""What people must act on: alarms of emergencies, and operators' tasks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, one_of, ref


class Alarm(Base):
    """An emergency that people on duty are being called to."""

    __tablename__ = "alarms"
    id: Id = new_id()
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), unique=True
    )
    status: Mapped[str] = mapped_column(String(16), server_default="open")
    step: Mapped[int] = mapped_column(Integer, server_default="0")
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        one_of("status", "open", "acknowledged", "unanswered"),
        Index("alarms_ringing", "id", postgresql_where=sql("status <> 'acknowledged'")),
    )


class AlarmNotice(Base):
    """One call to one person; without ``finished_at`` it is under way, or its process died."""

    __tablename__ = "alarm_notices"
    id: Id = new_id()
    alarm_id: Mapped[int] = ref("alarms", cascade=True)
    step: Mapped[int] = mapped_column(Integer)
    contact: Mapped[str]
    via: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = now()
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool | None] = mapped_column(Boolean)
    error: Mapped[str | None]


class OperatorTask(Base):
    """A task for an operator, such as ringing a resident or a backend; due from ``due_at``, if set.

    ``tries``: how often that person was not reached. ``outcome``: reached or done.
    """

    __tablename__ = "operator_tasks"
    id: Id = new_id()
    service_request_id: Mapped[int | None] = ref("service_requests", cascade=True)
    kind: Mapped[str] = mapped_column(String(32))
    sentence: Mapped[str]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    outcome: Mapped[str | None] = mapped_column(String(16))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("operator_tasks_open", "due_at", "id", postgresql_where=sql("done_at IS NULL")),
    )
