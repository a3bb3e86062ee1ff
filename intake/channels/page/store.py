"""Uploads on the disk: each is a growing file of audio and a small JSON file with its metadata.

How much has arrived is told by the file's length alone, so after a crash it can't disagree with the
bytes. A piece is acknowledged only once it is fsynced.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from intake.channels.page.upload_metadata import METADATA, RECEIVED, Note
from intake.errors import NotFound, SettingsError
from intake.storage.blobs import fsync_folder
from speech.containers import HEAD_BYTES, sniff
from speech.errors import SpeechError

HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
STALE_SECONDS = 3600.0


class Uploads:
    """The folder of unfinished uploads; several processes may share it.

    ``keep``: how long an upload may be resumed. Raises `SettingsError` when the folder can't be
    written: an endpoint that would lose recordings must not start.
    """

    def __init__(self, folder: Path, secrets_: list[str], *, keep: timedelta) -> None:
        self.folder, self.keep = folder, keep
        self._secrets = secrets_
        self._notes: dict[str, Note] = {}
        self._sound: set[str] = set()
        self._writing = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Files that a crash left; a young one may be another process's, which is writing it.
            for left in folder.glob("*.new"):
                with contextlib.suppress(FileNotFoundError):
                    if left.stat().st_mtime < time.time() - STALE_SECONDS:
                        left.unlink()
            probe = folder / f".probe-{secrets.token_hex(4)}"
            probe.write_bytes(b"probe")
            probe.unlink()
            for part in folder.glob("*.part"):  # a process that crashed may not have fsynced it
                fsync_folder(part)
            fsync_folder(folder)
        except OSError as error:
            raise SettingsError(
                f"The folder of uploads {folder} can't be written ({error.strerror}); correct its"
                " owner and permissions."
            ) from None

    def id_of(self, key: str) -> str:
        """The upload id (32 hex digits) of a client's key: the same each time, and not to be
        derived from the key without our secret."""
        for secret in self._secrets:  # an older secret finds uploads from before it was changed
            found = self._hash(secret, f"upload:{key}")
            if self.data(found).exists() or self._note_file(found).exists():
                return found
        return self._hash(self._secrets[0], f"upload:{key}")

    def network_of(self, network: str) -> str:
        """A keyed hash of a network address: it tells networks apart without storing addresses."""
        return self._hash(self._secrets[0], f"network:{network}")

    @staticmethod
    def _hash(secret: str, text: str) -> str:
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]

    def data(self, uid: str) -> Path:
        """The file of its bytes. Raises `NotFound` for anything but 32 hex digits."""
        return self.folder / f"{_checked(uid)}.part"

    def _note_file(self, uid: str) -> Path:
        return self.folder / f"{_checked(uid)}.json"

    def begin(
        self,
        uid: str,
        metadata: Mapping[str, str],
        size: int | None,
        network: str,
        form_key: str = "",
    ) -> None:
        """Make an empty upload; one that exists already stays as it is.

        ``size``: the whole length in bytes, None while it is unknown. ``network``: from
        `network_of`. ``form_key``: as in `Note`.
        """
        if self.exists(uid):
            return
        now = datetime.now(UTC)
        self.data(uid).touch(mode=0o600)
        note = Note(
            metadata={name: metadata[name] for name in METADATA if name in metadata},
            size=size,
            network=network,
            created_at=now.isoformat(),
            expires=format_datetime(now + self.keep, usegmt=True),
            form_key=form_key,
        )
        with self._writing:
            self._write_note(uid, note)

    def exists(self, uid: str) -> bool:
        """Whether its note exists and, unless the upload has ended, the file of its bytes too."""
        note = self.note(uid)
        return note is not None and (bool(note.ended) or self.data(uid).exists())

    def note(self, uid: str) -> Note | None:
        """The metadata of an upload, None without one that can be read; read from the disk at each
        call, because another process may have changed it."""
        try:
            note = Note.read(self._note_file(uid).read_bytes())
        except (FileNotFoundError, ValueError, TypeError):
            return None
        self._notes[uid] = note
        return note

    def change(self, uid: str, **values: Any) -> None:
        """Change fields of an upload's `Note`, atomically; fsynced when this returns."""
        with self._writing:
            note = self.note(uid)
            if note is not None:
                self._write_note(uid, replace(note, **values))

    def take(self, uid: str, size: int) -> bool:
        """Note that the first ``size`` bytes are in a voicemail; whether those are all of them.

        Read and written under one lock: of two calls the later one may bring the smaller size.
        """
        with self._writing:
            note = self.note(uid)
            if note is None:
                return False
            taken = max(note.taken, size)
            whole = note.size == taken
            self._write_note(uid, replace(note, taken=taken, ended=RECEIVED if whole else None))
            return whole

    def _write_note(self, uid: str, note: Note) -> None:
        path = self._note_file(uid)
        written = path.with_name(f"{uid}-{secrets.token_hex(4)}.new")
        with written.open("wb") as file:
            file.write(json.dumps(asdict(note), ensure_ascii=False).encode())
            file.flush()
            os.fsync(file.fileno())
        written.rename(path)
        fsync_folder(self.folder)
        self._notes[uid] = note

    def length(self, uid: str) -> int:
        """Bytes that have arrived; after the file was removed, those that had."""
        try:
            return self.data(uid).stat().st_size
        except FileNotFoundError:
            note = self.note(uid)
            return (note.size or note.taken) if note is not None and note.ended else 0

    def touched_at(self, uid: str) -> datetime:
        """When the last byte arrived (UTC); 1970 for an upload without a file."""
        try:
            return datetime.fromtimestamp(self.data(uid).stat().st_mtime, UTC)
        except FileNotFoundError:
            return datetime.fromtimestamp(0, UTC)

    def ids(self) -> list[str]:
        """The ids of all uploads that have a note, sorted."""
        return sorted(path.name[:32] for path in self.folder.glob("*.json"))

    def unfinished(self) -> int:
        """How many uploads are empty or have bytes that are in no voicemail yet."""
        return sum(1 for _ in self._waiting())

    def by_network(self) -> Counter[str]:
        """How many unfinished uploads each network has, by `network_of`."""
        return Counter(note.network for _, note in self._waiting())

    def unsound(self, network: str) -> list[tuple[datetime, str]]:
        """(time of creation, id) of a network's unfinished uploads that are empty or whose first
        bytes are no known audio format; oldest first. All others will become voicemails."""
        return sorted(
            (datetime.fromisoformat(note.created_at), uid)
            for uid, note in self._waiting()
            if note.network == network and not self._is_sound(uid)
        )

    def _is_sound(self, uid: str) -> bool:
        if uid not in self._sound:
            try:
                with self.data(uid).open("rb") as file:
                    sniff(file.read(HEAD_BYTES))
            except (FileNotFoundError, SpeechError):
                return False
            self._sound.add(uid)
        return True

    def _waiting(self) -> Iterator[tuple[str, Note]]:
        known, self._notes = self._notes, {}
        for path in self.folder.glob("*.part"):
            uid = path.name[:32]
            note = known.get(uid) or self.note(uid)
            if note is None:
                continue
            self._notes[uid] = note
            length = self.length(uid)
            if not note.ended and (length > note.taken or length == 0):
                yield uid, note
        self._sound &= self._notes.keys()

    def remove(self, uid: str, *, with_note: bool = False) -> None:
        """Remove the file of bytes; with ``with_note`` the upload is forgotten altogether."""
        self.data(uid).unlink(missing_ok=True)
        if with_note:
            self._note_file(uid).unlink(missing_ok=True)
        fsync_folder(self.folder)


def _checked(uid: str) -> str:
    if not HEX.fullmatch(uid):
        raise NotFound("There is no such upload.")
    return uid
