import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from intake.errors import DiskFull, SettingsError, Unavailable
from intake.storage.db import is_away
from intake.storage.spool import Spool

pytestmark = pytest.mark.asyncio


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


class Taker:
    """Takes entries; raises what the test says for one payload."""

    def __init__(self, **failures: BaseException) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.failures = failures

    async def __call__(self, kind: str, payload: bytes) -> None:
        if error := self.failures.get(payload.decode("latin-1")):
            raise error
        self.taken.append((kind, payload))


async def test_entries_come_out_in_the_order_they_went_in(spool: Spool) -> None:
    payloads = [bytes([n]) * n for n in range(1, 30)]
    for payload in payloads:
        await spool.put("mail", payload)
    taker = Taker()
    assert await spool.drain(taker) == len(payloads)
    assert taker.taken == [("mail", payload) for payload in payloads]
    assert spool.waiting() == []
    assert await spool.drain(taker) == 0


async def test_what_is_forgotten_does_not_come_out_even_in_the_middle_of_a_drain(
    spool: Spool,
) -> None:
    names = [await spool.put("mail", payload) for payload in (b"a", b"b", b"c")]
    taken: list[bytes] = []

    async def take(kind: str, payload: bytes) -> None:
        taken.append(payload)
        await spool.forget(names[1])

    assert await spool.drain(take) == 2
    assert taken == [b"a", b"c"]
    await spool.forget(names[0])  # it was drained: no error


async def test_a_clock_that_goes_back_does_not_change_the_order(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moment, payload in ((50, b"a"), (40, b"b"), (60, b"c")):
        monkeypatch.setattr("intake.storage.spool.time.time_ns", lambda moment=moment: moment)
        await spool.put("mail", payload)
    taker = Taker()
    await spool.drain(taker)
    assert [payload for _, payload in taker.taken] == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    "error", [Unavailable("away"), ConnectionRefusedError(), psycopg.OperationalError("down")]
)
async def test_while_what_it_needs_is_away_everything_waits_in_order(
    spool: Spool, error: BaseException
) -> None:
    for payload in (b"a", b"b", b"c"):
        await spool.put("mail", payload)
    taker = Taker(b=error)
    assert await spool.drain(taker) == 1
    assert len(spool.waiting()) == 2
    taker.failures.clear()
    assert await spool.drain(taker) == 2
    assert [payload for _, payload in taker.taken] == [b"a", b"b", b"c"]


async def test_what_nobody_can_take_is_set_aside_and_tried_again_at_the_next_start(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    for payload in (b"a", b"b", b"c"):
        await spool.put("mail", payload)
    taker = Taker(b=ValueError("secret words"))
    assert await spool.drain(taker) == 2
    assert [path.read_bytes() for path in spool.aside.iterdir()] == [b"b"]
    assert "ValueError" in caplog.text and "secret words" not in caplog.text
    again = Spool(spool.folder)
    taker.failures.clear()
    assert await again.drain(taker) == 1
    assert taker.taken[-1] == ("mail", b"b")


async def test_half_written_files_of_a_crash_are_no_entries(spool: Spool) -> None:
    half = spool.folder / ".new-abc"
    half.write_bytes(b"half")
    assert await Spool(spool.folder).drain(Taker()) == 0
    assert half.exists()  # another process may be writing it
    os.utime(half, (1, 1))
    Spool(spool.folder)
    assert not half.exists()


async def test_only_one_drains_at_a_time(spool: Spool) -> None:
    await spool.put("mail", b"a")
    go, began = asyncio.Event(), asyncio.Event()

    async def slow(kind: str, payload: bytes) -> None:
        began.set()
        await go.wait()

    first = asyncio.create_task(spool.drain(slow))
    await began.wait()
    assert await Spool(spool.folder).drain(Taker()) == 0
    go.set()
    assert await first == 1


async def test_a_process_that_is_killed_after_put_has_lost_nothing(spool: Spool) -> None:
    code = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from intake.storage.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]))\n"
        "asyncio.run(spool.put('mail', b'x' * 100_000))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, str(spool.folder)], check=False
    )
    assert ended.returncode == -9
    taker = Taker()
    assert await Spool(spool.folder).drain(taker) == 1
    assert taker.taken == [("mail", b"x" * 100_000)]


async def test_every_byte_and_the_name_are_on_the_disk_before_put_returns(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    await spool.put("mail", b"x")
    assert synced[0].startswith(str(spool.folder / ".new-"))
    assert synced[1] == str(spool.folder)


async def test_a_spool_that_can_not_be_written_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="can't be written"):
        Spool(tmp_path / "file" / "spool")


async def test_a_full_disk_refuses_and_keeps_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", min_free_bytes=2**60)
    with pytest.raises(DiskFull):
        await spool.put("mail", b"x")
    assert spool.waiting() == []


@pytest.mark.parametrize("kind", ["", "a.b", "a/b", "../x", "é"])
async def test_a_kind_is_a_plain_word(spool: Spool, kind: str) -> None:
    with pytest.raises(ValueError, match="no kind"):
        await spool.put(kind, b"x")


async def test_nobody_else_can_read_what_waits(spool: Spool) -> None:
    await spool.put("mail", b"x")
    assert spool.waiting()[0].stat().st_mode & 0o777 == 0o600
    assert spool.folder.stat().st_mode & 0o777 == 0o700


def _wrapped(kind: Any, **how: Any) -> DBAPIError:
    return DBAPIError("SELECT 1", None, kind("x"), **how)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OperationalError("SELECT 1", None, psycopg.OperationalError("down")), True),
        (psycopg.errors.AdminShutdown("x"), True),
        (PoolTimeout(), True),
        (TimeoutError(), True),
        (_wrapped(psycopg.errors.InternalError, connection_invalidated=True), True),
        (_wrapped(psycopg.errors.UniqueViolation), False),
        (psycopg.errors.UndefinedTable("x"), False),
        (ValueError(), False),
    ],
)
async def test_a_database_that_is_away_is_told_from_one_that_says_no(
    error: BaseException, away: bool
) -> None:
    assert is_away(error) is away
