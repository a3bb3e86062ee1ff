"""``X-HTTP-Method-Override`` of tus 1.0, for clients whose network forbids PATCH and DELETE.

The header is applied to the addresses of uploads only, and before any limit is: the method that a
limit counts is the one that the route answers. Everywhere else it means nothing.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

UPLOADS = "/api/uploads"
HEADER = b"x-http-method-override"


class MethodOverride:
    """Makes the header's method the request's, for uploads; removes the header everywhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = [value for name, value in scope["headers"] if name == HEADER]
            if asked:
                headers = [pair for pair in scope["headers"] if pair[0] != HEADER]
                scope = {**scope, "headers": headers}
                if scope["path"] == UPLOADS or scope["path"].startswith(f"{UPLOADS}/"):
                    scope["method"] = asked[0].decode("latin-1").strip().upper()
        await self.app(scope, receive, send)
