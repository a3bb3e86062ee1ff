"""Every request body has a limit and a deadline before a route sees the request.

A body that no route of its own limit takes is read here, up to `MOST_BYTES`, and then handed on:
so neither JSON nor a form can fill memory or the disk, whoever sends it, and a route never waits
for a slow sender.
"""

from __future__ import annotations

import asyncio
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.web import problems

MOST_BYTES = 64 * 1024
BODY_SECONDS = 20.0
OWN_LIMITS = re.compile(
    r"POST /api/voicemails|PATCH /api/uploads/[0-9a-f]{32}|POST /chat/voice"
    r"|POST /api/places/(import|preview)"
)
"""Method and path of the routes that read their body in pieces and count it themselves."""


class BodyLimit:
    """Answers 413 to a body of more than ``most`` bytes, declared or not (RFC 9110 § 15.5.14), and
    408 to one that is not there after ``seconds`` (§ 15.5.9)."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES, seconds: float = BODY_SECONDS) -> None:
        self.app, self.most, self.seconds = app, most, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or OWN_LIMITS.fullmatch(f"{scope['method']} {scope['path']}"):
            await self.app(scope, receive, send)
            return
        declared = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not value.isdigit() or int(value[:20]) > self.most for value in declared):
            await self._too_large(scope, receive, send)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return  # the client has left: nobody is there to be answered
                    body += message.get("body", b"")
                    if len(body) > self.most:
                        await self._too_large(scope, receive, send)
                        return
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            late = problems.problem(
                408, "too_slow", f"The body took longer than {self.seconds:.0f} s; send it again."
            )
            await late(scope, receive, send)
            return
        await self.app(scope, _handing_on(bytes(body), receive), send)

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = problems.problem(
            413, "too_large", f"The body is larger than {self.most // 1024} KB.", limit=self.most
        )
        await refusal(scope, receive, send)


def _handing_on(body: bytes, receive: Receive) -> Receive:
    """A receive function that returns the body once, then what the server says."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return whole.pop() if whole else await receive()

    return next_message
