"""Notes of channels and of erasing, so that nothing is done twice and nothing is left undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, ref


class IdempotencyKey(Base):
    """A sender's key with the answer given to it; the same key and body get that answer again."""

    __tablename__ = "idempotency_keys"
    key_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    body_sha256: Mapped[bytes]
    service_request_id: Mapped[int] = ref("service_requests", cascade=True)
    created_at: Mapped[datetime] = now()


class Leftover(Base):
    """Data outside this database that an erasure still has to delete; the row is deleted after.

    ``upload_keys``: hex digests of the senders' keys. ``conversation_ids``: conversations that
    Rasa must forget.
    """

    __tablename__ = "leftovers"
    id: Id = new_id()
    blob_keys: Mapped[list[Any]]
    upload_keys: Mapped[list[Any]]
    conversation_ids: Mapped[list[Any]]
    created_at: Mapped[datetime] = now()
