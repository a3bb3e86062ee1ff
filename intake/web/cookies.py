"""The desk's cookies: over HTTPS bound to this very host, on plain loopback as they are.

``__Host-`` (RFC 6265bis § 4.1.3.2): the browser takes such a cookie from this host alone, over
HTTPS alone, so nobody at a neighbouring name or on the wire can plant one of his own.
"""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from intake.settings import Settings

COOKIE = "huying_desk"
BOUND = "__Host-"


def is_https(request: Request, settings: Settings) -> bool:
    """Does the browser speak HTTPS with us, or with a proxy that we trust or are known behind?"""
    return request.url.scheme == "https" or settings.base_url.startswith("https:")


def name_of(cookie: str, request: Request, settings: Settings) -> str:
    """What a cookie is called in the answer to this request."""
    return BOUND + cookie if is_https(request, settings) else cookie


def given(request: Request, cookie: str = COOKIE) -> list[tuple[str, bool]]:
    """What the browser sent, and whether in a cookie that is bound to this host; that first."""
    found = [(request.cookies.get(BOUND + cookie), True), (request.cookies.get(cookie), False)]
    return [(value, bound) for value, bound in found if value]


def keep(
    answer: Response,
    request: Request,
    settings: Settings,
    value: str,
    *,
    cookie: str = COOKIE,
    max_age: int | None = None,
) -> None:
    """For this browser's session or so many seconds, not for scripts, not sent by other sites'
    forms."""
    answer.set_cookie(
        name_of(cookie, request, settings), value, max_age=max_age, httponly=True,
        samesite="lax", path="/", secure=is_https(request, settings),
    )  # fmt: skip


def drop(answer: Response, request: Request, cookie: str = COOKIE) -> None:
    """Whichever of the two the browser has; it takes the bound one's end only if that is Secure."""
    for _, bound in given(request, cookie):
        answer.delete_cookie(
            BOUND + cookie if bound else cookie, path="/", secure=bound, httponly=True,
            samesite="lax",
        )  # fmt: skip
