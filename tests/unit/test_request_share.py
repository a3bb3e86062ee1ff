"""Requests in progress of one address, also of many behind one proxy."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from intake.web.limits.request_share import RequestShare

pytestmark = pytest.mark.asyncio
MOST, EACH = 4, 3


class Busy:
    """Answers every request only once `done` is set; `RequestShare` is before it."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.shared = RequestShare(self, most=MOST, per_address=EACH)
        self.waiting: list[asyncio.Task[httpx.Response]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.done.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def ask(self, address: str) -> httpx.Response:
        transport = httpx.ASGITransport(self.shared, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://huying.test") as client:
            return await client.get("/")

    async def status(self, address: str) -> int | None:
        """The answer's status; None where the request was let in and is in progress."""
        asked = asyncio.create_task(self.ask(address))
        for _ in range(50):
            await asyncio.sleep(0)
        if asked.done():
            return asked.result().status_code
        self.waiting.append(asked)
        return None

    async def end(self) -> list[int]:
        self.done.set()
        return [answer.status_code for answer in await asyncio.gather(*self.waiting)]


async def test_one_address_has_only_so_many_requests_in_progress() -> None:
    busy = Busy()
    assert [await busy.status("192.0.2.1") for _ in range(EACH)] == [None] * EACH
    refused = await busy.ask("192.0.2.1")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert await busy.end() == [200] * EACH
    assert (await busy.ask("192.0.2.1")).status_code == 200  # what ended no longer counts


async def test_an_ipv6_network_counts_as_one_address() -> None:
    busy = Busy()
    for number in range(EACH):
        assert await busy.status(f"2001:db8::{number}") is None
    assert await busy.status("2001:db8::ffff") == 503
    assert await busy.status("2001:db8:0:1::1") is None
    await busy.end()


async def test_a_full_house_has_room_for_whoever_has_less_than_an_even_share() -> None:
    busy = Busy()
    asked = ["192.0.2.1"] * 2 + ["192.0.2.2"] * 2
    assert [await busy.status(address) for address in asked] == [None] * MOST
    assert await busy.status("192.0.2.1") == 503
    assert await busy.status("192.0.2.3") is None
    await busy.end()
