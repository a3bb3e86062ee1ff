"""A real Chromium with a microphone that plays a file: one a worker, a fresh context a test."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Playwright, async_playwright

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """The browser of this machine; HUYING_TEST_CHROMIUM names another."""
    named = os.environ.get("HUYING_TEST_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "Install Chromium (Debian: chromium), or name it in HUYING_TEST_CHROMIUM."
    return found


@dataclass
class _Worker:
    """What one worker's tests share: Playwright, and a browser for each microphone."""

    playwright: Playwright
    tasks: set[asyncio.Task[Any]]
    browsers: dict[str, Browser] = field(default_factory=dict)
    sounds: list[Path] = field(default_factory=list)


_shared: _Worker | None = None
CLOSES_SECONDS = 60


async def _browser_with(microphone: Path | None) -> Browser:
    """The worker's browser whose microphone plays this file; started if it isn't there.

    Chromium takes the file when it starts: each recording that tests speak has a browser.
    """
    global _shared
    if _shared is None:
        before = asyncio.all_tasks()
        playwright = await async_playwright().start()
        _shared = _Worker(playwright, asyncio.all_tasks() - before)
    sound = hashlib.sha256(microphone.read_bytes()).hexdigest() if microphone else ""
    found = _shared.browsers.get(sound)
    if found is None or not found.is_connected():
        heard = []
        if microphone:  # the test's own file goes with its folder
            kept = Path(tempfile.gettempdir()) / f"huying-microphone-{os.getpid()}-{sound[:16]}.wav"
            shutil.copyfile(microphone, kept)
            _shared.sounds.append(kept)
            heard = [f"--use-file-for-fake-audio-capture={kept}"]
        found = _shared.browsers[sound] = await _shared.playwright.chromium.launch(
            executable_path=chromium(), args=[*QUIET, *heard]
        )
    return found


def shared_tasks() -> set[asyncio.Task[Any]]:
    """The tasks that outlive a test, because the browsers do."""
    return _shared.tasks if _shared else set()


async def close_shared() -> None:
    """At the end of a worker: the browsers and Playwright."""
    global _shared
    if _shared is not None:
        ended, _shared = _shared, None
        for opened in ended.browsers.values():
            await opened.close()
        await ended.playwright.stop()
        for sound in ended.sounds:
            sound.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def browser(
    *,
    microphone: Path | None = None,
    locale: str = "zh-CN",
    width: int = 390,
    **options: Any,
) -> AsyncIterator[BrowserContext]:
    """A fresh context of the worker's browser, of a phone's size: nothing stored, no cookies.

    ``options``: what else Playwright's new_context takes."""
    opened = await _browser_with(microphone)
    context = await opened.new_context(
        locale=locale,
        viewport={"width": width, "height": 844},
        permissions=["microphone"] if microphone else [],
        **options,
    )
    try:
        yield context
    finally:
        try:
            async with asyncio.timeout(CLOSES_SECONDS):
                await context.close()
        except TimeoutError:  # a browser that hangs is left; the next test gets another
            if _shared is not None:
                _shared.browsers = {k: b for k, b in _shared.browsers.items() if b is not opened}
