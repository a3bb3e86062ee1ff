"""The desk's cookies: bound to this host over HTTPS, plain ones on loopback.

``__Host-`` (RFC 6265bis § 4.1.3.2): a browser accepts such a cookie only from this host and only
over HTTPS, so that neither a neighbouring host nor somebody on the network can set one.
"""

from __future__ import annotations

from fastapi import Request
from starlette.responses import Response

from intake.settings import Settings

COOKIE = "huying_desk"
KNOWN = "huying_known"
"""Says that this browser was signed in from before; it signs nobody in."""
BOUND = "__Host-"


def is_https(request: Request, settings: Settings) -> bool:
    """Does the browser use HTTPS, with this server or with the proxy before it?"""
    return request.url.scheme == "https" or settings.base_url.startswith("https:")


def name_of(cookie: str, request: Request, settings: Settings) -> str:
    """The name that a cookie gets in the answer to this request."""
    return BOUND + cookie if is_https(request, settings) else cookie


def given(request: Request, cookie: str = COOKIE) -> list[tuple[str, bool]]:
    """(value, is it bound to this host) of each cookie that the browser sent, the bound one
    first."""
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
    """Set a cookie, for the browser's session or for ``max_age`` seconds.

    Scripts can't read it, and forms of other sites don't send it.
    """
    answer.set_cookie(
        name_of(cookie, request, settings), value, max_age=max_age, httponly=True,
        samesite="lax", path="/", secure=is_https(request, settings),
    )  # fmt: skip


def drop(answer: Response, request: Request, cookie: str = COOKIE) -> None:
    """Delete each of the two cookies that the browser sent. The bound one must be deleted as
    Secure, or the browser keeps it."""
    for _, bound in given(request, cookie):
        answer.delete_cookie(
            BOUND + cookie if bound else cookie, path="/", secure=bound, httponly=True,
            samesite="lax",
        )  # fmt: skip
