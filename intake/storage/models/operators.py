"""Operators: how they sign in, which requests they view, and the access log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from intake.storage.models.base import Base, Id, new_id, now, one_of, ref


class Operator(Base):
    """A person who works at the desk.

    ``password_starts``: somebody else chose the password; it opens only the page on which the
    operator chooses another. ``oidc_subject``: issuer and subject of an outside account.
    """

    __tablename__ = "operators"
    id: Id = new_id()
    name: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str] = mapped_column(String(16), server_default="operator")
    password_hash: Mapped[str | None]
    password_starts: Mapped[bool] = mapped_column(Boolean, server_default="false")
    oidc_subject: Mapped[str | None] = mapped_column(Text, unique=True)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()
    __table_args__ = (one_of("role", "operator", "supervisor", "admin", "station"),)


class ApiToken(Base):
    """A bearer token; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"
    id: Id = new_id()
    operator_id: Mapped[int] = ref("operators", cascade=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    prefix: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = now()


class OperatorSession(Base):
    """One browser in which an operator is signed in; only its token's SHA-256 is kept.

    ``bound``: accepted only from a cookie with the ``__Host-`` prefix.
    """

    __tablename__ = "operator_sessions"
    id: Id = new_id()
    operator_id: Mapped[int] = ref("operators", cascade=True)
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    bound: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    seen_at: Mapped[datetime] = now()
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = now()


class SignInTries(Base):
    """Recent wrong passwords for one name or one network; ``key`` is a keyed hash of it."""

    __tablename__ = "sign_in_tries"
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    last_at: Mapped[datetime] = now()
    wait_until: Mapped[datetime] = now()


class KnownSignIn(Base):
    """A browser or network from which a name was signed in; ``key`` is a keyed hash of both."""

    __tablename__ = "known_sign_ins"
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    seen_at: Mapped[datetime] = now()


class Looking(Base):
    """An operator who has a request open; counts for 40 seconds after ``seen_at``. The table is
    unlogged: a crash of the database empties it."""

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
    since: Mapped[datetime] = now()
    seen_at: Mapped[datetime] = now()
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)


class AccessLog(Base):
    """Who viewed or changed personal data."""

    __tablename__ = "access_log"
    id: Id = new_id()
    who: Mapped[str]
    action: Mapped[str] = mapped_column(String(64))
    service_request_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    created_at: Mapped[datetime] = now()
    __table_args__ = (
        Index("access_log_who", "who", "id"),
        Index("access_log_action", "action", "id"),
        Index("access_log_created_at", "created_at"),
    )
