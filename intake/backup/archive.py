"""The archive of a backup: a ZIP file with a manifest of checksums.

``manifest.json`` lists every other member with its size and SHA-256, and what else is needed to
restore them. Any ZIP tool opens it; large archives are ZIP64.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self, cast

from intake.backup import encryption
from intake.errors import DiskFull, HuyingError
from intake.storage.blobs import fsync_folder

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20
TELL_EVERY_SECONDS = 2.0


class BadArchive(HuyingError):
    """The file can't be restored from: no archive of ours, damaged, or of a newer version."""

    default_code = "bad_backup"


class _Hashed:
    """A member that is being written; counts and hashes its bytes."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out, self.size, self.hash = out, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.out.write(data)
        self.hash.update(data)
        self.size += len(data)
        return len(data)


class Writer:
    """Writes an archive with mode 0600; it appears under its name whole or not at all.

    ``to``: the keys that it is encrypted to (`intake.backup.encryption.recipients`). Raises
    `HuyingError` when the file exists already or can't be written, `DiskFull`.
    """

    def __init__(self, path: Path, to: Sequence[Any] = ()) -> None:
        if path.exists():
            raise HuyingError(f"{path} exists already; name another file.", code="exists")
        self.path = path
        self.files: dict[str, dict[str, Any]] = {}
        self._to = to
        self._sealed: encryption.Sealed | None = None

    def __enter__(self) -> Self:
        self._part = self.path.with_name(f".{self.path.name}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise HuyingError(
                f"{self.path} can't be written ({error.strerror}).", code="not_writable"
            ) from None
        self._file = os.fdopen(descriptor, "wb")
        self._sealed = encryption.Sealed(self._file, self._to) if self._to else None
        out = self._sealed.file if self._sealed else self._file
        self._zip = zipfile.ZipFile(out, "w", allowZip64=True)
        return self

    @contextmanager
    def member(self, name: str, *, packed: bool = False) -> Iterator[IO[bytes]]:
        """Write one member. ``packed``: compress it; recordings are compressed already."""
        info = zipfile.ZipInfo(name, time.gmtime()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._zip.open(info, "w", force_zip64=True) as out:
            hashed = _Hashed(out)
            yield cast(IO[bytes], hashed)
        self.files[name] = {"size": hashed.size, "sha256": hashed.hash.hexdigest()}

    def add(self, name: str, path: Path) -> None:
        """Add a file as it is now. Raises FileNotFoundError."""
        with path.open("rb") as source, self.member(name) as out:
            while chunk := source.read(CHUNK):
                out.write(chunk)

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, fsync, and give the file its name."""
        body = {"format": FORMAT, **manifest, "files": self.files}
        text = json.dumps(body, ensure_ascii=False, indent=1)
        self._zip.writestr(MANIFEST, text, zipfile.ZIP_DEFLATED)
        self._zip.close()
        if self._sealed is not None:
            self._sealed.finish()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self.path)
        fsync_folder(self.path.parent)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._file.closed:
            with contextlib.suppress(Exception):
                self._zip.close()
            if self._sealed is not None:
                self._sealed.give_up()
                error = self._sealed.failed or error  # `error` is only a broken pipe then
            with contextlib.suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == 28:
            raise DiskFull(f"The disk has no room for {self.path}; nothing is left.") from error


class Reader:
    """Reads an archive. ``identity``: the file with the secret key, for an encrypted one.

    Raises `BadArchive`, and what `intake.backup.encryption.unsealed` raises.
    """

    def __init__(self, path: Path, identity: Path | None = None) -> None:
        self.path = path
        self._plain: IO[bytes] | None = None
        try:
            if encryption.is_sealed(path):
                self._plain = encryption.unsealed(path, identity)
            self._zip = zipfile.ZipFile(self._plain or path)
            self.manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
            self.files: dict[str, dict[str, Any]] = self.manifest["files"]
        except FileNotFoundError:
            raise BadArchive(f"{path} is not there.") from None
        except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
            raise BadArchive(f"{path} is no backup of Huying, or damaged ({error}).") from None
        if self.manifest.get("format") != FORMAT:
            raise BadArchive(f"{path} was made by a newer Huying; install that version.")

    def check(self, tell: Callable[[str], None]) -> None:
        """Compare every member with the manifest. Raises `BadArchive` that names what differs."""
        there = set(self._zip.namelist()) - {MANIFEST}
        if there != self.files.keys():
            odd = sorted(there ^ self.files.keys())
            raise BadArchive(f"{self.path}: {len(odd)} members missing or too many: {odd[:3]}")
        progress = Progress(tell, "checked", len(self.files))
        for name, about in self.files.items():
            if name.startswith("/") or ".." in name.split("/"):
                raise BadArchive(f"{self.path}: {name!r} is not a valid name.")
            digest, size = hashlib.sha256(), 0
            try:
                with self._zip.open(name) as source:
                    while chunk := source.read(CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
            except (OSError, EOFError, zipfile.BadZipFile, ValueError) as error:
                raise BadArchive(f"{self.path}: {name} is damaged ({error}).") from None
            if (size, digest.hexdigest()) != (about["size"], about["sha256"]):
                raise BadArchive(f"{self.path}: {name} is damaged.")
            progress.step(size)
        progress.end()

    def under(self, folder: str) -> list[str]:
        """The names of a folder's members, without the folder's name."""
        return [name[len(folder) + 1 :] for name in self.files if name.startswith(f"{folder}/")]

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)

    def extract(self, name: str, target: Path) -> None:
        """Write one member to a file with mode 0600, whole or not at all."""
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = target.with_name(f".{target.name}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out, self.open(name) as source:
            while chunk := source.read(CHUNK):
                out.write(chunk)
        fresh.replace(target)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        if self._plain is not None:
            self._plain.close()


class Progress:
    """Reports the progress of long work every two seconds."""

    def __init__(self, tell: Callable[[str], None], what: str, total: int) -> None:
        self.tell, self.what, self.total = tell, what, total
        self.done = self.bytes = 0
        self._told = time.monotonic()

    def step(self, size: int = 0) -> None:
        """One more item of ``size`` bytes is done."""
        self.done += 1
        self.bytes += size
        if time.monotonic() - self._told > TELL_EVERY_SECONDS:
            self._told = time.monotonic()
            self.end()

    def end(self) -> None:
        """Report the final state."""
        megabytes = self.bytes / 2**20
        self.tell(f"{self.what}: {self.done} of {self.total} ({megabytes:.1f} MB)")
