"""How many recordings one address may begin in a minute."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from intake.errors import TooMany
from intake.network.addresses import counted_as
from intake.web import problems

POSTS_LIMITED = {"/api/voicemails", "/api/uploads", "/api/uploads/"}


class RateLimit:
    """Limits voicemails and uploads a minute from one address; an IPv6 /64 counts as one address.

    Beyond the limit the answer is 429.
    """

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app = app
        self.item = RateLimitItemPerMinute(per_minute)
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] in POSTS_LIMITED
            and not await self.limiter.hit(self.item, counted_as((scope.get("client") or "-")[0]))
        ):
            error = TooMany("Too many recordings from here; send it again in half a minute.")
            refusal = problems.problem(
                429, error.code, error.sentence, headers={"Retry-After": "30"}
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)
