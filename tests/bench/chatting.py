"""Turns of the web chat a second, seconds a turn, and where the time goes; with the real Rasa.

Every resident is a connected page that goes through dialogues of real sentences, each sentence as
soon as the last answer is there: more than any people would do. A turn lasts from sending the words
to the first answer to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import secrets
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

from intake.settings import ROOT
from tests.bench.figures import Cores, percentile
from tests.support import demo_stack as stacks

GOAL_SECONDS, GOAL_AT = 1.0, 8  # p95 with so many residents
RESIDENTS = (1, 8, 32)
SECONDS = 25.0
WARMING_SECONDS = 8.0
PATIENCE_SECONDS = 20.0
DIALOGUES = ROOT / "tests" / "model" / "data" / "dialogues.jsonl"
SETTINGS = {
    "HUYING_CHANNELS__WEBCHAT__MESSAGES_PER_MINUTE": "100000",
    "HUYING_CHANNELS__WEBCHAT__VISITORS_PER_MINUTE": "100000",
    "HUYING_CHANNELS__WEBCHAT__CONNECTIONS_PER_ADDRESS": "400",
}


@dataclass
class Gauge:
    """Stands between intake and Rasa, and takes the time of each call.

    ``seconds``: of the calls since `clear`, by what was asked ("turn", "parse", "memory").
    """

    target: str
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextlib.asynccontextmanager
    async def running(self, port: int) -> AsyncIterator[None]:
        """Listen on 127.0.0.1:``port``."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self.client = httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS, limits=limits)
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        async with self.client, server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, path, _ = head.split(" ", 2)
                lower = head.lower()
                length = lower.partition("content-length:")[2].partition("\r\n")[0]
                body = await reader.readexactly(int(length or 0))
                writer.write(await self._ask(method, path, body))
        writer.close()

    async def _ask(self, method: str, path: str, body: bytes) -> bytes:
        began = time.perf_counter()
        try:
            url, headers = self.target + path, {"Content-Type": "application/json"}
            answer = await self.client.request(method, url, content=body, headers=headers)
            status, content = answer.status_code, answer.content
        except httpx.HTTPError:
            status, content = 502, b"{}"
        what = "turn" if "webhook" in path else "parse" if "parse" in path else "memory"
        if method != "GET":
            self.seconds[what].append(time.perf_counter() - began)
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content


class Page:
    """A connected page that says one thing after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def turn(self, text: str) -> float | None:
        """Seconds from sending the words to the first answer to them; None when none comes."""
        began = time.perf_counter()
        await self.socket.send(json.dumps({"t": "say", "id": secrets.token_hex(8), "text": text}))
        kept: int | None = None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    frame = json.loads(await self.socket.recv())
                    if frame["t"] == "ack":
                        kept = frame["id"]
                    elif frame["t"] == "message" and frame["from"] == "us":
                        # A late second answer to what she said before has a smaller number.
                        if kept is not None and frame["id"] > kept:
                            return time.perf_counter() - began
                    elif frame["t"] in ("refused", "later"):
                        raise AssertionError(frame)
        except TimeoutError:
            return None


@contextlib.asynccontextmanager
async def page(port: int) -> AsyncIterator[Page]:
    """A new visitor."""
    origin: Any = f"http://127.0.0.1:{port}"
    async with connect(f"ws://127.0.0.1:{port}/chat/ws", origin=origin, proxy=None) as socket:
        await socket.send(json.dumps({"t": "hello", "token": None, "last": 0, "seen": []}))
        while json.loads(await socket.recv())["t"] != "synced":
            pass
        yield Page(socket)


def dialogues() -> list[list[str]]:
    """The residents' sentences of our own labelled dialogues."""
    lines = DIALOGUES.read_text("utf-8").splitlines()
    return [json.loads(line)["turns"] for line in lines]


async def hammer(port: int, residents: int, seconds: float) -> tuple[list[float], list[str]]:
    """The seconds of each turn, of so many residents at once for so long; what had no answer."""
    until = time.monotonic() + seconds
    told = dialogues()
    found: list[float] = []
    unanswered: list[str] = []

    async def resident(number: int) -> None:
        mine = itertools.cycle(told[number % len(told) :] + told[: number % len(told)])
        while time.monotonic() < until:
            async with page(port) as chat:
                for text in next(mine):
                    seconds = await chat.turn(text)
                    if seconds is None:  # as when a person has taken over
                        unanswered.append(text)
                        break
                    found.append(seconds)
                    if time.monotonic() > until:
                        return

    await asyncio.gather(*(resident(number) for number in range(residents)))
    return found, unanswered


def cpu_seconds(home: Path) -> dict[str, float]:
    """CPU time so far of each part of the installation with its children."""
    found = {}
    for part in json.loads((home / "run" / "processes.json").read_text())["processes"]:
        if part["pid"] and psutil.pid_exists(part["pid"]):
            parent = psutil.Process(part["pid"])
            used = 0.0
            for process in (parent, *parent.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):  # a child that has just ended
                    times = process.cpu_times()
                    used += times.user + times.system
            found[part["name"]] = used
    return found


async def _measure() -> dict[str, Any]:
    port = stacks.free_ports()
    gauge = Gauge(f"http://127.0.0.1:{port + 1}")
    settings = {**SETTINGS, "HUYING_ASSISTANT__URL": f"http://127.0.0.1:{port + 5}"}
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="huying-bench-") as name:
        home = Path(name)
        async with gauge.running(port + 5), stacks.running(home, **settings) as stack:
            assert stack.port == port
            await hammer(stack.port, 4, WARMING_SECONDS)
            for residents in RESIDENTS:
                gauge.seconds.clear()
                before, cores, began = cpu_seconds(home), Cores(), time.monotonic()
                turns, unanswered = await hammer(stack.port, residents, SECONDS)
                lasted = time.monotonic() - began
                used = {k: v - before.get(k, v) for k, v in cpu_seconds(home).items()}
                result[str(residents)] = {
                    "turns_a_second": len(turns) / lasted,
                    "unanswered": len(unanswered),
                    "p50": percentile(turns, 0.5),
                    "p95": percentile(turns, 0.95),
                    "rasa_p50": percentile(gauge.seconds["turn"], 0.5),
                    "rasa_p95": percentile(gauge.seconds["turn"], 0.95),
                    "parses": len(gauge.seconds["parse"]) / len(turns),
                    "cpu_a_turn": {k: v / len(turns) for k, v in used.items()},
                    "cores_busy": sum(used.values()) / lasted,
                    "machine_busy": cores.busy(lasted),
                }
    return result


def measure() -> dict[str, Any]:
    """By residents: ``turns_a_second``; ``unanswered``; ``p50``, ``p95`` of a turn and of Rasa's
    part of it with its actions, in seconds; ``parses`` a turn besides; ``cpu_a_turn`` of each
    process, in seconds; ``cores_busy`` of all of them, ``machine_busy`` of all there is."""
    return asyncio.run(_measure())
