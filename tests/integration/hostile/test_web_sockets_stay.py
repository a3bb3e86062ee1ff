"""The deadlines of requests end no page that is connected: a resident may be silent for an hour."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from intake.web.limits import connection
from intake.web.limits.connection_shares import ConnectionShares

pytestmark = pytest.mark.asyncio
DEADLINE = 0.3


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())


@pytest.mark.parametrize("quiet", [0.0, 3 * DEADLINE])
async def test_a_page_that_says_nothing_stays_connected(
    monkeypatch: pytest.MonkeyPatch, quiet: float
) -> None:
    for name in ("HEAD_SECONDS", "QUIET_SECONDS", "STALLED_SECONDS"):
        monkeypatch.setattr(connection, name, DEADLINE)
    http: Any = functools.partial(
        connection.Connection,
        shares=ConnectionShares(10, 10, ()),
        body_seconds=DEADLINE,
    )
    app = Starlette(routes=[WebSocketRoute("/chat/ws", echo)])
    config = uvicorn.Config(app, host="127.0.0.1", port=0, http=http, log_level="critical")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/chat/ws", proxy=None) as page:
            for words in ("one", "two", "three"):
                await asyncio.sleep(quiet)
                await page.send(words)
                assert await page.recv() == words
    finally:
        server.should_exit = True
        await running
