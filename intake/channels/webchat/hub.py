"""The pages that are connected to this process, and how they learn of new messages.

One database connection listens for all of them while any page is connected. Slow polling finds what
no notification told (a pooler in between does not support LISTEN; the listener was disconnected),
so a message may be late, but is never lost.
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
POLLS_PER_ROUND = 8  # times `poll_seconds`: how often pages that expect no answer are polled


class Page(Protocol):
    """One connected page."""

    address: str
    conversation_id: int | None
    last: int
    expects: bool  # an answer is being prepared

    def wake(self) -> None: ...


class Hub:
    """Counts and wakes pages.

    At most ``connections`` pages in all and ``per_network`` of one network are connected at once.
    ``poll_seconds``: between two polls for pages that expect an answer.
    """

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
    def slot(self, network: str) -> Iterator[bool]:
        """Count one more page while the block runs; yields False when there are too many."""
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
            self._networks += Counter()  # removes networks with a count of zero

    @contextlib.contextmanager
    def joined(self, page: Page) -> Iterator[None]:
        """Wake this page for new messages while the block runs."""
        self.pages.add(page)
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        try:
            yield
        finally:
            self.pages.discard(page)
            if not self.pages:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    def wake(self, *, address: str | None = None, conversation_id: int | None = None) -> None:
        """Let the pages of one visitor, or of one conversation, look for new messages."""
        for page in self.pages:
            if page.address == address or (
                conversation_id is not None and page.conversation_id == conversation_id
            ):
                page.wake()

    async def _listen(self) -> None:
        def connected() -> None:
            for page in self.pages:  # notifications may have been missed while disconnected
                page.wake()

        await listen(
            self.parts.engine,
            {history.CALL: lambda number: self.wake(conversation_id=number)},
            connected=connected,
            name="huying-webchat",
        )

    async def _poll(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(self.poll_seconds)
            turn += 1
            for page in self.pages:
                if page.expects:
                    page.wake()
            if turn % POLLS_PER_ROUND == 0:
                await self._poll_all()

    async def _poll_all(self) -> None:
        try:
            async with self.parts.sessions() as session:
                found = await history.latest(session, {page.address for page in self.pages})
        except (SQLAlchemyError, OSError) as error:
            log.warning("polling for new messages failed: %s", type(error).__name__)
            return
        for page in self.pages:
            if found.get(page.address, 0) > page.last:
                page.wake()
