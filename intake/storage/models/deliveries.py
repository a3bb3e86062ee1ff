"""Deliveries to backends, their attempts, and the orders of the built-in board."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Index, Integer, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, one_of, ref


class Delivery(Base):
    """One order, change or cancellation to send to a backend about one request."""

    __tablename__ = "deliveries"
    id: Id = new_id()
    service_request_id: Mapped[int] = ref("service_requests", cascade=True)
    backend: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16), server_default="submit")
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    status: Mapped[str] = mapped_column(String(16), server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    next_attempt_at: Mapped[datetime | None]
    external_id: Mapped[str | None]
    token: Mapped[str | None]
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    request_version: Mapped[int] = mapped_column(Integer, server_default="1")
    delivered_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        one_of("kind", "submit", "changed", "cancelled"),
        one_of("status", "pending", "sending", "delivered", "failed", "dropped"),
        Index("deliveries_external", "backend", "external_id"),
        Index("deliveries_failed", "id", postgresql_where=sql("status = 'failed'")),
        Index("deliveries_poll", "next_poll_at", postgresql_where=sql("next_poll_at IS NOT NULL")),
    )


class DeliveryAttempt(Base):
    """One attempt of a delivery. A row left without ``finished_at``: its process died during the
    attempt, and the backend may have got it. ``answer``: the beginning of what the other side
    answered, as it was."""

    __tablename__ = "delivery_attempts"
    id: Id = new_id()
    delivery_id: Mapped[int] = ref("deliveries", cascade=True)
    number: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = now()
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool | None] = mapped_column(Boolean)
    sent: Mapped[bool | None] = mapped_column(Boolean)
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    answer: Mapped[str | None]


class StationOrder(Base):
    """An order on the built-in board."""

    __tablename__ = "station_orders"
    id: Id = new_id()
    backend_name: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    service_request_id: Mapped[int | None] = ref("service_requests")
    tracking_number: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(16), server_default="open")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    comes_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    note: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = now()
    __table_args__ = (
        one_of("status", "open", "accepted", "done", "could_not", "cancelled"),
        Index("station_orders_board", "status", "id"),
    )
