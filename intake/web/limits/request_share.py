"""How many requests of one address may be in progress, also behind a proxy.

A proxy's connections are those of many people, so `connection_shares` cannot tell them apart; here
the address is the one that a trusted proxy named.
"""

from __future__ import annotations

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from intake.network.addresses import counted_as
from intake.web import problems


class RequestShare:
    """Answers 503 (with ``Retry-After``) to more than ``per_address`` requests of one address at
    once, and, once ``most`` are in progress, to addresses that hold more than an even share."""

    def __init__(self, app: ASGIApp, most: int, per_address: int) -> None:
        self.app, self.most, self.per_address = app, most, per_address
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        key = counted_as((scope.get("client") or "-")[0])
        if not self._has_room(key):
            refusal = problems.problem(
                503,
                "too_many_requests",
                "Too many requests from here are in progress; try again soon.",
                headers={"Retry-After": "5"},
            )
            await refusal(scope, receive, send)
            return
        self._running[key] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]

    def _has_room(self, key: str) -> bool:
        mine = self._running.get(key, 0)
        if mine >= self.per_address:
            return False
        total = self._running.total()
        return total < self.most or mine < total / (len(self._running) + 1)
