"""Service requests, what was understood of their words, and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    String,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from intake.lifecycle import WORKING, Status
from intake.storage.models.base import Base, Id, new_id, now, one_of, ref
from intake.storage.models.recordings import Recording, Transcript
from intake.understanding.fields import COLUMNS


class Understanding(Base):
    """What the readers understood of one text; ``fields`` is their JSON, with evidence."""

    __tablename__ = "understandings"
    id: Id = new_id()
    service_request_id: Mapped[int] = ref("service_requests", cascade=True)
    transcript_id: Mapped[int | None] = ref("transcripts")
    message_id: Mapped[int | None] = ref("messages")
    category: Mapped[str | None]
    confidence: Mapped[float | None] = mapped_column(Float)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = now()


_STATUSES = tuple(s.value for s in Status)
_WORKING_SQL = ", ".join(f"'{s.value}'" for s in sorted(WORKING))
tracking_sequence = Sequence("tracking_numbers", start=10000, metadata=Base.metadata)


class ServiceRequest(Base):
    """One need of one resident, with its life cycle; `service_requests` writes it.

    The columns of its fields are those of `understanding.fields.COLUMNS`; those that code names
    are typed here. ``given``: what the sender filled in (see `Opening`), and nothing else.
    ``for_other``: the resident asks for somebody else. ``hear_again``: its recording is to be
    transcribed once more although it is in review. ``assistant_tries``: how many times the
    assistant was asked in vain. ``told_in_chat``: the status that the conversation itself told the
    resident. ``rejected_because``: the operator's reason, which the resident hears. ``route_to``:
    the backend that an operator chose over the rules. ``invented``: sample data. ``erased_at``:
    when it was erased; the row then holds nothing personal and stays for the statistics.
    ``resident_group``: the household's group, copied when the request is erased; until then the
    household's row holds it.
    """

    __tablename__ = "service_requests"
    id: Id = new_id()
    tracking_number: Mapped[str] = mapped_column(String(24), unique=True)
    status_key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    status_key: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), server_default=Status.RECEIVED.value)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    channel: Mapped[str] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(16))
    recording_id: Mapped[int | None] = ref("recordings")
    transcript_id: Mapped[int | None] = ref("transcripts", index=False)
    understanding_id: Mapped[int | None] = mapped_column(BigInteger)
    conversation_id: Mapped[int | None] = ref("conversations")
    contact_point_id: Mapped[int | None] = ref("contact_points")
    household_id: Mapped[int | None] = ref("households")
    merged_into_id: Mapped[int | None] = ref("service_requests")
    split_from_id: Mapped[int | None] = ref("service_requests", index=False)
    related_to_id: Mapped[int | None] = ref("service_requests", index=False)

    category: Mapped[str | None] = mapped_column(String(64))
    urgency: Mapped[str] = mapped_column(String(16), server_default="normal")
    text: Mapped[str | None]
    place: Mapped[str | None]
    area: Mapped[str | None]
    unit: Mapped[str | None]
    when_start: Mapped[datetime | None]
    when_end: Mapped[datetime | None]
    when_text: Mapped[str | None]
    person: Mapped[str | None]
    phone: Mapped[str | None]
    given: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sql("'{}'"))
    for_other: Mapped[bool] = mapped_column(server_default=sql("false"))
    listen_first: Mapped[bool] = mapped_column(server_default=sql("false"))
    corrected: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    reasons: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))

    hear_again: Mapped[bool] = mapped_column(server_default=sql("false"))
    assistant_tries: Mapped[int] = mapped_column(Integer, server_default="0")
    told_in_chat: Mapped[str | None] = mapped_column(String(16))
    rejected_because: Mapped[str | None]
    route_to: Mapped[str | None] = mapped_column(String(64))
    invented: Mapped[bool] = mapped_column(server_default=sql("false"))

    backend: Mapped[str | None] = mapped_column(String(64))
    external_id: Mapped[str | None]
    assignee: Mapped[str | None]
    comes_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = now()
    deadline_at: Mapped[datetime | None]
    on_hold_until: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    routed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    rating: Mapped[int | None] = mapped_column(Integer)
    resident_says: Mapped[str | None] = mapped_column(String(16))
    erased_at: Mapped[datetime | None]
    erased_by: Mapped[str | None]
    erased_why: Mapped[str | None] = mapped_column(String(16))
    resident_group: Mapped[str | None]
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = now()

    recording: Mapped[Recording | None] = relationship(lazy="raise")
    transcript: Mapped[Transcript | None] = relationship(lazy="raise")

    __table_args__ = (
        one_of("status", *_STATUSES),
        one_of("urgency", "emergency", "urgent", "normal"),
        one_of("resident_says", "right", "not_right"),
        one_of("erased_why", "asked", "retention", "test", "other"),
        Index(
            "service_requests_ended",
            "ended_at",
            postgresql_where=sql("ended_at IS NOT NULL AND erased_at IS NULL"),
        ),
        Index(
            "service_requests_working",
            "status",
            "updated_at",
            postgresql_where=sql(f"status IN ({_WORKING_SQL})"),
        ),
        Index("service_requests_queue", "status", "urgency", "deadline_at", "id"),
        Index("service_requests_phone", "phone"),
        Index(
            "service_requests_group",
            "resident_group",
            postgresql_where=sql("resident_group IS NOT NULL"),
        ),
        *(
            Index(
                f"service_requests_{name}",
                sql("(urgency <> 'emergency')"),
                sql("(NOT listen_first)"),
                sql("coalesce(deadline_at, 'infinity')"),
                "id",
                postgresql_where=sql(f"status {statuses}"),
            )
            for name, statuses in (
                ("waiting", "= 'needs_review'"),
                ("on_the_way", "IN ('routed', 'accepted')"),
            )
        ),
        Index("service_requests_done", "id", postgresql_where=sql("status = 'done'")),
        Index(
            "service_requests_on_hold",
            "on_hold_until",
            "id",
            postgresql_where=sql("on_hold_until IS NOT NULL"),
        ),
        Index("service_requests_area", "area", "id"),
        Index("service_requests_category", "category", "id"),
        Index("service_requests_channel", "channel", "id"),
        Index(
            "service_requests_urgency", "urgency", "id", postgresql_where=sql("urgency <> 'normal'")
        ),
        Index("service_requests_transcript", "transcript_id"),
        Index("service_requests_place", "place", "received_at"),
        Index("service_requests_received", "received_at"),
    )


for _column in COLUMNS:  # of fields that no code names
    if _column.name not in ServiceRequest.__table__.columns:
        _type = DateTime(timezone=True) if _column.type is datetime else Text
        setattr(ServiceRequest, _column.name, mapped_column(_type, nullable=True))


class Event(Base):
    """One change of status or fields: from, to, who, why. Rows are only ever added."""

    __tablename__ = "events"
    id: Id = new_id()
    service_request_id: Mapped[int] = ref("service_requests", cascade=True)
    kind: Mapped[str] = mapped_column(String(32))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(16))
    who: Mapped[str | None]
    why: Mapped[str | None]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index(
            "events_milestones",
            "service_request_id",
            "to_status",
            "created_at",
            postgresql_where=sql("to_status IN ('confirmed', 'rejected', 'done')"),
        ),
    )
