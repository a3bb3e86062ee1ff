"""A real Firefox, driven over WebDriver BiDi without a driver between; its microphone beeps."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.stack import free_ports

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "remote.active-protocols": 1,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "app.update.auto": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "intl.accept_languages": "zh-CN",
}


def firefox() -> str | None:
    """The Firefox of this machine, if it has one."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Tab:
    """One tab; `run` is a script in its page."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.context = ""
        self._ids = itertools.count(1)

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        mine = next(self._ids)
        await self.socket.send(json.dumps({"id": mine, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == mine:
                assert answer["type"] == "success", answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, url: str) -> None:
        await self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def run(self, script: str) -> Any:
        result = await self.ask(
            "script.evaluate",
            expression=script,
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        assert result["type"] == "success", result
        return result["result"].get("value")

    async def until(self, script: str, wanted: Any = True) -> None:
        async with asyncio.timeout(60):
            while await self.run(script) != wanted:
                await asyncio.sleep(0.1)

    async def click(self, selector: str) -> None:
        """A press of a finger, where the element is."""
        found = f"document.querySelector({json.dumps(selector)})"
        box = json.loads(await self.run(f"JSON.stringify({found}.getBoundingClientRect())"))
        at = {"x": int(box["x"] + box["width"] / 2), "y": int(box["y"] + box["height"] / 2)}
        down = {"type": "pointerDown", "button": 0}
        moves = [{"type": "pointerMove", **at}, down, {"type": "pointerUp", "button": 0}]
        await self.ask(
            "input.performActions",
            context=self.context,
            actions=[{"type": "pointer", "id": "finger", "actions": moves}],
        )


@contextlib.asynccontextmanager
async def tab(profile: Path) -> AsyncIterator[Tab]:
    """A Firefox of its own with a fresh profile in ``profile``."""
    profile.mkdir()
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    name = firefox()
    assert name
    port = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        name, "--headless", "--no-remote", "--profile", str(profile),
        "--remote-debugging-port", str(port), "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    socket = await connect(f"ws://127.0.0.1:{port}/session", proxy=None)
                    break
                except OSError:
                    await asyncio.sleep(0.3)
        async with socket:
            opened = Tab(socket)
            await opened.ask("session.new", capabilities={})
            tree = await opened.ask("browsingContext.getTree")
            opened.context = tree["contexts"][0]["context"]
            yield opened
            await opened.ask("browser.close")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
