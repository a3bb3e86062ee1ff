"""Sends changes to every open page of the desk as server-sent events.

The database notifies at each change; one connection of each process listens for all its pages. A
page that was disconnected is told to reload everything (``hello``), so no event needs to be stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.accounts import presence
from intake.accounts.operators import SignedIn
from intake.errors import TooMany
from intake.runtime import Parts
from intake.storage.db import listen
from intake.storage.models import ApiToken, Operator, OperatorSession, ServiceRequest
from intake.web.auth import CurrentBrowser, CurrentParts

log = logging.getLogger("huying.desk")
router = APIRouter()
STREAMS, PER_OPERATOR = 300, 20
CALLS = {  # the database's channel → the event's name, and whether its number is a request's
    "huying_requests": ("request", True),
    "huying_alarms": ("alarm", True),
    "huying_looking": ("looking", True),
    "huying_conversations": ("conversation", False),
    "huying_tasks": ("task", False),
}
AT_ONCE = 0.15  # seconds in which several changes of one request become one event
CHECK_SECONDS = 10.0  # between two checks of who views a request and who is still signed in
WAITING = 200  # events; a page that is further behind reloads everything
Key = tuple[str, int]


class Page:
    """An open page and the events that it has not been sent yet."""

    def __init__(self) -> None:
        self.unsent: dict[Key, dict[str, Any]] = {}
        self.behind = True
        self.news = asyncio.Event()
        self.news.set()

    def tell(self, key: Key, data: dict[str, Any]) -> None:
        """Add an event; a later one with the same key replaces it."""
        self.unsent[key] = data
        if len(self.unsent) > WAITING:
            self.reload()
        self.news.set()

    def reload(self) -> None:
        """Replace all unsent events by one that tells the page to reload everything."""
        self.behind = True
        self.unsent.clear()
        self.news.set()

    def take(self) -> Iterator[ServerSentEvent]:
        """The unsent events; they count as sent."""
        self.news.clear()
        if self.behind:
            self.behind = False
            yield ServerSentEvent(event="hello", data={})
        unsent, self.unsent = self.unsent, {}
        for (kind, _), data in unsent.items():
            yield ServerSentEvent(event=kind, data=data)


class Desks:
    """All open pages of this process, and the one database listener for them."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.pages: set[Page] = set()
        self._of: Counter[int] = Counter()
        self._called: set[Key] = set()
        self._call = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []

    @contextlib.contextmanager
    def open(self, operator_id: int) -> Iterator[Page]:
        """Register a page while the block runs.

        Raises `TooMany` for more than `STREAMS` pages in all or `PER_OPERATOR` of one operator.
        """
        if len(self.pages) >= STREAMS or self._of[operator_id] >= PER_OPERATOR:
            raise TooMany("Too many pages are open; close some, or reload this one by hand.")
        page = Page()
        self.pages.add(page)
        self._of[operator_id] += 1
        if not self._tasks:
            work = (self._listen(), self._tell(), self._sweep_presence())
            self._tasks = [asyncio.create_task(task) for task in work]
        try:
            yield page
        finally:
            self.pages.discard(page)
            self._of[operator_id] -= 1
            if not self.pages:
                for task in self._tasks:
                    task.cancel()
                self._tasks = []

    async def _listen(self) -> None:
        def connected() -> None:
            for page in self.pages:  # notifications may have been missed while disconnected
                page.reload()

        def called(channel: str, number: int) -> None:
            self._called.add((channel, number))
            self._call.set()

        await listen(
            self.parts.engine,
            {channel: partial(called, channel) for channel in CALLS},
            connected=connected,
            name="huying-desk",
        )

    async def _tell(self) -> None:
        while True:
            await self._call.wait()
            await asyncio.sleep(AT_ONCE)
            self._call.clear()
            called, self._called = self._called, set()
            try:
                numbers = await self._numbers({n for c, n in called if CALLS[c][1]})
            except (SQLAlchemyError, OSError) as error:
                log.warning("all pages of the desk must reload: %s", type(error).__name__)
                for page in self.pages:
                    page.reload()
                continue
            for channel, number in sorted(called):
                kind, about_request = CALLS[channel]
                data: dict[str, Any] = {"id": number}
                if about_request:
                    data["number"] = numbers.get(number)
                for page in self.pages:
                    page.tell((kind, number), data)

    async def _numbers(self, ids: set[int]) -> dict[int, str]:
        if not ids:
            return {}
        statement = select(ServiceRequest.id, ServiceRequest.tracking_number)
        async with self.parts.sessions() as session:
            rows = await session.execute(statement.where(ServiceRequest.id.in_(ids)))
            return {number: tracking for number, tracking in rows.all()}

    async def _sweep_presence(self) -> None:
        """Remove operators who no longer view a request but never signed off from it."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                async with self.parts.sessions.begin() as session:
                    await presence.sweep(session)
            except (SQLAlchemyError, OSError) as error:
                log.warning("presence could not be swept: %s", type(error).__name__)


async def _open(request: Request, parts: CurrentParts, who: CurrentBrowser) -> AsyncIterator[Page]:
    state = request.app.state
    if not hasattr(state, "desks"):
        state.desks = Desks(parts)
    desks: Desks = state.desks
    with desks.open(who.operator.id) as page:
        yield page


@router.get("/desk/events", response_class=EventSourceResponse)
async def events(
    parts: CurrentParts, who: CurrentBrowser, page: Annotated[Page, Depends(_open)]
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events.

    ``request``, ``alarm`` and ``looking`` with ``{"id", "number"}``, ``conversation`` and ``task``
    with ``{"id"}``: it has changed; ``hello``: reload everything; ``bye``: this browser is signed
    out.
    """
    async with aclosing(_stream(parts, who, page)) as stream:
        async for event in stream:
            yield event


async def _stream(parts: Parts, who: SignedIn, page: Page) -> AsyncGenerator[ServerSentEvent]:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(page.news.wait(), CHECK_SECONDS)
        async with parts.sessions() as session:
            if not await is_signed_in(session, parts, who):
                yield ServerSentEvent(event="bye", data={})
                return
        for event in page.take():
            yield event


async def is_signed_in(session: AsyncSession, parts: Parts, who: SignedIn) -> bool:
    """Whether this browser or token may still view requests. Asking does not count as activity, so
    it does not keep an idle session open."""
    now = datetime.now(UTC)
    digest = hashlib.sha256(who.token.encode()).digest()
    allowed = (Operator.disabled_at.is_(None), Operator.role != "station")
    desk = (
        select(OperatorSession.id)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(
            OperatorSession.token_sha256 == digest,
            OperatorSession.expires_at > now,
            OperatorSession.seen_at > now - parts.settings.desk.idle,
            *allowed,
        )
    )
    token = (
        select(ApiToken.id)
        .join(Operator, Operator.id == ApiToken.operator_id)
        .where(
            ApiToken.token_sha256 == digest,
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at.is_(None) | (ApiToken.expires_at > now),
            *allowed,
        )
    )
    return (await session.scalar(desk)) is not None or (await session.scalar(token)) is not None
