"""What tests share: a real PostgreSQL for the whole run, a fresh database for each test."""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import os
import secrets
import struct
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from intake.settings import Settings
from tests.support import browser, database_server, fastapi_cache
from tests.support.shared import folder_of_run, shared

pytest_plugins = ["tests.support.timing"]
fastapi_cache.install()


@pytest.fixture(autouse=True)
async def no_task_is_left() -> AsyncIterator[None]:
    """What a test started ends with it; only the browsers live on."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - browser.shared_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:  # one that doesn't let itself be cancelled must not hold up the rest
        await asyncio.wait(left, timeout=30)


@pytest.fixture(scope="session", autouse=True)
async def browsers_end() -> AsyncIterator[None]:
    """The worker's browsers end with it."""
    yield
    await browser.close_shared()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server: HUYING_TEST_DATABASE_URL, else the one that the run shares."""
    if url := os.environ.get("HUYING_TEST_DATABASE_URL"):
        yield url
        return
    with shared("postgres", folder_of_run(tmp_path_factory)) as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """A migrated database that each test's own is copied from."""
    if not os.environ.get("HUYING_TEST_DATABASE_URL"):
        return database_server.TEMPLATE
    name = f"template_{secrets.token_hex(4)}"
    database_server.make_template(postgres, name)
    return name


class Databases:
    """Copies of the template: each made for one test, dropped some tests later.

    By then nothing is connected any more, so that dropping waits for nobody.
    """

    KEPT = 20

    def __init__(self, url: str, template: str) -> None:
        self.url, self.template = url, template
        self.connection = psycopg.connect(url, autocommit=True)
        self.used: deque[str] = deque()

    def make(self) -> str:
        """The URL of a fresh, migrated database."""
        name = f"test_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY")
        self.used.append(name)
        while len(self.used) > self.KEPT:
            self.drop(self.used.popleft())
        return database_server.named(self.url, name)

    def drop(self, name: str) -> None:
        # FORCE may not end an autovacuum worker of a server that isn't ours.
        with contextlib.suppress(psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        self.connection.execute(statement)  # type: ignore[arg-type]

    def close(self) -> None:
        """Drop what is left, unless the whole server goes anyway."""
        if os.environ.get("HUYING_TEST_DATABASE_URL"):
            for name in self.used:
                self.drop(name)
        self.connection.close()


@pytest.fixture(scope="session")
def databases(postgres: str, template: str) -> Iterator[Databases]:
    """Where a worker's tests get their databases from."""
    made = Databases(postgres, template)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> str:
    """A fresh, migrated database."""
    return databases.make()


@pytest.fixture
def make_settings(tmp_path: Path, database_url: str) -> Callable[..., Settings]:
    """Settings on the test's own database and home; keywords as in the TOML file."""

    def make(**tables: Any) -> Settings:
        base: dict[str, Any] = {
            "home": tmp_path / "home",
            "database_url": database_url,
            "limits": {"min_free_bytes": 0, "per_address_per_minute": 0},
            "hearing": {"engine": "canned"},
            "deciding": {"category": 0.6, "category_spoken": 0.7},
        }
        for key, value in tables.items():
            base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
        return Settings.model_validate(base)

    return make


@pytest.fixture
def tone() -> bytes:
    """Half a second of a 440 Hz tone as WAV."""
    return wav_of([0.3 * math.sin(2 * math.pi * 440 * n / 16000) for n in range(8000)])


def wav_of(samples: list[float], rate: int = 16000) -> bytes:
    """16-bit mono WAV of samples in −1..1."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", int(s * 32767)) for s in samples))
    return out.getvalue()


@pytest.fixture
async def web(make_settings: Callable[..., Settings]) -> AsyncIterator[Callable[..., Any]]:
    """Start the real application in this process and return a client for it."""
    from intake.app import create_app

    opened: list[tuple[httpx.AsyncClient, Any]] = []

    async def start(**tables: Any) -> httpx.AsyncClient:
        app = create_app(make_settings(**tables))
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=30
        )
        client.app = app  # type: ignore[attr-defined]
        opened.append((client, app))
        return client

    yield start
    for client, app in opened:
        await client.aclose()
        await app.state.parts.close()
    await asyncio.sleep(0)
