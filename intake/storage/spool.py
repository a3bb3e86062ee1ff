"""Messages that a channel accepted while the database is unreachable: files, drained in order.

For channels whose sender does not send again (a mail that was answered 250, a WeChat message).
A file appears whole or not at all, and `Spool.put` returns only when it and its name are on the
disk. Handlers may get an entry twice (after a crash between their commit and the removal of the
file), so they must be idempotent.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from intake.errors import DiskFull, HuyingError, SettingsError
from intake.storage.db import is_away

log = logging.getLogger("huying.spool")
STALE_SECONDS = 3600.0
Handler = Callable[[str, bytes], Awaitable[None]]


class Spool:
    """One folder of waiting entries; several processes may put, one at a time drains.

    ``min_free_bytes``: with less free disk `put` raises `DiskFull`. The constructor raises
    `SettingsError` when the folder can't be written and fsynced: a channel that would lose
    messages must not start.
    """

    def __init__(self, folder: Path, *, min_free_bytes: int = 0) -> None:
        self.folder = folder
        self.min_free_bytes = min_free_bytes
        self._last = 0
        self._naming = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.aside.mkdir(exist_ok=True, mode=0o700)
            probe = self._write(f".probe-{secrets.token_hex(4)}", b"probe")
            probe.unlink()
            self._tidy()
            _fsync(folder)
        except OSError as error:
            raise SettingsError(
                f"The spool {folder} can't be written ({error.strerror}); mend its owner and"
                " rights: without it messages would be lost while the database is unreachable."
            ) from None

    def _tidy(self) -> None:
        for path in self.folder.glob(".new-*"):  # left by a crash; never acknowledged to a sender
            with contextlib.suppress(FileNotFoundError):  # removed by another starting process
                if path.stat().st_mtime < time.time() - STALE_SECONDS:
                    path.unlink()
        for path in sorted(self.aside.iterdir()):  # a newer version may be able to handle them
            with contextlib.suppress(FileNotFoundError):
                path.rename(self.folder / path.name)

    @property
    def aside(self) -> Path:
        """The folder of entries that their handler rejected; they are retried at the next start."""
        return self.folder / "aside"

    async def put(self, kind: str, payload: bytes) -> str:
        """Store one entry; return its name once it is on the disk.

        ``kind``: ASCII letters and digits, passed on to the handler. Raises `DiskFull`, and then
        nothing is stored; ValueError for another ``kind``.
        """
        if not (kind.isascii() and kind.isalnum()):
            raise ValueError(f"{kind!r} is no kind: ASCII letters and digits only")
        return await asyncio.to_thread(self._keep, kind, payload)

    async def forget(self, name: str) -> None:
        """Remove an entry that is stored elsewhere by now; no error if it was drained already."""
        await asyncio.to_thread(self._remove, self.folder / name)

    def free_bytes(self) -> int:
        """Free bytes on the disk that holds the spool."""
        stat = os.statvfs(self.folder)
        return stat.f_bavail * stat.f_frsize

    def waiting(self) -> list[Path]:
        """The entries, oldest first."""
        return sorted(p for p in self.folder.iterdir() if p.name[:1].isdigit() and p.is_file())

    async def holds(self, kind: str) -> bool:
        """Is an entry of this kind still waiting?"""
        return await asyncio.to_thread(
            lambda: any(path.name.endswith(f".{kind}") for path in self.waiting())
        )

    def set_aside(self) -> int:
        """How many entries were set aside because their handler rejected them."""
        return sum(1 for path in self.aside.iterdir() if path.is_file())

    async def drain(self, handler: Handler) -> int:
        """Pass every entry to ``handler(kind, payload)``, oldest first; return how many it handled.

        An entry is removed when the handler returns. When the handler raises because the database
        is unreachable, or a retryable `HuyingError`, the rest waits for the next drain. After any
        other error the entry is set aside, an error is logged, and the next entries follow. Returns
        0 when another process is draining.
        """
        with self._alone() as alone:
            if not alone:
                return 0
            taken = 0
            for path in await asyncio.to_thread(self.waiting):
                kind = path.name.rpartition(".")[2]
                try:
                    payload = await asyncio.to_thread(path.read_bytes)
                except FileNotFoundError:
                    continue  # removed by `forget` meanwhile
                try:
                    await handler(kind, payload)
                except Exception as error:
                    if is_away(error) or (isinstance(error, HuyingError) and error.retryable):
                        break
                    code = getattr(error, "code", None) or type(error).__name__
                    log.error("%s failed (%s); it was moved to %s", path.name, code, self.aside)
                    await asyncio.to_thread(self._set_aside, path)
                    continue
                await asyncio.to_thread(self._remove, path)
                taken += 1
            return taken

    def _keep(self, kind: str, payload: bytes) -> str:
        if self.free_bytes() < self.min_free_bytes + len(payload):
            raise DiskFull("The disk has no room for the spool; nothing was stored.")
        with self._naming:
            self._last = max(time.time_ns(), self._last + 1)
            name = f"{self._last:020d}-{secrets.token_hex(4)}.{kind}"
        try:
            self._write(name, payload)
        except OSError as error:
            raise DiskFull("The spool can't be written; nothing was stored.") from error
        return name

    def _write(self, name: str, payload: bytes) -> Path:
        path, fresh = self.folder / name, self.folder / f".new-{secrets.token_hex(8)}"
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        _fsync(self.folder)
        return path

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        _fsync(self.folder)

    def _set_aside(self, path: Path) -> None:
        path.rename(self.aside / path.name)
        _fsync(self.aside)
        _fsync(self.folder)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self.folder / ".lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
