"""A real Chromium with a microphone that plays a file."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, async_playwright

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


@contextlib.asynccontextmanager
async def browser(
    profile: Path,
    *,
    microphone: Path | None = None,
    locale: str = "zh-CN",
    width: int = 390,
    **options: Any,
) -> AsyncIterator[BrowserContext]:
    """A browser of its own, of a phone's size, with a fresh profile in ``profile``.

    ``options``: what else Playwright's launch_persistent_context takes."""
    heard = [f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium(),
            args=[*QUIET, *heard],
            locale=locale,
            viewport={"width": width, "height": 844},
            permissions=["microphone"] if microphone else [],
            **options,
        )
        try:
            yield context
        finally:
            await context.close()
