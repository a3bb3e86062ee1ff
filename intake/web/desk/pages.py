"""What all pages of the desk share: the signed-in operator, the language, and the page's frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Header, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from intake.accounts.operators import SignedIn, may
from intake.errors import Forbidden, NotAllowed
from intake.locale import catalog, languages, say
from intake.locale.visible_text import finalize
from intake.web.assets_manifest import Built
from intake.web.auth import CurrentParts, signed_in_of
from intake.web.language import language_of
from intake.web.problems import problem

WEB = Path(__file__).parent.parent
FILES = Built(WEB / "assets" / "desk")
SCRIPTS_SAY = "desk.js."
POLICY = (
    "default-src 'self'; media-src 'self' blob:; img-src 'self' data: blob:;"
    " style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
templates = Jinja2Templates(WEB / "templates")
templates.env.finalize = finalize


class SignInFirst(NotAllowed):
    """Nobody is signed in; the browser is redirected to the sign-in page."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. ``key``: of its label; ``role``: the lowest role that sees it."""

    path: str
    key: str
    role: str = "operator"


NAV = (
    Item("/desk", "desk.nav.queue"),
    Item("/desk/conversations", "desk.nav.conversations"),
    Item("/desk/tasks", "desk.nav.tasks"),
    Item("/desk/failures", "desk.nav.failures"),
    Item("/desk/households", "desk.nav.households"),
    Item("/desk/demand", "desk.nav.demand"),
    Item("/desk/settings", "desk.nav.settings", "supervisor"),
    Item("/desk/accounts", "desk.nav.accounts", "admin"),
    Item("/desk/access-log", "desk.nav.access_log", "supervisor"),
    Item("/desk/station", "desk.nav.station", "station"),
)


async def viewer(
    request: Request,
    parts: CurrentParts,
    authorization: Annotated[str | None, Header()] = None,
) -> SignedIn:
    """The operator who views a page. Raises `SignInFirst` when nobody is signed in, `Forbidden`
    when this operator may not view it."""
    try:
        return await signed_in_of(request, parts, authorization)
    except Forbidden:
        raise
    except NotAllowed as error:
        raise SignInFirst(error.sentence) from None


Viewer = Annotated[SignedIn, Depends(viewer)]


def viewer_at_least(role: str) -> Any:
    """`Viewer` for pages that need a higher role, as in ``Annotated[SignedIn, …("admin")]``."""

    async def check(who: Viewer) -> SignedIn:
        if not may(who.operator, role):
            raise Forbidden(f"This needs the role {role}.")
        return who

    return Depends(check)


async def sign_in_first(request: Request, error: Exception) -> Response:
    """Redirect to the sign-in page, which leads back to the page that was asked for."""
    there = f"/desk/sign-in?next={quote(_path(request), safe='')}"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": there})
    if "text/html" not in request.headers.get("accept", "text/html"):
        return Response(status_code=401)
    return RedirectResponse(there, 303)


async def password_first(request: Request, error: Exception) -> Response:
    """Redirect to the page where the operator must choose a password; a request for data gets a
    problem document (403)."""
    if not request.url.path.startswith("/desk") or "text/html" not in request.headers.get(
        "accept", ""
    ):
        return problem(403, "password_starts", str(error))
    return RedirectResponse("/desk/password", 303)


async def not_for_you(request: Request, error: Exception) -> Response:
    """A page that says the operator's role does not allow it; a request for data gets a problem
    document (403)."""
    assert isinstance(error, Forbidden)
    is_page = request.method == "GET" and request.url.path.startswith("/desk")
    if not is_page or "text/html" not in request.headers.get("accept", ""):
        return problem(403, error.code, error.sentence)
    return page(request, "not_for_you.html", None, status=403)


def _path(request: Request) -> str:
    if request.headers.get("hx-request") or request.method != "GET":
        return "/desk"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def page(
    request: Request, name: str, who: SignedIn | None, *, status: int = 200, **context: Any
) -> HTMLResponse:
    """Render ``templates/desk/<name>`` with the frame's own values and ``context``.

    In the templates: ``say(key, **values)`` in the viewer's language, ``who`` (`SignedIn`),
    ``may(role)``, ``nav``, ``language``, ``path``.
    """
    language = language_of(request, request.query_params.get("lang"))

    def text(key: str, **values: object) -> str:
        return say(key, language, **values)

    def allowed(role: str) -> bool:
        return who is not None and may(who.operator, role)

    frame: dict[str, Any] = {
        "say": text,
        "language": language,
        "others": [
            (code, say("resident.language", code)) for code in sorted(languages() - {language})
        ],
        "who": who,
        "may": allowed,
        "nav": [item for item in NAV if allowed(item.role)],
        "path": request.url.path,
        "words": _words(language),
        "scripts": FILES.scripts,
        "styles": FILES.styles,
    }
    answer = templates.TemplateResponse(
        request, f"desk/{name}", {**frame, **context}, status_code=status
    )
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept-Language, Cookie"
    if request.query_params.get("lang") == language:
        answer.set_cookie("lang", language, max_age=365 * 24 * 3600, samesite="lax")
    return answer


def _words(language: str) -> dict[str, str]:
    """The scripts' sentences: every key that begins with ``desk.js.``, without that prefix."""
    return {
        key.removeprefix(SCRIPTS_SAY): catalog(language).get(key, text)
        for key, text in catalog("en").items()
        if key.startswith(SCRIPTS_SAY)
    }
