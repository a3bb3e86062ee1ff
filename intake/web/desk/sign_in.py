"""Sign-in at the desk with name and password, and sign-out."""

from __future__ import annotations

import logging
import math
import secrets
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators, passwords, throttle
from intake.accounts.oidc import Provider
from intake.errors import BackendError, Forbidden
from intake.network.addresses import counted_as
from intake.runtime import Parts
from intake.settings import Settings
from intake.storage.models import AccessLog, Operator
from intake.web import cookies
from intake.web.auth import STATION, CurrentBrowser, CurrentParts, log_access
from intake.web.desk.pages import page

log = logging.getLogger("huying.web")
router = APIRouter()
NOBODY = "-"
BROWSER_LENGTH = 64


@router.get("/desk/sign-in")
async def show(request: Request, parts: CurrentParts, next: str = "/desk") -> Response:
    """The form for name and password, with a link to outside accounts where they are set up."""
    return sign_in_page(request, parts.settings, next)


@router.post("/desk/sign-in")
async def sign_in(
    request: Request,
    parts: CurrentParts,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    next: Annotated[str, Form(max_length=2000)] = "/desk",
) -> Response:
    """Sign this browser in. Neither the answer nor its time tells whether the name or the password
    was wrong."""
    own_form(request, parts.settings)
    name = operators.clean_name(name)
    browser = browser_of(request) or secrets.token_urlsafe(24)
    tried = tries_of(request, parts, name, browser)
    async with parts.sessions.begin() as session:
        wait = await throttle.begin(session, tried)
    if wait:
        return sign_in_page(request, parts.settings, next, status=429, wait=math.ceil(wait))
    async with parts.sessions.begin() as session:
        operator = await _of_name(session, name)
    kept = operator.password_hash if operator and not operator.disabled_at else None
    if not await passwords.is_password_beside(kept, password):
        async with parts.sessions.begin() as session:
            who = operator.name if operator else NOBODY
            session.add(AccessLog(who=who, action="sign_in_wrong"))
        return sign_in_page(request, parts.settings, next, status=401, wrong=True)
    assert kept is not None
    new_hash = await passwords.hash_beside(password) if passwords.is_outdated(kept) else kept
    async with parts.sessions.begin() as session:
        operator = await _of_name(session, name, lock=True)
        # The account may have been disabled or given another password during the check.
        if operator is None or operator.disabled_at or operator.password_hash != kept:
            return sign_in_page(request, parts.settings, next, status=401, wrong=True)
        operator.password_hash = new_hash
        await throttle.was_right(session, tried)
        answer = await start_session(session, request, parts, operator, next)
    cookies.keep(
        answer, request, parts.settings, browser, cookie=cookies.KNOWN,
        max_age=int(throttle.KNOWN_FOR.total_seconds()),
    )  # fmt: skip
    return answer


@router.post("/desk/sign-out")
async def sign_out(request: Request, parts: CurrentParts, who: CurrentBrowser) -> Response:
    """Sign this browser out; with an outside account, at its provider too.

    The answer redirects to the next page; for scripts it is JSON that names it in ``then``.
    """
    async with parts.sessions.begin() as session:
        await operators.end_session(session, who.token)
        await log_access(session, who.operator, "sign_out")
    then = await _provider_sign_out(parts, who.operator) or "/desk/sign-in"
    scripted = "application/json" in request.headers.get("accept", "")
    answer = JSONResponse({"then": then}) if scripted else RedirectResponse(then, 303)
    cookies.drop(answer, request)
    return answer


async def _provider_sign_out(parts: Parts, operator: Operator) -> str | None:
    """The URL at which the provider signs the operator out; None without one."""
    options = parts.settings.desk.oidc
    if operator.oidc_subject is None or options is None:
        return None
    try:
        provider = Provider(options, parts.outgoing)
        return await provider.sign_out_address(f"{parts.settings.base_url}/desk/sign-in")
    except BackendError as error:  # at the desk the operator is signed out all the same
        log.warning("sign-out over OpenID Connect: %s", error)
        return None


def sign_in_page(
    request: Request,
    settings: Settings,
    next: str,
    *,
    status: int = 200,
    wrong: bool = False,
    wait: int = 0,
    sentence: str | None = None,
) -> Response:
    """The sign-in page.

    ``next``: the page to go to afterwards. ``wrong``: the last try was. ``wait``: seconds until the
    next try is allowed. ``sentence``: the key of a message in ``locale``.
    """
    answer = page(
        request,
        "sign_in.html",
        None,
        status=status,
        next=desk_path(next),
        wrong=wrong,
        wait=wait,
        sentence=sentence,
        outside=settings.desk.oidc.label if settings.desk.oidc else None,
    )
    # With no-referrer a browser sends "Origin: null" with the form, as other sites may too.
    answer.headers["Referrer-Policy"] = "same-origin"
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer


async def start_session(
    session: AsyncSession,
    request: Request,
    parts: Parts,
    operator: Operator,
    next: str,
) -> Response:
    """Sign the browser in with a new session and redirect to ``next``.

    Sessions of cookies that the browser sent are ended. An operator who must choose a password is
    redirected to that page, a volunteer of the station to the station's page.
    """
    for token, _ in cookies.given(request):
        await operators.end_session(session, token)
    opened = await operators.open_session(
        session, operator, parts.settings.desk.lasts,
        bound=cookies.is_https(request, parts.settings),
    )  # fmt: skip
    await log_access(session, operator, "sign_in")
    target = desk_path(next)
    if operator.password_starts:
        target = "/desk/password"
    elif operator.role == "station" and not target.startswith(STATION):
        target = "/desk/station"
    answer = RedirectResponse(target, 303)
    cookies.drop(answer, request)
    cookies.keep(answer, request, parts.settings, opened.token)
    return answer


def tries_of(
    request: Request, parts: Parts, name: str, browser: str | None = None
) -> throttle.Keys:
    """The keys by which this try is counted: of the name, the network and the browser."""
    network = counted_as(request.client.host if request.client else "-")
    return throttle.keys(parts.link_secrets[0], name, network, browser or browser_of(request))


def browser_of(request: Request) -> str | None:
    """The random text by which this browser is known, None before its first sign-in."""
    for value, _ in cookies.given(request, cookies.KNOWN):
        if len(value) <= BROWSER_LENGTH:
            return value
    return None


def desk_path(path: str) -> str:
    """``path`` if it is a page of the desk, else ``/desk``: a link must not redirect elsewhere."""
    parts = urlsplit(path)
    safe = not parts.scheme and not parts.netloc and parts.path.startswith("/desk")
    plain = path.isprintable() and "\\" not in path
    return path if safe and plain else "/desk"


def own_form(request: Request, settings: Settings) -> None:
    """Refuse a form of another site, by the browser's Sec-Fetch-Site, or by Origin where an older
    browser lacks that. Raises `Forbidden`."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is None and origin is not None:
        own = {urlsplit(settings.base_url).netloc, request.headers.get("host")}
        site = "same-origin" if urlsplit(origin).netloc in own else "cross-site"
    if site not in (None, "same-origin", "none"):
        raise Forbidden("Sign in on our own page.")


async def _of_name(session: AsyncSession, name: str, *, lock: bool = False) -> Operator | None:
    statement = select(Operator).where(Operator.name == name)
    return await session.scalar(statement.with_for_update() if lock else statement)
