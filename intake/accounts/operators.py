"""Operators, their roles, and the browsers in which they are signed in."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import throttle
from intake.errors import BadField, MoveNotAllowed, NotFound
from intake.storage.models import ApiToken, Operator, OperatorSession

ROLES = ("station", "operator", "supervisor", "admin")  # each includes the ones before it
COMMAND_LINE = "command line"  # stands in the access log for whoever used the command line
# Names with another meaning in the history, the access log and the statistics.
RESERVED = frozenset({COMMAND_LINE, "rule", "retention", "restore", "-"})
SEEN_EVERY = timedelta(minutes=1)
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator signed in in one browser. ``token``: the value of the browser's cookie; the
    database has only its hash."""

    operator: Operator
    token: str

    @property
    def csrf(self) -> str:
        """The CSRF token that every write from this browser must carry besides the cookie."""
        return hashlib.sha256(b"csrf:" + self.token.encode()).hexdigest()


def may(operator: Operator, role: str) -> bool:
    """Does this operator's role include ``role``?"""
    return ROLES.index(operator.role) >= ROLES.index(role)


def clean_name(name: str) -> str:
    """A name as it is stored: NFC, without control characters and surrounding spaces, at most
    `LONGEST_NAME` characters."""
    seen = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    return "".join(seen).strip()[:LONGEST_NAME]


async def find(session: AsyncSession, name: str) -> Operator:
    """The operator of this name, locked. Raises `NotFound`."""
    found = await session.scalar(
        select(Operator).where(Operator.name == clean_name(name)).with_for_update()
    )
    if found is None:
        raise NotFound("There is no operator of this name; `huying operator list` shows all.")
    return found


async def add(
    session: AsyncSession,
    name: str,
    role: str,
    password_hash: str | None,
    *,
    starts: bool = False,
    oidc_subject: str | None = None,
) -> Operator:
    """Add an operator. ``starts``: somebody else chose the password, so it must be changed.

    Raises `BadField` when the name is empty, reserved or taken, or the role unknown.
    """
    _check_role(role)
    name = clean_name(name)
    if not name or name.casefold() in RESERVED:
        raise BadField("Give the name that the history shall show.", field="name")
    made = Operator(
        name=name,
        role=role,
        password_hash=password_hash,
        password_starts=starts,
        oidc_subject=oidc_subject,
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise BadField(
            "There is an operator of this name.", code="name_taken", field="name"
        ) from None
    return made


async def set_password(
    session: AsyncSession, operator: Operator, password_hash: str, *, starts: bool
) -> None:
    """Set another password and end all sessions of the operator.

    Raises `MoveNotAllowed` for an outside account, which has no password here.
    """
    if operator.oidc_subject is not None:
        raise MoveNotAllowed(
            "This account signs in elsewhere and has no password here.", code="no_password_here"
        )
    operator.password_hash, operator.password_starts = password_hash, starts
    await end_sessions(session, operator.id)


async def set_role(session: AsyncSession, operator: Operator, role: str) -> None:
    """Set another role; it applies from the operator's next request on.

    Raises `MoveNotAllowed` for the last administrator.
    """
    _check_role(role)
    if role != "admin":
        await _keep_an_admin(session, operator)
    operator.role = role


async def disable(session: AsyncSession, operator: Operator) -> None:
    """Disable an account: sessions end and tokens are revoked; the history stays.

    Raises `MoveNotAllowed` for the last administrator.
    """
    await _keep_an_admin(session, operator)
    now = datetime.now(UTC)
    operator.disabled_at = operator.disabled_at or now
    await end_sessions(session, operator.id)
    await session.execute(
        update(ApiToken)
        .where(ApiToken.operator_id == operator.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def enable(session: AsyncSession, operator: Operator) -> None:
    """Enable a disabled account; the password is as before, revoked tokens stay revoked."""
    operator.disabled_at = None


async def admins(session: AsyncSession) -> list[int]:
    """The ids of all administrators who can sign in; the rows are locked, so that the last two
    can't be removed at once."""
    found = await session.scalars(
        select(Operator.id)
        .where(
            Operator.role == "admin",
            Operator.disabled_at.is_(None),
            or_(Operator.password_hash.is_not(None), Operator.oidc_subject.is_not(None)),
        )
        .order_by(Operator.id)
        .with_for_update()
    )
    return list(found)


async def _keep_an_admin(session: AsyncSession, leaving: Operator) -> None:
    if await admins(session) == [leaving.id]:
        raise MoveNotAllowed(
            "This is the only administrator; make another one first.", code="last_admin"
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadField(f"role must be one of {', '.join(ROLES)}.", field="role")


async def open_session(
    session: AsyncSession,
    operator: Operator,
    lasts: timedelta,
    *,
    bound: bool = False,
) -> SignedIn:
    """Sign an operator in: a new browser session that ends after ``lasts``.

    ``bound``: the session is valid only in a cookie that is bound to our host.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        OperatorSession(
            operator_id=operator.id,
            token_sha256=_digest(token),
            bound=bound,
            expires_at=datetime.now(UTC) + lasts,
        )
    )
    await session.flush()
    return SignedIn(operator, token)


async def session_of(
    session: AsyncSession, token: str, idle: timedelta, *, bound: bool = False
) -> SignedIn | None:
    """The signed-in operator of a cookie's token.

    None when the session is unknown, has ended or was idle too long, when the operator is disabled,
    or when the session needs a ``bound`` cookie and the cookie was not bound. The token is looked
    up by its SHA-256, so that the time taken tells nothing about it.
    """
    now = datetime.now(UTC)
    row = await session.scalar(
        select(OperatorSession).where(OperatorSession.token_sha256 == _digest(token))
    )
    if row is None or row.expires_at < now or row.seen_at < now - idle:
        return None
    if row.bound and not bound:
        return None
    operator = await session.get_one(Operator, row.operator_id)
    if operator.disabled_at is not None:
        return None
    if now - row.seen_at > SEEN_EVERY:
        row.seen_at = now
    return SignedIn(operator, token)


async def end_session(session: AsyncSession, token: str) -> None:
    """Sign one browser out."""
    gone = delete(OperatorSession).where(OperatorSession.token_sha256 == _digest(token))
    await session.execute(gone)


async def end_sessions(session: AsyncSession, operator_id: int) -> None:
    """Sign an operator out of all browsers."""
    await session.execute(delete(OperatorSession).where(OperatorSession.operator_id == operator_id))


async def forget_sessions(session: AsyncSession, idle: timedelta) -> None:
    """Delete sessions that have ended, and counts of wrong passwords that have no effect."""
    now = datetime.now(UTC)
    await session.execute(
        delete(OperatorSession).where(
            or_(OperatorSession.expires_at < now, OperatorSession.seen_at < now - idle)
        )
    )
    await throttle.forget(session)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
