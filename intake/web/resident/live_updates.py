"""Tell open status pages about changes of a request.

Triggers of the database send a notification at each change, so no code can forget to. One
connection of this process listens for all its pages. A slow poll catches lost notifications.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Iterator

from intake.errors import TooMany
from intake.runtime import Parts
from intake.storage.db import listen

log = logging.getLogger("huying.residents")
CALL = "huying_requests"
LOOKS_ROUND = 20.0  # seconds


class News:
    """Open pages. ``streams``: the most in this process; ``per_network``: from one network."""

    def __init__(self, parts: Parts, *, streams: int, per_network: int) -> None:
        self.parts = parts
        self.streams, self.per_network = streams, per_network
        self._networks: Counter[str] = Counter()
        self._waiting: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def place(self, network: str) -> Iterator[None]:
        """A place for one page. Raises `TooMany`; the page then polls instead."""
        if self._networks.total() >= self.streams or self._networks[network] >= self.per_network:
            raise TooMany("Too many pages are open; poll the status instead.")
        self._networks[network] += 1
        try:
            yield
        finally:
            self._networks[network] -= 1
            self._networks += Counter()  # removes the networks without an open page

    @property
    def waiting(self) -> int:
        """How many pages are open."""
        return sum(map(len, self._waiting.values()))

    async def of(self, service_request_id: int) -> AsyncGenerator[None]:
        """Yields at once, and then whenever this request may have changed."""
        called = asyncio.Event()
        self._waiting[service_request_id].add(called)
        if self._listener is None or self._listener.done():
            self._listener = asyncio.create_task(self._listen())
        try:
            while True:
                called.clear()
                yield
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(called.wait(), LOOKS_ROUND)
        finally:
            self._waiting[service_request_id].discard(called)
            if not self._waiting[service_request_id]:
                del self._waiting[service_request_id]
            if not self._waiting and self._listener is not None:
                self._listener.cancel()
                self._listener = None

    async def _listen(self) -> None:
        def connected() -> None:
            for number in list(self._waiting):  # what was notified while nobody listened
                self._call(number)

        await listen(self.parts.engine, {CALL: self._call}, connected=connected, name="huying-news")

    def _call(self, service_request_id: int) -> None:
        for called in self._waiting.get(service_request_id, ()):
            called.set()
