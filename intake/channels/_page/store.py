"""Uploads on the disk: each is one growing file of sound and one small file that says what it is.

How much has arrived is the length of the file, nothing else: it can't disagree with the bytes
after a crash. A piece is acknowledged only once it is fsynced.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakValueDictionary

from fastapi import HTTPException
from tuspyserver.storage import TusStorage

from intake.errors import NotFound, SettingsError

HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
METADATA = ("key", "filetype", "language", "recorded_at", "household")
STALE_SECONDS = 3600.0
LOCK_SECONDS = 5.0
LOCK_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept beside the bytes; changed by `Uploads.change` only.

    ``metadata``: those of `METADATA` that the client gave. ``size``: the whole length in bytes,
    None while she still speaks. ``expires``: an HTTP date. ``network``: a keyed hash of the
    sender's. ``taken``: so many bytes stand in a voicemail. ``ended``: ``received``, or the code
    of why it can't be taken; ``sentence`` then says it in words.
    """

    metadata: dict[str, str]
    size: int | None
    network: str
    created_at: str
    expires: str
    taken: int = 0
    ended: str | None = None
    sentence: str | None = None

    @property
    def expires_at(self) -> datetime:
        return parsedate_to_datetime(self.expires)

    @classmethod
    def read(cls, text: bytes) -> Note:
        """A note as it was written, by another version perhaps."""
        stored = json.loads(text)
        return cls(**{f.name: stored[f.name] for f in fields(cls) if f.name in stored})


class Uploads(TusStorage):
    """The folder of uploads that are under way; several processes may share it.

    Raises `SettingsError` when it can't be written: a door that would lose recordings must not
    open.
    """

    def __init__(self, folder: Path, secrets_: list[str], *, keep: timedelta) -> None:
        self.folder, self.keep = folder, keep
        self._secrets = secrets_
        self._notes: dict[str, Note] = {}
        self._writing = threading.Lock()
        self._open: dict[str, int] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in folder.glob("*.new"):  # what a crash left; another process may write now
                with contextlib.suppress(FileNotFoundError):
                    if left.stat().st_mtime < time.time() - STALE_SECONDS:
                        left.unlink()
            probe = folder / f".probe-{secrets.token_hex(4)}"
            probe.write_bytes(b"probe")
            probe.unlink()
            for part in folder.glob("*.part"):  # a process that died may not have come to it
                _fsync(part)
            _fsync(folder)
        except OSError as error:
            raise SettingsError(
                f"The folder of uploads {folder} can't be written ({error.strerror}); mend its"
                " owner and rights."
            ) from None

    def id_of(self, key: str) -> str:
        """The upload's id that belongs to a client's key: the same each time, and nobody who does
        not know our secret can tell it from the key."""
        for secret in self._secrets:  # one made before the secret was changed is still found
            found = self._hash(secret, f"upload:{key}")
            if self.data(found).exists() or self._paper(found).exists():
                return found
        return self._hash(self._secrets[0], f"upload:{key}")

    def network_of(self, network: str) -> str:
        """A keyed hash that tells networks apart without naming them."""
        return self._hash(self._secrets[0], f"network:{network}")

    @staticmethod
    def _hash(secret: str, text: str) -> str:
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    def data(self, uid: str) -> Path:
        """The file of its bytes. Raises `NotFound` for what is no id of ours."""
        return self.folder / f"{_checked(uid)}.part"

    def _paper(self, uid: str) -> Path:
        return self.folder / f"{_checked(uid)}.json"

    # -- what the house needs -------------------------------------------------------------

    def begin(self, uid: str, metadata: Mapping[str, str], size: int | None, network: str) -> None:
        """Make an empty upload. One that is there already stays as it is."""
        if self.lives(uid):
            return
        now = datetime.now(UTC)
        self.data(uid).touch(mode=0o600)
        note = Note(
            metadata={name: metadata[name] for name in METADATA if name in metadata},
            size=size,
            network=network,
            created_at=now.isoformat(),
            expires=format_datetime(now + self.keep, usegmt=True),
        )
        with self._writing:
            self._write_note(uid, note)

    def lives(self, uid: str) -> bool:
        """Is it there, and are its bytes, unless they stand in a voicemail?"""
        note = self.note(uid)
        return note is not None and (bool(note.ended) or self.data(uid).exists())

    def note(self, uid: str) -> Note | None:
        """What is known of an upload; read anew, because another process may have written."""
        try:
            note = Note.read(self._paper(uid).read_bytes())
        except (FileNotFoundError, ValueError, TypeError):
            return None
        self._notes[uid] = note
        return note

    def change(self, uid: str, **values: Any) -> None:
        """Change what is known of an upload; on the disk, whole or not at all, when it returns."""
        with self._writing:
            note = self.note(uid)
            if note is not None:
                self._write_note(uid, replace(note, **values))

    def _write_note(self, uid: str, note: Note) -> None:
        path = self._paper(uid)
        fresh = path.with_name(f"{uid}-{secrets.token_hex(4)}.new")
        with fresh.open("wb") as file:
            file.write(json.dumps(asdict(note), ensure_ascii=False).encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        _fsync(self.folder)
        self._notes[uid] = note

    def length(self, uid: str) -> int:
        """Bytes that have arrived; the whole length once the file was let go."""
        try:
            return self.data(uid).stat().st_size
        except FileNotFoundError:
            note = self.note(uid)
            return (note.size or note.taken) if note is not None and note.ended else 0

    def touched_at(self, uid: str) -> datetime:
        """When the last byte came; long ago where there are none to come to."""
        try:
            return datetime.fromtimestamp(self.data(uid).stat().st_mtime, UTC)
        except FileNotFoundError:
            return datetime.fromtimestamp(0, UTC)

    def ids(self) -> list[str]:
        """All uploads of which anything is known."""
        return sorted(path.name[:32] for path in self.folder.glob("*.json"))

    def unfinished(self, network: str | None = None) -> int:
        """How many are no voicemail yet, of one network or in all."""
        return sum(1 for note in self._waiting() if network in (None, note.network))

    def _waiting(self) -> Iterator[Note]:
        known, self._notes = self._notes, {}
        for path in self.folder.glob("*.part"):
            uid = path.name[:32]
            note = known.get(uid) or self.note(uid)
            if note is None:
                continue
            self._notes[uid] = note
            length = self.length(uid)
            if not note.ended and (length > note.taken or length == 0):
                yield note

    def let_go(self, uid: str, *, all_of_it: bool = False) -> None:
        """Remove the bytes (they stand in a recording), or everything."""
        self.data(uid).unlink(missing_ok=True)
        if all_of_it:
            self._paper(uid).unlink(missing_ok=True)
        _fsync(self.folder)

    # -- what tuspyserver needs -----------------------------------------------------------

    async def create(self, uid: str) -> None:
        """`begin` has made it."""

    async def exists(self, uid: str) -> bool:
        return self.note(uid) is not None

    async def size(self, uid: str) -> int:
        return self.length(uid)

    async def append(self, uid: str, chunk: bytes) -> None:
        if uid not in self._open:
            self._open[uid] = os.open(self.data(uid), os.O_WRONLY | os.O_APPEND)
        try:
            _write(self._open[uid], chunk)  # into the page cache; `flush` waits for the disk
        except OSError:
            # tuspyserver takes any other error for the end of a piece, and acknowledges it.
            raise HTTPException(507, "The disk is full; what came before is kept.") from None

    async def flush(self, uid: str) -> None:
        try:
            await asyncio.to_thread(self._sync, uid)
        except OSError:
            raise HTTPException(507, "The disk does not keep it; send it again.") from None

    def _sync(self, uid: str) -> None:
        descriptor = self._open.pop(uid, None)
        if descriptor is not None:
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    async def finalize(self, uid: str) -> None:
        """Nothing to seal."""

    async def read(self, uid: str) -> bytes | None:
        return None  # nobody hears an upload through this door

    async def delete(self, uid: str) -> None:
        await asyncio.to_thread(self.let_go, uid, all_of_it=True)

    async def read_info(self, uid: str) -> dict[str, Any] | None:
        note = self.note(uid)
        if note is None:
            return None
        return {
            # tuspyserver answers HEAD only for uploads that have a file name.
            "metadata": {"filename": "recording", "filetype": "audio", **note.metadata},
            "size": note.size,
            "defer_length": note.size is None,
            "offset": self.length(uid),
            "created_at": note.created_at,
            "expires": note.expires,
        }

    async def write_info(self, uid: str, data: dict[str, Any]) -> None:
        """Only the length can be news; what arrived is told by the file alone."""
        note = self.note(uid)
        if note is not None and note.size is None and data["size"] is not None:
            await asyncio.to_thread(self.change, uid, size=data["size"])

    async def list_uids(self) -> list[str]:
        return self.ids()

    def location(self, uid: str) -> str:
        return str(self.data(uid))

    @contextlib.asynccontextmanager
    async def lock(self, uid: str) -> AsyncIterator[None]:  # type: ignore[override]
        """One piece at a time, also among processes. Raises TimeoutError."""
        mine = self._locks.setdefault(uid, asyncio.Lock())
        async with asyncio.timeout(LOCK_SECONDS):
            await mine.acquire()
        try:
            with self.data(uid).open("rb") as file:
                async with asyncio.timeout(LOCK_SECONDS):
                    while not _try_lock(file):  # noqa: ASYNC110 (it is the system's lock)
                        await asyncio.sleep(LOCK_POLL_SECONDS)
                try:
                    yield
                finally:
                    self._sync(uid)  # however the piece ended, what came of it is on the disk
        except FileNotFoundError:
            raise NotFound("There is no such upload.") from None
        finally:
            mine.release()


def _checked(uid: str) -> str:
    if not HEX.fullmatch(uid):
        raise NotFound("There is no such upload.")
    return uid


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


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
