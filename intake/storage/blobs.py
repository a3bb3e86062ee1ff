"""The store of recordings: one plain file each, never altered.

The key is ``YYYY/MM/DD/<32 random hex digits>``; no sender can influence it. Several machines
share the folder (NFS or the like).
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from intake.errors import DiskFull, NotFound

T = TypeVar("T")


class _Names:
    """Fsyncs folders, so that new files' names survive a crash; one fsync serves all waiters."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._tickets = itertools.count(1)
        self._asked = 0
        self._done = 0

    def sync(self, folder: Path) -> None:
        """Return after an fsync of the folder that began later than this call."""
        ticket = self._asked = next(self._tickets)
        with self._one_at_a_time:
            if self._done >= ticket:
                return  # another caller's fsync began after our call: it covers our file
            covers = self._asked
            fsync_folder(folder)
            self._done = covers


def fsync_folder(folder: Path) -> None:
    """Fsync a folder (the names in it) or a file (its bytes)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BlobWriter:
    """Writes one recording chunk by chunk; memory use does not grow with its length."""

    def __init__(self, path: Path, key: str, names: _Names) -> None:
        self.path = path
        self.key = key
        self._names = names
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = path.open("xb", buffering=1 << 16)

    def write(self, chunk: bytes) -> None:
        """Append bytes. Raises `DiskFull`."""
        assert self._file is not None
        try:
            self._file.write(chunk)
        except OSError as error:
            raise DiskFull("The disk is full; nothing was taken.") from error
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()

    async def finish(self, examine: Callable[[Path], T]) -> T:
        """Fsync the file and its folder, then return ``examine(path)``, run in the same thread.

        Raises `DiskFull`.
        """
        return await asyncio.to_thread(self._sync, examine)

    def _sync(self, examine: Callable[[Path], T]) -> T:
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self._names.sync(self.path.parent)
        except OSError as error:
            raise DiskFull("The disk is full; nothing was taken.") from error
        return examine(self.path)

    def abort(self) -> None:
        """Delete the file; only before the sender got an answer that it is stored."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self.path.unlink(missing_ok=True)


class Blobs:
    """The folder of recordings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names = _Names()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def writer(self) -> BlobWriter:
        """A writer for a new recording under a new key."""
        key = f"{datetime.now(UTC):%Y/%m/%d}/{secrets.token_hex(16)}"
        path = self.root / key
        if not path.parent.is_dir():
            self._make(path.parent)
        return BlobWriter(path, key, self._names)

    def path(self, key: str) -> Path:
        """The file of a key. Raises `NotFound` if it is gone or the key leads out of the folder."""
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            raise NotFound("The recording is not there any more.")
        return path

    def free_bytes(self) -> int:
        """Free bytes on the disk that holds the recordings."""
        stat = os.statvfs(self.root)
        return stat.f_bavail * stat.f_frsize

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while folder != self.root:  # the names of new folders must survive a crash too
            folder = folder.parent
            fsync_folder(folder)
