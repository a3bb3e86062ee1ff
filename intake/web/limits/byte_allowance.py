"""How many bytes of recordings one address may send in a minute."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake.errors import TooMany
from intake.network.addresses import counted_as
from intake.web import problems
from intake.web.limits.body_limit import OWN_LIMITS

STEP = 1024 * 1024  # bytes of a body without a declared length are counted in steps of so many
WAIT_SECONDS = 30


class ByteAllowance:
    """Answers 429 to an address that has sent ``per_minute`` bytes of recordings in a minute.

    A declared length is counted before the first byte is read, so that a recording that was begun
    is never cut; of a chunked body each `STEP` is counted as it arrives.
    """

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app = app
        self.item = RateLimitItemPerMinute(per_minute)
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not OWN_LIMITS.fullmatch(
            f"{scope['method']} {scope['path']}"
        ):
            await self.app(scope, receive, send)
            return
        address = counted_as((scope.get("client") or "-")[0])
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if lengths and lengths[0].isdigit():
            # More than the whole allowance is more than any route takes: that route says so.
            cost = min(int(lengths[0][:15]), self.item.amount)
            if cost and not await self._allow(address, cost):
                await self._refuse(scope, receive, send)
                return
            await self.app(scope, receive, send)
            return
        await self._count_as_it_comes(scope, receive, send, address)

    async def _allow(self, address: str, cost: int) -> bool:
        return await self.limiter.hit(self.item, address, cost=cost)

    async def _count_as_it_comes(
        self, scope: Scope, receive: Receive, send: Send, address: str
    ) -> None:
        if not await self._allow(address, STEP):
            await self._refuse(scope, receive, send)
            return
        left, over, answered = STEP, False, False

        async def receive_counted() -> Message:
            nonlocal left, over
            message = await receive()
            left -= len(message.get("body", b""))
            while left < 0 and not over:
                over = not await self._allow(address, STEP)
                left += STEP
            # To the route it looks like a lost connection, which throws away what has arrived.
            return {"type": "http.disconnect"} if over else message

        async def send_unless_over(message: Message) -> None:
            nonlocal answered
            if over and not answered and message["type"] == "http.response.start":
                answered = True
                await self._refuse(scope, receive, send)
            if not answered:
                await send(message)

        await self.app(scope, receive_counted, send_unless_over)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = TooMany("Too much sound from here at once; send it again in half a minute.")
        headers = {"Retry-After": str(WAIT_SECONDS)}
        refusal = problems.problem(429, error.code, error.sentence, headers=headers)
        await refusal(scope, receive, send)
