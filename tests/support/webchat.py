"""An installation with its web chat on a real port, a worker at work, and an assistant that repeats
what it was told, so that a test can count."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import httpx
import procrastinate
import uvicorn
from sqlalchemy import select
from websockets.asyncio.client import ClientConnection, connect

from intake.assistant.client import Assistant
from intake.storage.jobs import app as queue
from intake.storage.models import Message
from tests.support.installation import Installation
from tests.support.stack import free_ports


class ChatInstallation:
    """An installation with the chat page. ``may_answer``: set while the assistant may answer."""

    def __init__(self, house: Installation, port: int) -> None:
        self.house, self.port = house, port
        self.url = f"http://127.0.0.1:{port}"
        self.told: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        house.parts.assistant = Assistant(
            "http://rasa.test",
            timeout_seconds=20,
            token="t",
            transport=httpx.MockTransport(self._rasa),
        )

    async def _rasa(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/webhook"):
            return httpx.Response(200, json={})
        said = json.loads(request.content)["message"]
        await self.may_answer.wait()
        self.told.append(said)
        return httpx.Response(200, json=[{"recipient_id": "1", "text": f"听到：{said}"}])

    async def stored(self, direction: str) -> list[str]:
        """The words of all messages of one direction, in order."""
        async with self.house.parts.sessions() as session:
            rows = await session.scalars(
                select(Message.text).where(Message.direction == direction).order_by(Message.id)
            )
            return [words or "" for words in rows]

    @contextlib.asynccontextmanager
    async def page(self, **hello: Any) -> AsyncIterator[RawPage]:
        """A connected page without a browser."""
        address = f"ws://127.0.0.1:{self.port}/chat/ws"
        async with connect(address, origin=self.url, proxy=None) as socket:  # type: ignore[arg-type]
            page = RawPage(socket)
            await page.send(t="hello", **{"token": None, "last": 0, "seen": [], **hello})
            yield page


class RawPage:
    """Says and hears frames."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self._unread: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def say(self, client_id: str, text: str) -> None:
        await self.send(t="say", id=client_id, text=text)

    async def until(self, *kinds: str, within: float = 30, **like: Any) -> dict[str, Any]:
        """The first frame of these kinds with these values that was not returned yet.

        `within`: so many seconds.
        """

        def fits(frame: dict[str, Any]) -> bool:
            return frame["t"] in kinds and all(frame[k] == v for k, v in like.items())

        async with asyncio.timeout(within):
            while not any(map(fits, self._unread)):
                frame = json.loads(await self.socket.recv())
                self.frames.append(frame)
                self._unread.append(frame)
        found = next(filter(fits, self._unread))
        self._unread.remove(found)
        return found

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["t"] == kind]


class Served:
    """The installation's application on a port; `stop` and `start` simulate a server's failure."""

    def __init__(self, app: Any, port: int) -> None:
        self.app, self.port = app, port

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        config = uvicorn.Config(
            self.app, port=self.port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        self.server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
        self.task = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self.server.should_exit = True
        await self.task

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


@contextlib.asynccontextmanager
async def at_work(house: Installation) -> AsyncIterator[None]:
    """A worker for as long as the test likes."""
    connector = procrastinate.PsycopgConnector(conninfo=house.settings.database_url)
    with queue.replace_connector(connector) as working:
        async with working.open_async():
            task = asyncio.create_task(
                working.run_worker_async(
                    concurrency=4,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=0.2,
                    shutdown_graceful_timeout=1,
                    additional_context={"parts": house.parts},
                )
            )
            yield
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@contextlib.asynccontextmanager
async def chatting(
    open_house: Callable[..., Installation], *, works: bool = True, **tables: Any
) -> AsyncIterator[tuple[ChatInstallation, Served]]:
    """Everything that a conversation needs."""
    options = tables.pop("webchat", {})
    house = open_house(channels={"webchat": options}, human_phone="010-5555 0100", **tables)
    port = free_ports(1)
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(Served(house.app, port))
        if works:
            await stack.enter_async_context(at_work(house))
        yield ChatInstallation(house, port), served
