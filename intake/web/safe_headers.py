"""Security headers of every answer, and redirects that stay on this host."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline';"
    " frame-ancestors 'none'",
}
PERSONAL = re.compile(r"/(api|desk|s|h|u|a|r)(/.*)?", re.DOTALL)
ASSETS = "/desk/assets/"
HSTS = "max-age=31536000"  # RFC 6797 § 6.1; a year, without what other hosts of the domain do


class SafeHeaders:
    """Adds the security headers in `SAFE` to every answer that does not set them itself.

    What may hold personal data is not stored by browsers and proxies. Over https the browser is
    told to stay with it; ``https``: whether a proxy before us speaks it. A redirect to the host of
    the request's own Host header becomes a path, because the sender chooses that header.
    """

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app, self.https = app, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
                if PERSONAL.fullmatch(path) and not path.startswith(ASSETS):
                    headers.setdefault("cache-control", "no-store")
                if self.https or scope.get("scheme") == "https":
                    headers.setdefault("strict-transport-security", HSTS)
                if "location" in headers:
                    host = Headers(scope=scope).get("host", "")
                    headers["location"] = _own_path(headers["location"], host)
            await send(message)

        await self.app(scope, receive, send_with)


def _own_path(location: str, host: str) -> str:
    """The path and query of a location on ``host``; another location as it is."""
    parts = urlsplit(location)
    if not parts.netloc or parts.netloc != host:
        return location
    query = f"?{parts.query}" if parts.query else ""
    # Two slashes at the beginning would name a host again (RFC 3986 § 4.2).
    return f"/{parts.path.lstrip('/')}{query}"
