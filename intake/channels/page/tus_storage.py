"""tuspyserver's storage interface over `Uploads`: one piece at a time is appended to one file."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from typing import Any, BinaryIO
from weakref import WeakValueDictionary

from fastapi import HTTPException
from tuspyserver.storage import TusStorage

from intake.channels.page.store import Uploads
from intake.errors import NotFound

LOCK_SECONDS = 5.0
LOCK_POLL_SECONDS = 0.05


class Pieces(TusStorage):
    """Reads and writes `Uploads` for tuspyserver."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads
        self._open: dict[str, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def create(self, uid: str) -> None:
        """Do nothing: `Uploads.begin` has made the upload."""

    async def exists(self, uid: str) -> bool:
        return self.uploads.note(uid) is not None

    async def size(self, uid: str) -> int:
        return self.uploads.length(uid)

    async def append(self, uid: str, chunk: bytes) -> None:
        if uid not in self._open:
            self._open[uid] = os.open(self.uploads.data(uid), os.O_WRONLY | os.O_APPEND)
        try:
            _write(self._open[uid], chunk)  # into the page cache; `flush` waits for the disk
        except OSError:
            # tuspyserver takes any other error for the end of a piece, and acknowledges the piece.
            raise HTTPException(507, "The disk is full; earlier pieces are kept.") from None

    async def flush(self, uid: str) -> None:
        try:
            await asyncio.to_thread(self._sync, uid)
        except OSError:
            raise HTTPException(507, "The piece could not be stored; send it again.") from None

    def _sync(self, uid: str) -> None:
        descriptor = self._open.pop(uid, None)
        if descriptor is not None:
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    async def finalize(self, uid: str) -> None:
        """Do nothing: a complete upload needs no closing step."""

    async def read(self, uid: str) -> bytes | None:
        return None  # uploads can't be downloaded through tus

    async def delete(self, uid: str) -> None:
        await asyncio.to_thread(self.uploads.remove, uid, with_note=True)

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        note = self.uploads.note(uid)
        if note is None:
            return None
        return {
            # tuspyserver answers HEAD only for uploads that have a file name.
            "metadata": {"filename": "recording", "filetype": "audio", **note.metadata},
            "size": note.size,
            "defer_length": note.size is None,
            "offset": self.uploads.length(uid),
            "created_at": note.created_at,
            "expires": note.expires,
        }

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Store the whole length once it is known; how much arrived is told by the file alone."""
        note = self.uploads.note(uid)
        if note is not None and note.size is None and data["size"] is not None:
            await asyncio.to_thread(self.uploads.change, uid, size=data["size"])

    async def list_uids(self) -> list[str]:
        return self.uploads.ids()

    def location(self, uid: str) -> str:
        return str(self.uploads.data(uid))

    @contextlib.asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]
        """One piece of an upload at a time, also among processes.

        Raises `TimeoutError` after twice `LOCK_SECONDS` at most, `NotFound` without the upload.
        """
        mine = self._locks.setdefault(uid, asyncio.Lock())
        async with asyncio.timeout(LOCK_SECONDS):
            await mine.acquire()
        try:
            with self.uploads.data(uid).open("rb") as file:
                async with asyncio.timeout(LOCK_SECONDS):
                    while not _try_lock(file):  # noqa: ASYNC110 (it is the system's lock)
                        await asyncio.sleep(LOCK_POLL_SECONDS)
                try:
                    yield
                finally:
                    self._sync(uid)  # fsync what has arrived, however the piece ended
        except FileNotFoundError:
            raise NotFound("There is no such upload.") from None
        finally:
            mine.release()


def _write(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _try_lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
