"""Sign-in at the desk with an account of another system (OpenID Connect)."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators
from intake.accounts.oidc import Attempt, NotSignedIn, Person, Provider
from intake.errors import BackendError, BadField, MoveNotAllowed, NotFound
from intake.runtime import Parts
from intake.settings import Oidc
from intake.storage.models import Operator
from intake.web import cookies
from intake.web.auth import CurrentParts
from intake.web.desk.sign_in import desk_path, sign_in_page, start_session

log = logging.getLogger("huying.web")
router = APIRouter()
KEPT = "huying_desk_oidc"
KEPT_SECONDS = 600
BACK = "/desk/oidc/callback"


@router.get("/desk/oidc")
async def go(request: Request, parts: CurrentParts, next: str = "/desk") -> Response:
    """Redirect to the provider, where the operator signs in."""
    provider = Provider(_options(parts), parts.outgoing)
    attempt = Attempt(desk_path(next))
    try:
        address = await provider.address(attempt, parts.settings.base_url + BACK)
    except BackendError as error:
        return _told(request, parts, attempt.next, error, "desk.oidc_away", 503)
    answer = RedirectResponse(address, 303)
    # The cookie must stay SameSite=Lax: the redirect back starts on the provider's page.
    value = str(_box(parts).dumps(attempt.kept()))
    cookies.keep(answer, request, parts.settings, value, cookie=KEPT, max_age=KEPT_SECONDS)
    return answer


@router.get(BACK)
async def back(request: Request, parts: CurrentParts) -> Response:
    """Where the provider redirects to. The first sign-in creates the account here; with
    ``role_claim`` each sign-in updates its role, except that the last administrator stays one."""
    options = _options(parts)
    try:
        mine = request.cookies.get(cookies.name_of(KEPT, request, parts.settings), "")
        attempt = Attempt(**_box(parts).loads(mine, max_age=KEPT_SECONDS))
    except (BadData, TypeError):
        return _told(request, parts, "/desk", None, "desk.oidc_refused", 401)
    try:
        provider = Provider(options, parts.outgoing)
        address = parts.settings.base_url + BACK
        person = await provider.person(request.query_params, attempt, address)
        async with parts.sessions.begin() as session:
            operator = await _account(session, person, options)
            answer = await start_session(session, request, parts, operator, attempt.next)
    except NotSignedIn as error:
        return _told(request, parts, attempt.next, error, f"desk.{error.code}", 401)
    except BackendError as error:
        # The provider answers 4xx to a code that it does not know.
        refused = isinstance(error.details.get("status"), int) and not error.retryable
        key, status = ("desk.oidc_refused", 401) if refused else ("desk.oidc_away", 503)
        if error.code == "oidc_no_key":
            key = "desk.oidc_no_key"
        return _told(request, parts, attempt.next, error, key, status)
    cookies.drop(answer, request, KEPT)
    return answer


async def _account(session: AsyncSession, person: Person, options: Oidc) -> Operator:
    if options.role_claim is not None and person.role != "admin":
        # Lock all administrators before this account: two who lose the role at the same moment
        # would otherwise wait for each other.
        await operators.admins(session)
    found = await session.scalar(
        select(Operator).where(Operator.oidc_subject == person.subject).with_for_update()
    )
    if found is None:
        # Never link an existing account by its name: at the provider people may choose names.
        try:
            return await operators.add(
                session, person.name, person.role, None, oidc_subject=person.subject
            )
        except BadField as error:
            code = "oidc_name_taken" if error.code == "name_taken" else "oidc_refused"
            raise NotSignedIn(error.sentence, code=code) from None
    if found.disabled_at is not None:
        raise NotSignedIn("The account is disabled here.", code="oidc_disabled")
    if options.role_claim is not None:
        try:
            await operators.set_role(session, found, person.role)
        except MoveNotAllowed:
            log.error(
                "operator %s stays administrator although the provider says %s: there is no other"
                " one; make another (`huying operator add NAME --role admin`)",
                found.id,
                person.role,
            )
    return found


def _told(
    request: Request, parts: Parts, next: str, error: Exception | None, key: str, status: int
) -> Response:
    # A set without a usable key locks everybody out until an administrator acts.
    level = logging.ERROR if key == "desk.oidc_no_key" else logging.WARNING
    log.log(level, "sign-in over OpenID Connect: %s", error or "no attempt of this browser")
    answer = sign_in_page(request, parts.settings, next, status=status, sentence=key)
    cookies.drop(answer, request, KEPT)
    return answer


def _box(parts: Parts) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts.link_secrets[0], salt="desk-oidc")


def _options(parts: Parts) -> Oidc:
    if parts.settings.desk.oidc is None:
        raise NotFound("Sign-in with outside accounts is not set up.")
    return parts.settings.desk.oidc
