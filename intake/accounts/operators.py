"""Who may sit at the desk: operators, their roles, and the browsers they are signed in with."""

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

ROLES = ("station", "operator", "supervisor", "admin")  # each may do what those before it may
COMMAND_LINE = "command line"  # who it was, where the log has no operator's name
# Names that mean somebody else where they stand: in the history, the log, the figures.
RESERVED = frozenset({COMMAND_LINE, "rule", "retention", "restore", "-"})
SEEN_EVERY = timedelta(minutes=1)
LONGEST_NAME = 80


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


def clean_name(name: str) -> str:
    """A name as it is kept: without spaces around it and characters that nobody sees."""
    seen = (c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c)[0] != "C")
    return "".join(seen).strip()[:LONGEST_NAME]


async def find(session: AsyncSession, name: str) -> Operator:
    """The operator of this name, locked; `NotFound` if there is none."""
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
    """A new operator. ``starts``: somebody else chose the password, so it must be changed.

    `BadField` when the name is empty, reserved or taken, or the role unknown.
    """
    _check_role(role)
    name = clean_name(name)
    if not name or name.casefold() in RESERVED:
        raise BadField("Give the name that shall stand in the history.", field="name")
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
    """Another password; it ends all her sessions."""
    if operator.oidc_subject is not None:
        raise MoveNotAllowed(
            "This account signs in elsewhere and has no password here.", code="no_password_here"
        )
    operator.password_hash, operator.password_starts = password_hash, starts
    await end_sessions(session, operator.id)


async def set_role(session: AsyncSession, operator: Operator, role: str) -> None:
    """Another role, from her next click on. The last administrator stays one."""
    _check_role(role)
    if role != "admin":
        await _keep_an_admin(session, operator)
    operator.role = role


async def disable(session: AsyncSession, operator: Operator) -> None:
    """She can't sign in, her sessions end and her tokens are revoked; her history stays.

    The last administrator can't be disabled (`MoveNotAllowed`).
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
    """She may sign in again, with the password she had; revoked tokens stay revoked."""
    operator.disabled_at = None


async def admins(session: AsyncSession) -> list[int]:
    """Who can sign in as an administrator, by id; locked, so that two can't leave at once."""
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
    id_token: str | None = None,
) -> SignedIn:
    """Sign an operator in: a new browser session that ends after ``lasts``.

    ``bound``: it counts in a cookie bound to our host only. ``id_token``: the other side's, where
    she signed in there.
    """
    token = secrets.token_urlsafe(32)
    session.add(
        OperatorSession(
            operator_id=operator.id,
            token_sha256=_digest(token),
            bound=bound,
            id_token=id_token,
            expires_at=datetime.now(UTC) + lasts,
        )
    )
    await session.flush()
    return SignedIn(operator, token)


async def session_of(
    session: AsyncSession, token: str, idle: timedelta, *, bound: bool = False
) -> SignedIn | None:
    """Who is behind a cookie; None when it is unknown, over, idle too long or its owner disabled,
    or when it had to be ``bound`` to our host and is not.

    Looked up by the token's SHA-256, so that the time taken says nothing about the token.
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


async def end_session(session: AsyncSession, token: str) -> str | None:
    """Sign one browser out; the ``id_token`` that ends her session on the other side, if any."""
    gone = delete(OperatorSession).where(OperatorSession.token_sha256 == _digest(token))
    found: str | None = await session.scalar(gone.returning(OperatorSession.id_token))
    return found


async def end_sessions(session: AsyncSession, operator_id: int) -> None:
    """Sign an operator out everywhere: after a new password, or when disabled."""
    await session.execute(delete(OperatorSession).where(OperatorSession.operator_id == operator_id))


async def forget_sessions(session: AsyncSession, idle: timedelta) -> None:
    """Remove sessions that are over, and counts of wrong passwords that have no effect."""
    now = datetime.now(UTC)
    await session.execute(
        delete(OperatorSession).where(
            or_(OperatorSession.expires_at < now, OperatorSession.seen_at < now - idle)
        )
    )
    await throttle.forget(session)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
