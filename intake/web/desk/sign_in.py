"""The door of the desk: sign in with name and password, sign out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from intake import accounts
from intake.errors import Forbidden
from intake.models import Operator
from intake.web.access import COOKIE, CurrentBrowser, CurrentParts, log_access
from intake.web.desk.pages import page

router = APIRouter()


@router.get("/desk/sign-in")
async def show(request: Request, next: str = "/desk") -> Response:
    """Name and password."""
    return page(request, "sign_in.html", None, next=_inside(next))


@router.post("/desk/sign-in")
async def sign_in(
    request: Request,
    parts: CurrentParts,
    name: Annotated[str, Form(max_length=80)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "/desk",
) -> Response:
    """This browser may look from now on; what was wrong is not told."""
    _own_form(request)
    async with parts.sessions.begin() as session:
        operator = await session.scalar(select(Operator).where(Operator.name == name.strip()))
        if operator is None or not accounts.is_password(operator, password):
            if operator is None:
                accounts.is_password(None, password)
            return page(request, "sign_in.html", None, next=_inside(next), wrong=True, status=401)
        opened = await accounts.open_session(session, operator, parts.settings.desk.lasts)
        await log_access(session, operator, "sign_in")
    answer = RedirectResponse(_inside(next), 303)
    answer.set_cookie(
        COOKIE, opened.token, httponly=True, samesite="lax", path="/",
        secure=parts.settings.base_url.startswith("https"),
    )  # fmt: skip
    return answer


@router.post("/desk/sign-out")
async def sign_out(parts: CurrentParts, who: CurrentBrowser) -> Response:
    """This browser is nobody's again."""
    async with parts.sessions.begin() as session:
        await accounts.end_session(session, who.token)
        await log_access(session, who.operator, "sign_out")
    answer = RedirectResponse("/desk/sign-in", 303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


def _inside(path: str) -> str:
    """Only to a page of the desk, whatever the link said."""
    parts = urlsplit(path)
    safe = not parts.scheme and not parts.netloc and parts.path.startswith("/desk")
    return path if safe and "\\" not in path else "/desk"


def _own_form(request: Request) -> None:
    """A form of another site can't sign anybody in (browsers say where a form came from)."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Sign in on our own page.")
