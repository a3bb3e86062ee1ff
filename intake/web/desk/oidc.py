"""The second door of the desk: accounts that somebody else keeps (OpenID Connect)."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import operators
from intake.accounts.oidc import Attempt, NotSignedIn, Person, Provider
from intake.errors import BackendError, BadField, NotFound
from intake.runtime import Parts
from intake.settings import Oidc
from intake.storage.models import Operator
from intake.web import cookies
from intake.web.auth import CurrentParts
from intake.web.desk.sign_in import door, inside, let_in

log = logging.getLogger("huying.web")
router = APIRouter()
KEPT = "huying_desk_oidc"
KEPT_SECONDS = 600
BACK = "/desk/oidc/callback"


@router.get("/desk/oidc")
async def go(request: Request, parts: CurrentParts, next: str = "/desk") -> Response:
    """To the other side, to sign in there."""
    provider = Provider(_options(parts), parts.outgoing)
    attempt = Attempt(inside(next))
    try:
        address = await provider.address(attempt, parts.settings.base_url + BACK)
    except BackendError as error:
        return _told(request, parts, attempt.next, error, "desk.oidc_away", 503)
    answer = RedirectResponse(address, 303)
    # Lax, as it is: the way back begins on the other side's page.
    value = str(_box(parts).dumps(attempt.kept()))
    cookies.keep(answer, request, parts.settings, value, cookie=KEPT, max_age=KEPT_SECONDS)
    return answer


@router.get(BACK)
async def back(request: Request, parts: CurrentParts) -> Response:
    """She comes back; the account is made at the first time, its role kept as the other side
    says."""
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
            answer = await let_in(
                session, request, parts, operator, attempt.next, id_token=person.id_token
            )
    except NotSignedIn as error:
        return _told(request, parts, attempt.next, error, f"desk.{error.code}", 401)
    except BackendError as error:
        # The other side answers 4xx to a code that it does not know.
        refused = isinstance(error.details.get("status"), int) and not error.retryable
        key, status = ("desk.oidc_refused", 401) if refused else ("desk.oidc_away", 503)
        return _told(request, parts, attempt.next, error, key, status)
    cookies.drop(answer, request, KEPT)
    return answer


async def _account(session: AsyncSession, person: Person, options: Oidc) -> Operator:
    found = await session.scalar(
        select(Operator).where(Operator.oidc_subject == person.subject).with_for_update()
    )
    if found is None:
        # Never taken over by name: names are chosen on the other side.
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
        found.role = person.role
    return found


def _told(
    request: Request, parts: Parts, next: str, error: Exception | None, key: str, status: int
) -> Response:
    log.warning("sign-in over OpenID Connect: %s", error or "no attempt of this browser")
    answer = door(request, parts.settings, next, status=status, sentence=key)
    cookies.drop(answer, request, KEPT)
    return answer


def _box(parts: Parts) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts.link_secrets[0], salt="desk-oidc")


def _options(parts: Parts) -> Oidc:
    if parts.settings.desk.oidc is None:
        raise NotFound("There are no outside accounts here.")
    return parts.settings.desk.oidc
