"""Uploads on the disk: each is one growing file of sound and one small file that says what it is.

How much has arrived is the length of the file, nothing else: it can't disagree with the bytes
after a crash. A piece is acknowledged only once it is fsynced.
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
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from intake.channels.page.upload_metadata import METADATA, Note
from intake.errors import NotFound, SettingsError
from intake.storage.blobs import fsync_folder
from speech.containers import HEAD_BYTES, sniff
from speech.errors import SpeechError

HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)
STALE_SECONDS = 3600.0


class Uploads:
    """The folder of uploads that are under way; several processes may share it.

    Raises `SettingsError` when it can't be written: a door that would lose recordings must not
    open.
    """

    def __init__(self, folder: Path, secrets_: list[str], *, keep: timedelta) -> None:
        self.folder, self.keep = folder, keep
        self._secrets = secrets_
        self._notes: dict[str, Note] = {}
        self._sound: set[str] = set()
        self._writing = threading.Lock()
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
                fsync_folder(part)
            fsync_folder(folder)
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
        fsync_folder(self.folder)
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

    def unfinished(self) -> int:
        """How many are no voicemail yet."""
        return sum(1 for _ in self._waiting())

    def unsound(self, network: str) -> list[tuple[datetime, str]]:
        """(when it was begun, id) of a network's unfinished uploads that don't look like sound, or
        are empty; the oldest first. The others become voicemails, whatever else happens."""
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

    def let_go(self, uid: str, *, all_of_it: bool = False) -> None:
        """Remove the bytes (they stand in a recording), or everything."""
        self.data(uid).unlink(missing_ok=True)
        if all_of_it:
            self._paper(uid).unlink(missing_ok=True)
        fsync_folder(self.folder)


def _checked(uid: str) -> str:
    if not HEX.fullmatch(uid):
        raise NotFound("There is no such upload.")
    return uid
