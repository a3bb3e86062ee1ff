"""Administrators manage the operators' accounts and tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators, passwords
from intake.errors import NotFound
from intake.storage.models import ApiToken, Operator, OperatorSession
from intake.web.api import schemas
from intake.web.auth import Admin, CurrentParts, log_access

router = APIRouter(prefix="/api/operators", tags=["operators"])
Role = Literal["station", "operator", "supervisor", "admin"]
Id = Annotated[int, Path(ge=1, le=2**62)]


class NewOperator(schemas.Strict):
    """A new account."""

    name: str = Field(min_length=1, max_length=operators.LONGEST_NAME)
    role: Role = "operator"


class Change(schemas.Strict):
    """What to change in an account; what is left out stays as it is."""

    role: Role | None = None
    disabled: bool | None = None


class Account(BaseModel):
    """One operator. ``browsers``: how many browsers the operator is signed in with; ``outside``:
    signs in over OpenID Connect; ``starts``: has not yet replaced the first password by an own
    one."""

    id: int
    name: str
    role: str
    disabled_at: datetime | None
    created_at: datetime
    has_password: bool
    starts: bool
    outside: bool
    browsers: int
    tokens: int


class Opened(Account):
    """An account with its first password, which is shown only here; just its hash is stored."""

    starting_password: str


class TokenLine(BaseModel):
    """A token; only its first characters are shown."""

    id: int
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@router.get("", summary="List the operators' accounts")
async def list_operators(parts: CurrentParts, admin: Admin) -> list[Account]:
    """All accounts by name, disabled ones included."""
    async with parts.sessions.begin() as session:
        await log_access(session, admin, "operators")
        return await lines(session)


@router.post("", summary="Add an operator", status_code=201)
async def add(parts: CurrentParts, admin: Admin, body: NewOperator) -> Opened:
    """The answer holds a first password; at the first sign-in the operator chooses another one."""
    password = passwords.starting_password()
    kept = await passwords.hash_beside(password)
    async with parts.sessions.begin() as session:
        made = await operators.add(session, body.name, body.role, kept, starts=True)
        await _log(session, admin, made, "add")
        return await _opened(session, made, password)


@router.patch("/{operator_id}", summary="Change an operator's role; disable, enable")
async def change(parts: CurrentParts, admin: Admin, operator_id: Id, body: Change) -> Account:
    """Disabling an account ends its sessions and revokes its tokens. The last administrator can't
    be disabled or lose the role: 409."""
    async with parts.sessions.begin() as session:
        found = await _lock(session, operator_id)
        if body.role is not None and body.role != found.role:
            await operators.set_role(session, found, body.role)
            await _log(session, admin, found, f"role {body.role}")
        if body.disabled is True:
            await operators.disable(session, found)
            await _log(session, admin, found, "disable")
        elif body.disabled is False:
            await operators.enable(session, found)
            await _log(session, admin, found, "enable")
        return await _line(session, found)


@router.post("/{operator_id}/password", summary="Give an operator a new starting password")
async def reset(parts: CurrentParts, admin: Admin, operator_id: Id) -> Opened:
    """The password is shown only here; all sessions of the account end. 409 for an account that
    signs in over OpenID Connect, which has no password."""
    password = passwords.starting_password()
    kept = await passwords.hash_beside(password)
    async with parts.sessions.begin() as session:
        found = await _lock(session, operator_id)
        await operators.set_password(session, found, kept, starts=True)
        await _log(session, admin, found, "new password")
        return await _opened(session, found, password)


@router.post("/{operator_id}/sign-out", summary="Sign an operator out everywhere", status_code=204)
async def sign_out(parts: CurrentParts, admin: Admin, operator_id: Id) -> Response:
    """Ends all sessions of the account; its tokens stay valid."""
    async with parts.sessions.begin() as session:
        found = await _lock(session, operator_id)
        await operators.end_sessions(session, found.id)
        await _log(session, admin, found, "sign out")
    return Response(status_code=204)


@router.get("/{operator_id}/tokens", summary="An operator's tokens")
async def list_tokens(parts: CurrentParts, admin: Admin, operator_id: Id) -> list[TokenLine]:
    """The newest first; `huying token add` makes them."""
    async with parts.sessions.begin() as session:
        found = await _lock(session, operator_id)
        await _log(session, admin, found, "tokens")
        return [_token(row) for row in await tokens_of(session, found.id)]


@router.delete("/{operator_id}/tokens/{token_id}", summary="Revoke a token", status_code=204)
async def revoke(parts: CurrentParts, admin: Admin, operator_id: Id, token_id: Id) -> Response:
    """The token stops working at once and can't be restored."""
    async with parts.sessions.begin() as session:
        found = await _lock(session, operator_id)
        ended = await session.scalar(
            update(ApiToken)
            .where(ApiToken.id == token_id, ApiToken.operator_id == found.id)
            .values(revoked_at=func.coalesce(ApiToken.revoked_at, datetime.now(UTC)))
            .returning(ApiToken.prefix)
        )
        if ended is None:
            raise NotFound("This operator has no such token.")
        await _log(session, admin, found, f"revoke {ended}")
    return Response(status_code=204)


async def lines(session: AsyncSession) -> list[Account]:
    """All accounts, by name."""
    found = await session.scalars(select(Operator).order_by(Operator.name))
    browsers, tokens = await _counts(session)
    return [_shape(one, browsers, tokens) for one in found]


async def tokens_of(session: AsyncSession, operator_id: int) -> list[ApiToken]:
    """An operator's tokens, the newest first."""
    found = await session.scalars(
        select(ApiToken).where(ApiToken.operator_id == operator_id).order_by(ApiToken.id.desc())
    )
    return list(found)


async def _counts(session: AsyncSession) -> tuple[dict[int, int], dict[int, int]]:
    now = datetime.now(UTC)
    browsers = await session.execute(
        select(OperatorSession.operator_id, func.count())
        .where(OperatorSession.expires_at > now)
        .group_by(OperatorSession.operator_id)
    )
    tokens = await session.execute(
        select(ApiToken.operator_id, func.count())
        .where(ApiToken.revoked_at.is_(None))
        .where(func.coalesce(ApiToken.expires_at, now) >= now)
        .group_by(ApiToken.operator_id)
    )
    return {of: n for of, n in browsers.all()}, {of: n for of, n in tokens.all()}


async def _line(session: AsyncSession, operator: Operator) -> Account:
    await session.flush()
    return _shape(operator, *(await _counts(session)))


async def _opened(session: AsyncSession, operator: Operator, password: str) -> Opened:
    line = await _line(session, operator)
    return Opened(**line.model_dump(), starting_password=password)


def _shape(one: Operator, browsers: dict[int, int], tokens: dict[int, int]) -> Account:
    return Account(
        id=one.id,
        name=one.name,
        role=one.role,
        disabled_at=one.disabled_at,
        created_at=one.created_at,
        has_password=one.password_hash is not None,
        starts=one.password_starts,
        outside=one.oidc_subject is not None,
        browsers=browsers.get(one.id, 0),
        tokens=tokens.get(one.id, 0),
    )


def _token(row: ApiToken) -> TokenLine:
    values: dict[str, Any] = {name: getattr(row, name) for name in TokenLine.model_fields}
    return TokenLine(**values)


async def _lock(session: AsyncSession, operator_id: int) -> Operator:
    found = await session.get(Operator, operator_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such operator.")
    return found


async def _log(session: AsyncSession, admin: Operator, operator: Operator, action: str) -> None:
    await log_access(session, admin, f"operator {operator.id}: {action}")
