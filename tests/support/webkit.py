"""A real WebKit (WebKitGTK's MiniBrowser), the relative of what iPhones have."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from tests.support.stack import free_ports

DRIVER, SCREEN = "WebKitWebDriver", "Xvfb"
BROWSERS = "webkit2gtk-4.*/MiniBrowser"
SOUND = """return (() => {
  navigator.mediaDevices.getUserMedia = () => {
    const context = new AudioContext();
    const tone = context.createOscillator();
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    return Promise.resolve(out.stream);
  };
})()"""


def browser() -> Path | None:
    """MiniBrowser, if this machine has it, its driver and a screen to put it on."""
    if not (shutil.which(DRIVER) and shutil.which(SCREEN)):
        return None
    return next(Path("/usr/lib").glob(f"*/{BROWSERS}"), None)


class Tab:
    """One tab; `run` is an expression in its page."""

    def __init__(self, client: httpx.AsyncClient, session: str) -> None:
        self.client, self.session = client, session

    async def ask(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(f"/session/{self.session}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    async def open(self, url: str) -> None:
        await self.ask("url", url=url)

    async def run(self, expression: str) -> Any:
        return await self.ask("execute/sync", script=f"return {expression}", args=[])

    async def until(self, expression: str, wanted: Any = True) -> None:
        async with asyncio.timeout(60):
            while await self.run(expression) != wanted:
                await asyncio.sleep(0.1)

    async def click(self, selector: str) -> None:
        await self.ask(f"element/{await self._find(selector)}/click")

    async def choose_file(self, selector: str, path: Path) -> None:
        """What the system's own recorder hands over."""
        await self.ask(f"element/{await self._find(selector)}/value", text=str(path))

    async def give_sound(self) -> None:
        """A microphone made of a tone: this WebKit finds none on a server."""
        await self.ask("execute/sync", script=SOUND, args=[])

    async def _find(self, selector: str) -> str:
        found = await self.ask("element", using="css selector", value=selector)
        return str(next(iter(found.values())))


@contextlib.asynccontextmanager
async def tab(home: Path) -> AsyncIterator[Tab]:
    """A WebKit of its own, with a fresh home in ``home``."""
    home.mkdir()
    binary = browser()
    assert binary
    read, write = os.pipe()
    screen = await asyncio.create_subprocess_exec(
        SCREEN, "-displayfd", str(write), "-screen", "0", "800x1000x24",
        pass_fds=[write], stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    port, driver = free_ports(1), None
    try:
        with os.fdopen(read) as number:
            display = f":{(await asyncio.to_thread(number.readline)).strip()}"
        driver = await asyncio.create_subprocess_exec(
            DRIVER,
            f"--port={port}",
            env={**os.environ, "DISPLAY": display, "HOME": str(home)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        options = {"binary": str(binary), "args": ["--automation"]}
        wish = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        url = f"http://127.0.0.1:{port}"
        retrying = httpx.AsyncHTTPTransport(retries=8)
        async with httpx.AsyncClient(base_url=url, timeout=60, transport=retrying) as client:
            made = await client.post("/session", json=wish)
            opened = Tab(client, made.json()["value"]["sessionId"])
            yield opened
            await client.delete(f"/session/{opened.session}")
    finally:
        for process in filter(None, (driver, screen)):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
