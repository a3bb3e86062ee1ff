"""Who may sit at the desk: operators, their passwords and the browsers they are signed in with."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.models import Operator, OperatorSession

ROLES = ("station", "operator", "supervisor", "admin")  # each may do what those before it may
SEEN_EVERY = timedelta(minutes=1)
_hasher = PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low memory)
_nobody = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator in one browser. ``token`` is what its cookie holds and what no table does."""

    operator: Operator
    token: str

    @property
    def csrf(self) -> str:
        """What every write from this browser must carry besides the cookie."""
        return hashlib.sha256(b"csrf:" + self.token.encode()).hexdigest()


def may(operator: Operator, role: str) -> bool:
    """Does this operator's role include another one?"""
    return ROLES.index(operator.role) >= ROLES.index(role)


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt; takes tens of milliseconds on purpose."""
    return _hasher.hash(password)


def is_password(operator: Operator | None, password: str) -> bool:
    """Is it this operator's password? As slow for nobody as for somebody."""
    kept = operator.password_hash if operator is not None and not operator.disabled_at else None
    try:
        return _hasher.verify(kept or _nobody, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


async def open_session(session: AsyncSession, operator: Operator, lasts: timedelta) -> SignedIn:
    """Sign an operator in: a new browser session that ends after ``lasts``."""
    token = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + lasts
    session.add(
        OperatorSession(operator_id=operator.id, token_sha256=_digest(token), expires_at=expires)
    )
    await session.flush()
    return SignedIn(operator, token)


async def session_of(session: AsyncSession, token: str, idle: timedelta) -> SignedIn | None:
    """Who is behind a cookie; None when it is unknown, over, idle too long or its owner disabled.

    Looked up by the token's SHA-256, so that the time taken says nothing about the token.
    """
    now = datetime.now(UTC)
    row = await session.scalar(
        select(OperatorSession).where(OperatorSession.token_sha256 == _digest(token))
    )
    if row is None or row.expires_at < now or row.seen_at < now - idle:
        return None
    operator = await session.get_one(Operator, row.operator_id)
    if operator.disabled_at is not None:
        return None
    if now - row.seen_at > SEEN_EVERY:
        row.seen_at = now
    return SignedIn(operator, token)


async def end_session(session: AsyncSession, token: str) -> None:
    """Sign one browser out."""
    await session.execute(
        delete(OperatorSession).where(OperatorSession.token_sha256 == _digest(token))
    )


async def end_sessions(session: AsyncSession, operator_id: int) -> None:
    """Sign an operator out everywhere: after a new password, or when disabled."""
    await session.execute(delete(OperatorSession).where(OperatorSession.operator_id == operator_id))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
