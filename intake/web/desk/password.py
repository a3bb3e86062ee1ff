"""The operator's own account: change the password, sign out all other browsers."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators, passwords, throttle
from intake.accounts.operators import SignedIn
from intake.errors import BadField, Forbidden, MoveNotAllowed, NotAllowed, TooMany
from intake.runtime import Parts
from intake.storage.models import Operator, OperatorSession
from intake.web import cookies
from intake.web.auth import CurrentBrowser, CurrentParts, log_access
from intake.web.desk.pages import Viewer, page
from intake.web.desk.sign_in import tries_of

router = APIRouter()


class NewPassword(BaseModel):
    """The present password and the new one; spaces count."""

    model_config = ConfigDict(extra="forbid")
    current: str = Field(max_length=1000)
    password: str = Field(max_length=1000)


@router.get("/desk/password")
async def show(request: Request, parts: CurrentParts, who: Viewer) -> Response:
    """The form for another password, and in how many browsers the operator is signed in."""
    async with parts.sessions() as session:
        browsers = await session.scalar(
            select(func.count())
            .select_from(OperatorSession)
            .where(OperatorSession.operator_id == who.operator.id)
        )
    return page(
        request,
        "password.html",
        who,
        browsers=browsers,
        least=passwords.LEAST_CHARACTERS,
    )


@router.post("/desk/password")
async def change(
    request: Request, parts: CurrentParts, who: CurrentBrowser, body: NewPassword
) -> Response:
    """Change the password. All other browsers are signed out; this one gets a new session.

    Raises `MoveNotAllowed` for an account without a password, `BadField` for a wrong or unsuitable
    one, `TooMany` after too many wrong tries, `NotAllowed` when this session ended meanwhile.
    """
    _by_cookie(request)
    if who.operator.password_hash is None:
        raise MoveNotAllowed("This account has no password here.", code="no_password_here")
    passwords.check_password(body.password, who.operator.name)
    if body.password == body.current:
        raise BadField("Choose another password than the present one.", code="password_same")
    tried = tries_of(request, parts, who.operator.name)
    async with parts.sessions.begin() as session:
        if wait := await throttle.begin(session, tried):
            raise TooMany(
                f"Too many wrong tries; wait {math.ceil(wait)} s.", retry_after_seconds=wait
            )
    if not await passwords.is_password_beside(who.operator.password_hash, body.current):
        raise BadField("The present password is wrong.", code="password_wrong", field="current")
    new_hash = await passwords.hash_beside(body.password)
    async with parts.sessions.begin() as session:
        operator = await _still_in(session, parts, who)
        await throttle.was_right(session, tried)
        await operators.set_password(session, operator, new_hash, starts=False)
        await log_access(session, operator, "own_password")
        return await _go_on(request, parts, session, operator)


@router.post("/desk/sign-out-everywhere")
async def sign_out_everywhere(
    request: Request, parts: CurrentParts, who: CurrentBrowser
) -> Response:
    """Sign out all other browsers of the operator; this one gets a new session."""
    _by_cookie(request)
    async with parts.sessions.begin() as session:
        operator = await _still_in(session, parts, who)
        await operators.end_session(session, who.token)
        await operators.end_sessions(session, operator.id)
        await log_access(session, operator, "sign_out_everywhere")
        return await _go_on(request, parts, session, operator)


async def _still_in(session: AsyncSession, parts: Parts, who: SignedIn) -> Operator:
    """The operator's row, locked.

    Raises `NotAllowed` when the session has just ended, by a change of password or by an
    administrator: then it must not be replaced by a new one.
    """
    operator = await session.get_one(
        Operator, who.operator.id, with_for_update=True, populate_existing=True
    )
    idle = parts.settings.desk.idle
    if await operators.session_of(session, who.token, idle, bound=True) is None:
        raise NotAllowed("Sign in at /desk.")
    return operator


async def _go_on(
    request: Request, parts: Parts, session: AsyncSession, operator: Operator
) -> Response:
    opened = await operators.open_session(
        session, operator, parts.settings.desk.lasts,
        bound=cookies.is_https(request, parts.settings),
    )  # fmt: skip
    answer = JSONResponse({"csrf": opened.csrf})
    cookies.drop(answer, request)
    cookies.keep(answer, request, parts.settings, opened.token)
    return answer


def _by_cookie(request: Request) -> None:
    if "authorization" in request.headers:
        raise Forbidden("This needs a browser that is signed in, not a token.")
