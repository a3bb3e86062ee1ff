"""The pages that are connected to this process, and how they learn that there is news.

One database connection listens for all of them, from the first page to the last. A slow look
besides catches what no call told (a pooler in between that knows no LISTEN, a call lost while the
listener was away), so news is late there, never lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from intake.channels.webchat import history
from intake.runtime import Parts
from intake.storage.db import listen

log = logging.getLogger("huying.webchat")
LOOKS_ROUND = 8  # times `poll_seconds`: the look at pages that expect nothing


class Page(Protocol):
    """One connected page."""

    address: str
    conversation_id: int | None
    last: int
    expects: bool  # an answer is being worked on

    def wake(self) -> None: ...


class Hub:
    """``connections`` in all and ``per_network`` are the most pages that are let in."""

    def __init__(
        self, parts: Parts, *, connections: int, per_network: int, poll_seconds: float
    ) -> None:
        self.parts = parts
        self.connections, self.per_network = connections, per_network
        self.poll_seconds = poll_seconds
        self.pages: set[Page] = set()
        self._networks: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    @contextlib.contextmanager
    def place(self, network: str) -> Iterator[bool]:
        """A place for one page; False when there is none."""
        free = (
            self._networks.total() < self.connections and self._networks[network] < self.per_network
        )
        if not free:
            yield False
            return
        self._networks[network] += 1
        try:
            yield True
        finally:
            self._networks[network] -= 1
            self._networks += Counter()  # drops the zeros

    @contextlib.contextmanager
    def joined(self, page: Page) -> Iterator[None]:
        """This page hears of news for so long."""
        self.pages.add(page)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._look())]
        try:
            yield
        finally:
            self.pages.discard(page)
            if not self.pages:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    def wake(self, *, address: str | None = None, conversation_id: int | None = None) -> None:
        """Let the pages of one visitor look for news."""
        for page in self.pages:
            if page.address == address or (
                conversation_id is not None and page.conversation_id == conversation_id
            ):
                page.wake()

    async def _listen(self) -> None:
        def connected() -> None:
            for page in self.pages:  # what was called while nobody listened
                page.wake()

        await listen(
            self.parts.engine,
            {history.CALL: lambda number: self.wake(conversation_id=number)},
            connected=connected,
            name="huying-webchat",
        )

    async def _look(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(self.poll_seconds)
            turn += 1
            for page in self.pages:
                if page.expects:
                    page.wake()
            if turn % LOOKS_ROUND == 0:
                await self._look_round()

    async def _look_round(self) -> None:
        try:
            async with self.parts.sessions() as session:
                found = await history.latest(session, {page.address for page in self.pages})
        except (SQLAlchemyError, OSError) as error:
            log.warning("No look for news: %s", type(error).__name__)
            return
        for page in self.pages:
            if found.get(page.address, 0) > page.last:
                page.wake()
