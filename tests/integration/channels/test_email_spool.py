"""A mail that was answered 250 is never lost: databases that go, processes that are killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.app import build
from intake.channels.email import Email, create
from intake.errors import SettingsError
from intake.processes import postgres
from intake.settings import Settings, load
from intake.storage.db import Sessions
from intake.storage.migrations import migrate
from intake.storage.models import Recording, ServiceRequest
from tests.conftest import wav_of
from tests.fakes.telephone_system import bring, voicemail
from tests.support.stack import free_ports

pytestmark = pytest.mark.asyncio
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def sound(number: int) -> bytes:
    return wav_of([0.3 * (-1) ** (n // (20 + number)) for n in range(4000)])


def mail(number: int) -> Any:
    return voicemail(sound(number), message_id=f"<{number}@pbx.example>")


async def eventually(ask: Any, seconds: float = 60) -> None:
    for _ in range(int(seconds * 10)):
        if await ask():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


async def reachable(port: int) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


@contextlib.asynccontextmanager
async def running(settings: Settings) -> Any:
    """The channel at work in this process."""
    parts = build(settings)
    channel = create(parts)
    task = asyncio.create_task(channel.run())
    await eventually(lambda: reachable(channel.options.port))
    try:
        yield channel
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await parts.close()


async def heard(sessions: Sessions, channel: Email) -> list[bytes]:
    """The recordings in the order in which their requests were opened."""
    async with sessions() as session:
        keys = await session.scalars(
            select(Recording.blob_key)
            .join(ServiceRequest, ServiceRequest.recording_id == Recording.id)
            .order_by(ServiceRequest.id)
        )
        return [channel.parts.blobs.path(key).read_bytes() for key in keys]


@pytest.fixture
def email_settings(make_settings: Callable[..., Settings]) -> Callable[..., Settings]:
    table = {"port": free_ports(1), "allow_senders": ["pbx.example"]}
    return lambda **tables: make_settings(channels={"email": table}, **tables)


async def test_what_comes_while_the_database_is_away_is_kept_in_order_afterwards(
    email_settings: Callable[..., Settings],
) -> None:
    async with running(email_settings(database_url=NOWHERE)) as channel:
        for number in (1, 2, 3, 2):
            assert (await bring(channel.options.port, mail(number)))[0][0] == 250
        assert len(channel.spool.waiting()) == 4
        assert [p for p in channel.parts.blobs.root.rglob("*") if p.is_file()] == []
    async with running(email_settings()) as channel:
        await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
        assert await heard(channel.parts.sessions, channel) == [sound(n) for n in (1, 2, 3)]
        async with channel.parts.sessions() as session:
            count = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'transcribe'"
            assert await session.scalar(text(count)) == 3


async def test_a_mail_keeps_the_time_at_which_it_came_not_that_of_the_drain(
    email_settings: Callable[..., Settings],
) -> None:
    undated = voicemail(sound(1))
    del undated["Date"]
    async with running(email_settings(database_url=NOWHERE)) as channel:
        await bring(channel.options.port, undated)
        (entry,) = channel.spool.waiting()
        came = json.loads(entry.read_bytes().partition(b"\n")[0])["received_at"]
    async with running(email_settings()) as channel:
        await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
        async with channel.parts.sessions() as session:
            received = await session.scalar(select(ServiceRequest.received_at))
    assert received is not None and received.isoformat() == came


async def test_a_kill_between_spool_and_drain_loses_nothing_and_doubles_nothing(
    email_settings: Callable[..., Settings],
) -> None:
    away = email_settings(database_url=NOWHERE)
    port = away.channels["email"]["port"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.email_process", away.model_dump_json()]
    )
    try:
        await eventually(lambda: reachable(port))
        for number in (1, 2, 3):
            assert (await bring(port, mail(number)))[0][0] == 250
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with running(email_settings()) as channel:
        await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
        assert await heard(channel.parts.sessions, channel) == [sound(n) for n in (1, 2, 3)]


async def test_a_crash_after_the_commit_and_before_the_entry_is_gone_doubles_nothing(
    email_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(email_settings(database_url=NOWHERE)) as channel:
        await bring(channel.options.port, mail(1))
    parts = build(email_settings())
    channel = create(parts)
    monkeypatch.setattr(channel.spool, "_remove", lambda path: None)  # the crash
    assert await channel.spool.drain(channel.from_spool) == 1
    again = create(parts)
    assert await again.spool.drain(again.from_spool) == 1
    assert await heard(parts.sessions, again) == [sound(1)]
    await parts.close()


async def test_a_commit_whose_answer_is_lost_keeps_the_recording_once(
    email_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = AsyncSession.commit

    async def lost(self: AsyncSession) -> None:
        await real(self)
        monkeypatch.setattr(AsyncSession, "commit", real)
        raise ConnectionResetError

    async with running(email_settings()) as channel:
        monkeypatch.setattr(AsyncSession, "commit", lost)
        assert (await bring(channel.options.port, mail(1)))[0][0] == 250
        await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
        assert await heard(channel.parts.sessions, channel) == [sound(1)]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Start a database server of the test's own; each call starts the same one again."""
    settings = load(env={"HUYING_HOME": str(tmp_path / "pg")})
    yield lambda: postgres.running(settings, keep=True)
    with postgres.running(settings, keep=False):
        pass


async def test_a_database_that_is_stopped_and_started_again_gets_every_mail_once(
    email_settings: Callable[..., Settings], own_server: Callable[[], Any]
) -> None:
    with contextlib.ExitStack() as server:
        url = await asyncio.to_thread(server.enter_context, own_server())
        await asyncio.to_thread(migrate, url)
        async with running(email_settings(database_url=url)) as channel:
            port = channel.options.port
            assert (await bring(port, mail(1)))[0][0] == 250
            assert channel.spool.waiting() == []
            await asyncio.to_thread(server.close)
            for number in (2, 3):
                assert (await bring(port, mail(number)))[0][0] == 250
            assert len(channel.spool.waiting()) == 2
            assert await asyncio.to_thread(server.enter_context, own_server()) == url
            assert (await bring(port, mail(1)))[0][0] == 250
            await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
            assert (await bring(port, mail(4)))[0][0] == 250
            await eventually(lambda: asyncio.to_thread(lambda: not channel.spool.waiting()))
            assert await heard(channel.parts.sessions, channel) == [sound(n) for n in (1, 2, 3, 4)]


async def test_a_spool_that_can_not_be_written_stops_the_start(
    email_settings: Callable[..., Settings],
) -> None:
    settings = email_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "spool").write_text("in the way")
    with pytest.raises(SettingsError, match="spool"):
        build(settings)
