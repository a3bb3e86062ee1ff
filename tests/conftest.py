"""What tests share: a real PostgreSQL for the whole run, a fresh database for each test."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import math
import os
import secrets
import struct
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.engine import make_url

from intake.settings import Settings, load


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server: HUYING_TEST_DATABASE_URL, else the embedded one."""
    if url := os.environ.get("HUYING_TEST_DATABASE_URL"):
        yield url
        return
    from intake.processes import postgres as embedded

    home = tmp_path_factory.mktemp("pg")
    with embedded.running(load(env={"HUYING_HOME": str(home)}), keep=False) as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """A migrated database that each test's own is copied from."""
    from intake.storage.migrations import migrate

    name = f"template_{secrets.token_hex(4)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    migrate(_named(postgres, name))
    return name


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """A fresh, migrated database."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
    yield _named(postgres, name)
    # A connection that a test's end broke off half-way lies in a cycle of its exception until
    # then; DROP DATABASE would wait a minute for the server to give it up.
    gc.collect()
    with psycopg.connect(postgres, autocommit=True) as connection:
        # Not WITH (FORCE): it may not end an autovacuum worker, and then refuses to drop at all.
        # What can't be dropped goes with the whole cluster.
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND usename IS NOT NULL AND backend_type = 'client backend'",
            [name],
        )
        with contextlib.suppress(psycopg.errors.ObjectInUse):
            connection.execute(f"DROP DATABASE {name}")  # type: ignore[arg-type]


@pytest.fixture
def make_settings(tmp_path: Path, database_url: str) -> Callable[..., Settings]:
    """Settings on the test's own database and home; keywords as in the TOML file."""

    def make(**tables: Any) -> Settings:
        base: dict[str, Any] = {
            "home": tmp_path / "home",
            "database_url": database_url,
            "limits": {"min_free_bytes": 0, "per_address_per_minute": 0},
            "hearing": {"engine": "canned"},
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
