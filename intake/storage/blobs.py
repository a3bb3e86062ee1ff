"""Where recordings lie: plain files, one a recording, never altered.

The key is ``YYYY/MM/DD/<32 random hex digits>``; nothing that a sender says is in it. On
several machines the folder is a shared one (NFS or the like).
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
    """Brings files' names to the disk: one fsync of the folder serves all who wait for it."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._tickets = itertools.count(1)
        self._asked = 0
        self._done = 0

    def sync(self, folder: Path) -> None:
        """Return when an fsync of the folder that began after this call has ended."""
        ticket = self._asked = next(self._tickets)
        with self._one_at_a_time:
            if self._done >= ticket:
                return  # one that began after we asked has served us too
            covers = self._asked
            fsync_folder(folder)
            self._done = covers


def fsync_folder(folder: Path) -> None:
    """Return when the names in a folder are on the disk, or the bytes of a file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class BlobWriter:
    """Takes the bytes of one recording as they come; memory does not grow with them."""

    def __init__(self, path: Path, key: str, names: _Names) -> None:
        self.path = path
        self.key = key
        self._names = names
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = path.open("xb", buffering=1 << 16)

    def write(self, chunk: bytes) -> None:
        """Add bytes; `DiskFull` when the disk takes no more."""
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

    async def finish(self, look: Callable[[Path], T]) -> T:
        """Return once the bytes and the file's name are on the disk (fsync of both), with what
        ``look`` makes of the file: it runs in the same thread."""
        return await asyncio.to_thread(self._sync, look)

    def _sync(self, look: Callable[[Path], T]) -> T:
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self._names.sync(self.path.parent)
        except OSError as error:
            raise DiskFull("The disk is full; nothing was taken.") from error
        return look(self.path)

    def abort(self) -> None:
        """Forget it; used only before anybody was promised anything."""
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
        """Begin a new recording."""
        key = f"{datetime.now(UTC):%Y/%m/%d}/{secrets.token_hex(16)}"
        path = self.root / key
        if not path.parent.is_dir():
            self._make(path.parent)
        return BlobWriter(path, key, self._names)

    def path(self, key: str) -> Path:
        """The file of a key; `NotFound` if it is gone or the key points elsewhere."""
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()) or not path.is_file():
            raise NotFound("The recording is not there any more.")
        return path

    def free_bytes(self) -> int:
        """What the disk still takes."""
        stat = os.statvfs(self.root)
        return stat.f_bavail * stat.f_frsize

    def _make(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        while folder != self.root:  # a new folder's name must be on the disk too
            folder = folder.parent
            fsync_folder(folder)
