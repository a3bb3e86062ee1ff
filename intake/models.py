"""What we keep: one class a table, in the words of the house.

Times are aware UTC. Evidence is ``[start, end)`` in code points of the stored text. What
belongs to one need hangs on `ServiceRequest`; what was said hangs on `Recording`, `Transcript`
and `Message`, which are never altered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from intake.lifecycle import WORKING, Status
from speech.transcript import Transcript as Heard


class Base(DeclarativeBase):
    """The root of all tables."""

    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads a plain class attribute)
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
        int: BigInteger,
        bytes: LargeBinary,
    }


Id = Mapped[int]
tracking_sequence = Sequence("tracking_numbers", start=10000, metadata=Base.metadata)


def _id() -> Any:
    return mapped_column(BigInteger, Identity(always=True), primary_key=True)


def _now() -> Any:
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def _ref(target: str, *, index: bool = True, cascade: bool = False) -> Any:
    return mapped_column(
        BigInteger,
        ForeignKey(f"{target}.id", ondelete="CASCADE" if cascade else "SET NULL"),
        index=index,
    )


def _one_of(column: str, *values: str) -> CheckConstraint:
    quoted = ", ".join(f"'{v}'" for v in values)
    return CheckConstraint(f"{column} IN ({quoted})", name=f"{column}_known")


class Place(Base):
    """A name in the gazetteer; operators edit it."""

    __tablename__ = "places"
    id: Id = _id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str]
    area: Mapped[str | None]
    aliases: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))


class Household(Base):
    """A home: who lives there, where it is, which area serves it, what group it belongs to.

    Its link carries ``link_version``: a new one ends all earlier ones. ``erasing``: the order to
    erase it, while that is under way (`intake.keeping.homes`).
    """

    __tablename__ = "households"
    id: Id = _id()
    name: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(String(16))
    place: Mapped[str | None]
    unit: Mapped[str | None]
    area: Mapped[str | None]
    resident_group: Mapped[str | None]
    link_version: Mapped[int] = mapped_column(Integer, server_default="0")
    link_revoked_at: Mapped[datetime | None]
    erasing: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (Index("households_group", "resident_group", "id"),)


class Resident(Base):
    """A person who is helped."""

    __tablename__ = "residents"
    id: Id = _id()
    household_id: Mapped[int | None] = _ref("households")
    name: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = _now()


class ContactPoint(Base):
    """A channel and an address there: a phone number, an openid, an e-mail address."""

    __tablename__ = "contact_points"
    id: Id = _id()
    resident_id: Mapped[int | None] = _ref("residents")
    channel: Mapped[str] = mapped_column(String(32))
    address: Mapped[str]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (UniqueConstraint("channel", "address"),)


class Conversation(Base):
    """What goes to and fro with one contact point.

    ``state``: what the assistant is at (`intake.dialogue`). ``tracker``: the name under which Rasa
    remembers it; None where its memory may differ from ours, so that it gets a new one.
    """

    __tablename__ = "conversations"
    id: Id = _id()
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
    created_at: Mapped[datetime] = _now()
    __table_args__ = (_one_of("handled_by", "assistant", "operator"),)


class Message(Base):
    """One message, in or out; its words are never altered once stored.

    In: ``kind`` is text, voice, image, location or event; a voice message's ``text`` is what was
    heard; ``handled_at`` says that it was acted on, with its effects in the same transaction.
    Out: ``sent_at`` says that the channel took it; ``waits`` that it can go out only after the
    resident's next message; ``send_error`` why it did not go. ``who``: the operator who wrote it.
    ``data`` belongs to the channel.
    """

    __tablename__ = "messages"
    id: Id = _id()
    conversation_id: Mapped[int | None] = _ref("conversations", cascade=True)
    service_request_id: Mapped[int | None] = _ref("service_requests")
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
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        UniqueConstraint("conversation_id", "direction", "external_id"),
        _one_of("direction", "in", "out"),
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


class Recording(Base):
    """The bytes a resident left: where they lie and what they are. Never altered.

    ``forgotten_at``: the sound is gone, its time was over.
    """

    __tablename__ = "recordings"
    id: Id = _id()
    blob_key: Mapped[str] = mapped_column(Text, unique=True)
    sha256: Mapped[bytes]
    size_bytes: Mapped[int]
    format: Mapped[str | None]
    codec: Mapped[str | None]
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    recorded_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()

    @property
    def suffix(self) -> str:
        """The ending that its kind of file usually has; ``format`` is the demuxer's name."""
        return {"matroska": "webm", "mov": "m4a"}.get(self.format or "", self.format or "bin")


class Attachment(Base):
    """A picture or a file that came with a message."""

    __tablename__ = "attachments"
    id: Id = _id()
    message_id: Mapped[int] = _ref("messages", cascade=True)
    recording_id: Mapped[int | None] = _ref("recordings")
    blob_key: Mapped[str | None]
    media_type: Mapped[str]


class Transcript(Base):
    """What one engine heard in one recording. ``words``: [{text, start, end, confidence}].

    ``alternatives``: other texts that it may have been, the likeliest first.
    """

    __tablename__ = "transcripts"
    id: Id = _id()
    recording_id: Mapped[int] = _ref("recordings", cascade=True)
    text: Mapped[str]
    language: Mapped[str | None] = mapped_column(String(16))
    engine: Mapped[str]
    model: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    notes: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    alternatives: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    confidence: Mapped[float | None] = mapped_column(Float)
    duration_seconds: Mapped[float | None] = mapped_column(Float)
    speech_seconds: Mapped[float | None] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(16), server_default="recogniser")
    created_at: Mapped[datetime] = _now()

    @classmethod
    def of(cls, heard: Heard, recording_id: int) -> Transcript:
        """What a recogniser heard, as it is stored."""
        return cls(
            recording_id=recording_id,
            text=heard.text,
            language=heard.language,
            engine=heard.engine,
            model=heard.model,
            words=[
                {"text": w.text, "start": w.start, "end": w.end, "confidence": w.confidence}
                for w in heard.words
            ],
            notes=list(heard.notes),
            alternatives=list(heard.alternatives),
            confidence=heard.confidence,
            duration_seconds=heard.duration_seconds,
            speech_seconds=heard.speech_seconds,
        )


class Understanding(Base):
    """What was read out of one text; ``fields`` is the reader's own JSON, with evidence."""

    __tablename__ = "understandings"
    id: Id = _id()
    service_request_id: Mapped[int] = _ref("service_requests", cascade=True)
    transcript_id: Mapped[int | None] = _ref("transcripts")
    message_id: Mapped[int | None] = _ref("messages")
    category: Mapped[str | None]
    confidence: Mapped[float | None] = mapped_column(Float)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = _now()


_STATUSES = tuple(s.value for s in Status)
_WORKING_SQL = ", ".join(f"'{s.value}'" for s in sorted(WORKING))


class ServiceRequest(Base):
    """One need of one resident, with its life cycle; `service_requests` writes it.

    ``erased_at``: this is a tombstone, without anything personal, so that figures stay;
    ``resident_group``: its home's group then, before that the home says it.
    """

    __tablename__ = "service_requests"
    id: Id = _id()
    tracking_number: Mapped[str] = mapped_column(String(24), unique=True)
    status_key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    status_key: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), server_default=Status.RECEIVED.value)
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    channel: Mapped[str] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(16))
    recording_id: Mapped[int | None] = _ref("recordings")
    transcript_id: Mapped[int | None] = _ref("transcripts", index=False)
    understanding_id: Mapped[int | None] = mapped_column(BigInteger)
    conversation_id: Mapped[int | None] = _ref("conversations")
    contact_point_id: Mapped[int | None] = _ref("contact_points")
    household_id: Mapped[int | None] = _ref("households")
    merged_into_id: Mapped[int | None] = _ref("service_requests")
    split_from_id: Mapped[int | None] = _ref("service_requests", index=False)
    related_to_id: Mapped[int | None] = _ref("service_requests", index=False)

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
    corrected: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))
    reasons: Mapped[list[Any]] = mapped_column(JSONB, server_default=sql("'[]'"))

    backend: Mapped[str | None] = mapped_column(String(64))
    external_id: Mapped[str | None]
    assignee: Mapped[str | None]
    comes_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = _now()
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
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()

    recording: Mapped[Recording | None] = relationship(lazy="raise")
    transcript: Mapped[Transcript | None] = relationship(lazy="raise")

    __table_args__ = (
        _one_of("status", *_STATUSES),
        _one_of("urgency", "emergency", "urgent", "normal"),
        _one_of("resident_says", "right", "not_right"),
        _one_of("erased_why", "asked", "retention", "test", "other"),
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


class Sound(Base):
    """How a character sounds, as a syllable folded by `phonetics.fuzzy`; the database's own
    functions fold with it what is searched for and what is found."""

    __tablename__ = "sounds"
    character: Mapped[str] = mapped_column(Text, primary_key=True)
    sound: Mapped[str]


class RequestWords(Base):
    """What a request is found by; triggers keep it, the migration that made them says how.

    ``said``: all that was said and noted, bare of blanks and marks, a line a field. ``sounds``: its
    syllables between spaces. ``terms``: characters, pairs of characters, pairs of syllables.
    """

    __tablename__ = "request_words"
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), primary_key=True
    )
    said: Mapped[str]
    sounds: Mapped[str]
    terms: Mapped[list[str]] = mapped_column(ARRAY(Text))
    __table_args__ = (Index("request_words_terms", "terms", postgresql_using="gin"),)


class Looking(Base):
    """Who looks at a request just now; forgotten by a crash, and 40 seconds after ``seen_at``."""

    __tablename__ = "looking"
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), primary_key=True
    )
    operator_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("operators.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    )
    since: Mapped[datetime] = _now()
    seen_at: Mapped[datetime] = _now()
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class Event(Base):
    """One move or change: from, to, who, why. Only ever added."""

    __tablename__ = "events"
    id: Id = _id()
    service_request_id: Mapped[int] = _ref("service_requests", cascade=True)
    kind: Mapped[str] = mapped_column(String(32))
    from_status: Mapped[str | None] = mapped_column(String(16))
    to_status: Mapped[str | None] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(16))
    who: Mapped[str | None]
    why: Mapped[str | None]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index(
            "events_milestones",
            "service_request_id",
            "to_status",
            "created_at",
            postgresql_where=sql("to_status IN ('confirmed', 'rejected', 'done')"),
        ),
    )


class Delivery(Base):
    """One thing to tell a backend about one request; attempts hang on it."""

    __tablename__ = "deliveries"
    id: Id = _id()
    service_request_id: Mapped[int] = _ref("service_requests", cascade=True)
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
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        _one_of("kind", "submit", "changed", "cancelled"),
        _one_of("status", "pending", "sending", "delivered", "failed", "dropped"),
        Index("deliveries_external", "backend", "external_id"),
        Index("deliveries_failed", "id", postgresql_where=sql("status = 'failed'")),
        Index("deliveries_poll", "next_poll_at", postgresql_where=sql("next_poll_at IS NOT NULL")),
    )


class DeliveryAttempt(Base):
    """One try. Without ``finished_at`` the process died in it: perhaps it was sent."""

    __tablename__ = "delivery_attempts"
    id: Id = _id()
    delivery_id: Mapped[int] = _ref("deliveries", cascade=True)
    number: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime] = _now()
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool | None] = mapped_column(Boolean)
    sent: Mapped[bool | None] = mapped_column(Boolean)
    error_code: Mapped[str | None]
    error: Mapped[str | None]


class StationOrder(Base):
    """An order on the built-in board."""

    __tablename__ = "station_orders"
    id: Id = _id()
    backend_name: Mapped[str] = mapped_column(String(64))
    idempotency_key: Mapped[str] = mapped_column(Text, unique=True)
    service_request_id: Mapped[int | None] = _ref("service_requests")
    tracking_number: Mapped[str] = mapped_column(String(24))
    status: Mapped[str] = mapped_column(String(16), server_default="open")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    comes_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    note: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime] = _now()
    updated_at: Mapped[datetime] = _now()
    __table_args__ = (
        _one_of("status", "open", "accepted", "done", "could_not", "cancelled"),
        Index("station_orders_board", "status", "id"),
    )


class Alarm(Base):
    """An emergency that people on duty are being called to."""

    __tablename__ = "alarms"
    id: Id = _id()
    service_request_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("service_requests.id", ondelete="CASCADE"), unique=True
    )
    status: Mapped[str] = mapped_column(String(16), server_default="open")
    step: Mapped[int] = mapped_column(Integer, server_default="0")
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        _one_of("status", "open", "acknowledged", "unanswered"),
        Index("alarms_ringing", "id", postgresql_where=sql("status <> 'acknowledged'")),
    )


class AlarmNotice(Base):
    """One call to one person. Without ``finished_at`` the process died while calling."""

    __tablename__ = "alarm_notices"
    id: Id = _id()
    alarm_id: Mapped[int] = _ref("alarms", cascade=True)
    step: Mapped[int] = mapped_column(Integer)
    contact: Mapped[str]
    via: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = _now()
    finished_at: Mapped[datetime | None]
    ok: Mapped[bool | None] = mapped_column(Boolean)
    error: Mapped[str | None]


class OperatorTask(Base):
    """Something that a person must do: ring them, listen, look; from ``due_at`` on, if set.

    ``tries``: how often they could not be reached. ``outcome``: reached or done.
    """

    __tablename__ = "operator_tasks"
    id: Id = _id()
    service_request_id: Mapped[int | None] = _ref("service_requests", cascade=True)
    kind: Mapped[str] = mapped_column(String(32))
    sentence: Mapped[str]
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    outcome: Mapped[str | None] = mapped_column(String(16))
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index("operator_tasks_open", "due_at", "id", postgresql_where=sql("done_at IS NULL")),
    )


class Operator(Base):
    """A person at the desk.

    ``password_starts``: the password is one that somebody else chose; it opens nothing but the
    page where she chooses her own. ``oidc_subject``: issuer and subject of an outside account.
    """

    __tablename__ = "operators"
    id: Id = _id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(String(16), server_default="operator")
    password_hash: Mapped[str | None]
    password_starts: Mapped[bool] = mapped_column(Boolean, server_default="false")
    oidc_subject: Mapped[str | None] = mapped_column(Text, unique=True)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (_one_of("role", "operator", "supervisor", "admin", "station"),)


class ApiToken(Base):
    """A bearer token; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"
    id: Id = _id()
    operator_id: Mapped[int] = _ref("operators", cascade=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    prefix: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = _now()


class OperatorSession(Base):
    """One browser in which an operator is signed in; only its token's SHA-256 is kept."""

    __tablename__ = "operator_sessions"
    id: Id = _id()
    operator_id: Mapped[int] = _ref("operators", cascade=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    seen_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = _now()


class SignInTries(Base):
    """Passwords that were wrong of late, for one name or one network; ``key``: a keyed hash."""

    __tablename__ = "sign_in_tries"
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    last_at: Mapped[datetime] = _now()
    wait_until: Mapped[datetime] = _now()


class AccessLog(Base):
    """Who looked at or changed personal data."""

    __tablename__ = "access_log"
    id: Id = _id()
    who: Mapped[str]
    action: Mapped[str] = mapped_column(String(64))
    service_request_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index("access_log_who", "who", "id"),
        Index("access_log_action", "action", "id"),
        Index("access_log_created_at", "created_at"),
    )


class IdempotencyKey(Base):
    """A sender's key and the answer it got; the same key and body get it again."""

    __tablename__ = "idempotency_keys"
    key_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    body_sha256: Mapped[bytes]
    service_request_id: Mapped[int] = _ref("service_requests", cascade=True)
    created_at: Mapped[datetime] = _now()


class Leftover(Base):
    """What an erase has yet to remove outside of this database; the row goes when it is done.

    ``upload_keys``: hex digests of the senders' keys. ``conversation_ids``: whose memory Rasa
    must lose.
    """

    __tablename__ = "leftovers"
    id: Id = _id()
    blob_keys: Mapped[list[Any]]
    upload_keys: Mapped[list[Any]]
    conversation_ids: Mapped[list[Any]]
    created_at: Mapped[datetime] = _now()


class WechatToken(Base):
    """The access token that all processes share; one of them at a time renews it."""

    __tablename__ = "wechat_tokens"
    app_id: Mapped[str] = mapped_column(Text, primary_key=True)
    access_token: Mapped[str]
    expires_at: Mapped[datetime]
    renewed_at: Mapped[datetime] = _now()


class WechatWindow(Base):
    """How many customer-service messages a follower may still get, and until when."""

    __tablename__ = "wechat_windows"
    openid: Mapped[str] = mapped_column(Text, primary_key=True)
    opened_by: Mapped[str] = mapped_column(String(8), primary_key=True)
    until: Mapped[datetime]
    remaining: Mapped[int] = mapped_column(Integer)
    __table_args__ = (_one_of("opened_by", "message", "event"),)


class WechatMedia(Base):
    """A voice message or picture that WeChat keeps for three days; ``ended_at``: we have it, or
    it is lost (``error_code``)."""

    __tablename__ = "wechat_media"
    id: Id = _id()
    openid: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    media_id: Mapped[str]
    received_at: Mapped[datetime]
    service_request_id: Mapped[int | None] = _ref("service_requests", index=False)
    ended_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    created_at: Mapped[datetime] = _now()
    __table_args__ = (
        UniqueConstraint("openid", "external_id"),
        Index("wechat_media_open", "id", postgresql_where=sql("ended_at IS NULL")),
    )


class WechatAnswer(Base):
    """What was answered to one message at once: WeChat asks again when it got no answer."""

    __tablename__ = "wechat_answers"
    openid: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    text: Mapped[str]
    created_at: Mapped[datetime] = _now()


class Edited(Base):
    """One kind of what operators edit: ``version`` grows with every write to its table, whoever
    writes (triggers see to it). ``own``: what the table holds counts, even when it is empty; not
    what a file says."""

    __tablename__ = "edited"
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    own: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))


class Edit(Base):
    """One change by one person: what each thing was before and is after it, by name."""

    __tablename__ = "edits"
    id: Id = _id()
    kind: Mapped[str] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16))
    who: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    undoes_id: Mapped[int | None] = _ref("edits", index=False)
    created_at: Mapped[datetime] = _now()


class RoutingRule(Base):
    """One rule of who gets what, the lowest position first; an absent condition holds always."""

    __tablename__ = "routing_rules"
    id: Id = _id()
    position: Mapped[int] = mapped_column(Integer, unique=True)
    backend: Mapped[str] = mapped_column(String(64))
    category: Mapped[list[Any] | None]
    area: Mapped[list[Any] | None]
    urgency: Mapped[list[Any] | None]
    note: Mapped[str | None]


class CatalogueText(Base):
    """What operators say otherwise than the catalogue's file about one category."""

    __tablename__ = "catalogue_texts"
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    texts: Mapped[dict[str, Any]]
