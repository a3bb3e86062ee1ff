"""Which operator sends a request, by token or by the desk's cookie, and the access log."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators
from intake.accounts.operators import SignedIn
from intake.errors import Forbidden, MissingVersion, NotAllowed, NotFound
from intake.runtime import Parts
from intake.service_requests.tracking_numbers import read_tracking_number
from intake.storage.models import AccessLog, ApiToken, Operator, ServiceRequest
from intake.web import cookies

PREFIX = "hy_"
STATION = ("/api/station/", "/desk/station", "/desk/sign-out", "/desk/password")
OWN_PASSWORD = ("/desk/password", "/desk/sign-out")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class PasswordFirst(Forbidden):
    """The password was set by an administrator; the operator must first choose another one."""

    default_code = "password_starts"


def parts_of(request: Request) -> Parts:
    """The parts of this process (see `runtime.Parts`)."""
    parts: Parts = request.app.state.parts
    return parts


async def signed_in_of(
    request: Request,
    parts: Annotated[Parts, Depends(parts_of)],
    authorization: Annotated[str | None, Header()] = None,
) -> SignedIn:
    """The operator behind ``Authorization: Bearer hy_…`` or behind the desk's cookie.

    `NotAllowed` when there is neither, `Forbidden` when a browser's write lacks its
    ``X-CSRF-Token`` or when the role is not for this path, `PasswordFirst` while the operator has
    not chosen an own password. With a token no ``X-CSRF-Token`` is needed, because no browser sends
    tokens by itself.
    """
    async with parts.sessions.begin() as session:
        await parts.reload(session)
        if authorization is not None:
            found = await _by_token(session, authorization)
        else:
            known = await _by_cookie(session, request, parts)
            if known is None:
                raise NotAllowed(
                    "Sign in at /desk, or send Authorization: Bearer TOKEN"
                    " (`huying token add NAME` makes one)."
                )
            found = known
            given = request.headers.get("x-csrf-token", "")
            if request.method not in SAFE_METHODS and not hmac.compare_digest(
                found.csrf.encode(), given.encode()
            ):
                raise Forbidden("This page is too old; load it again.", code="csrf")
            if found.operator.password_starts and not request.url.path.startswith(OWN_PASSWORD):
                raise PasswordFirst("Choose a password of your own first, at /desk/password.")
    if found.operator.role == "station" and not request.url.path.startswith(STATION):
        raise Forbidden("This account may use the station's board only.")
    return found


async def _by_cookie(session: AsyncSession, request: Request, parts: Parts) -> SignedIn | None:
    """The session of either cookie: one that began before its cookie was bound to the host goes
    on."""
    for token, bound in cookies.given(request):
        idle = parts.settings.desk.idle
        if (found := await operators.session_of(session, token, idle, bound=bound)) is not None:
            return found
    return None


async def _by_token(session: AsyncSession, authorization: str) -> SignedIn:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise NotAllowed("Send Authorization: Bearer TOKEN; `huying token add NAME` makes one.")
    # Looked up by its SHA-256, so that the time taken reveals nothing about the token.
    digest = hashlib.sha256(token.encode()).digest()
    now = datetime.now(UTC)
    row = await session.scalar(select(ApiToken).where(ApiToken.token_sha256 == digest))
    operator = await session.get(Operator, row.operator_id) if row else None
    expired = row is not None and row.expires_at is not None and row.expires_at < now
    if row is None or operator is None or row.revoked_at or operator.disabled_at or expired:
        raise NotAllowed("This token is unknown, revoked or has expired.")
    if row.last_used_at is None or now - row.last_used_at > timedelta(minutes=1):
        row.last_used_at = now
    return SignedIn(operator, token)


CurrentBrowser = Annotated[SignedIn, Depends(signed_in_of)]


async def operator_of(signed_in: CurrentBrowser) -> Operator:
    """The operator who sends the request."""
    return signed_in.operator


def at_least(role: str) -> Any:
    """A dependency: the operator who sends the request; `Forbidden` unless the role includes
    ``role``."""

    async def check(operator: Annotated[Operator, Depends(operator_of)]) -> Operator:
        if not operators.may(operator, role):
            raise Forbidden(f"This needs the role {role}.")
        return operator

    return Depends(check)


CurrentOperator = Annotated[Operator, Depends(operator_of)]
Supervisor = Annotated[Operator, at_least("supervisor")]
Admin = Annotated[Operator, at_least("admin")]
CurrentParts = Annotated[Parts, Depends(parts_of)]


async def version_of(if_match: Annotated[str | None, Header()] = None) -> int:
    """The version in ``If-Match: "7"``, which every write needs. Raises `MissingVersion`."""
    text = (if_match or "").strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise MissingVersion('Send If-Match with the version you saw, such as If-Match: "3".')
    return int(text)


SeenVersion = Annotated[int, Depends(version_of)]


async def by_number(session: AsyncSession, number: str) -> ServiceRequest:
    """The request of a tracking number as people type it. Raises `NotFound`."""
    canonical = read_tracking_number(number)
    request = None
    if canonical is not None:
        request = await session.scalar(
            select(ServiceRequest).where(ServiceRequest.tracking_number == canonical)
        )
    if request is None:
        raise NotFound("There is no request with this number; check the digits.")
    return request


async def log_access(
    session: AsyncSession, operator: Operator, action: str, request: ServiceRequest | None = None
) -> None:
    """Add to the access log that an operator saw or changed something."""
    session.add(
        AccessLog(
            who=operator.name,
            action=action,
            service_request_id=request.id if request is not None else None,
        )
    )


async def make_token(
    session: AsyncSession, name: str, role: str, days: int | None
) -> tuple[str, Operator]:
    """Make a token for an operator, and the operator if new. Only the token's hash is stored."""
    operator = await session.scalar(select(Operator).where(Operator.name == name))
    if operator is None:
        operator = Operator(name=name, role=role)
        session.add(operator)
        await session.flush()
    token = PREFIX + secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    session.add(
        ApiToken(
            operator_id=operator.id,
            token_sha256=hashlib.sha256(token.encode()).digest(),
            prefix=token[:9],
            expires_at=expires,
        )
    )
    await session.flush()
    return token, operator
