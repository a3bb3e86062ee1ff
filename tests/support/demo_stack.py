"""The whole installation as a person starts it, from an empty folder, with backends beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from intake.settings import ROOT
from tests.support.stack import SHARE
from tools.demo import neighbours
from tools.demo.__main__ import settled
from tools.demo.neighbours import Neighbours

PLACES = ROOT / "data" / "demo" / "places.csv"


@dataclass
class Stack:
    """A running installation: its client has an operator's token."""

    home: Path
    port: int
    env: dict[str, str]
    client: httpx.AsyncClient
    around: Neighbours
    up: subprocess.Popen[bytes]

    async def leave(self, audio: bytes, **form: str) -> str:
        """Send a recording; its tracking number."""
        answer = await self.client.post("/api/voicemails", files={"audio": ("x", audio)}, data=form)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["tracking_number"])

    async def settled(self, number: str, *, seconds: float = 240) -> dict[str, Any]:
        """The request once it is routed or waits for a person."""
        return await self.until(number, settled, seconds=seconds)

    async def until(self, number: str, true: Any, *, seconds: float = 120) -> dict[str, Any]:
        """The request once something is true of it."""
        end = time.monotonic() + seconds
        while True:
            state: dict[str, Any] = (await self.client.get(f"/api/requests/{number}")).json()
            if true(state) or time.monotonic() > end:
                assert true(state), state
                return state
            await asyncio.sleep(0.2)

    async def act(self, number: str, action: str, body: dict[str, Any]) -> httpx.Response:
        """An operator acts on the state she sees."""
        seen = await self.client.get(f"/api/requests/{number}")
        return await self.client.post(
            f"/api/requests/{number}/{action}",
            json=body,
            headers={"If-Match": seen.headers["etag"]},
        )


def free_ports() -> int:
    """The first of three ports that nobody listens on."""
    for first in range(18300 + 200 * (SHARE % 5), 19300, 10):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + 3):
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@contextlib.asynccontextmanager
async def running(home: Path, **extra: str) -> AsyncIterator[Stack]:
    """Start everything in ``home`` and wait until every part is up."""
    port = free_ports()
    async with neighbours.running() as around:
        path = neighbours.write_settings(home / "settings", around, PLACES)
        env = {
            **os.environ,
            "HUYING_HOME": str(home),
            "HUYING_PORT": str(port),
            "HUYING_SETTINGS": str(path),
            "HUYING_LIMITS__PER_ADDRESS_PER_MINUTE": "0",
            "HUYING_DELIVERING__POLL_SECONDS": "2",
            **extra,
        }
        huying = str(Path(sys.executable).parent / "huying")
        output = (home / "up.txt").open("wb")
        up = subprocess.Popen(
            [huying, "up"], env=env, stdout=output, stderr=output, start_new_session=True
        )
        try:
            await _healthy(port, up, home)
            made = subprocess.run(
                [huying, "token", "add", "e2e"], env=env, capture_output=True, text=True, check=True
            )
            token = made.stdout.strip()
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=60,
            ) as client:
                yield Stack(home, port, env | {"HUYING_TOKEN": token}, client, around, up)
        finally:
            up.send_signal(signal.SIGTERM)
            await asyncio.to_thread(up.wait, 15)
            output.close()


async def _healthy(port: int, up: subprocess.Popen[bytes], home: Path) -> None:
    end = time.monotonic() + 400
    state: Any = None
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        while time.monotonic() < end:
            assert up.poll() is None, (home / "up.txt").read_text()[-3000:]
            with contextlib.suppress(httpx.HTTPError, ValueError):
                state = (await client.get(f"http://127.0.0.1:{port}/healthz")).json()
                if all(part["ok"] for part in state["parts"].values()):
                    return
            await asyncio.sleep(0.3)
    raise AssertionError(json.dumps(state) + (home / "up.txt").read_text()[-3000:])
