"""Encrypted archives, in the age format: the tool `age` opens them too.

https://age-encryption.org/v1: X25519 for each recipient, then ChaCha20-Poly1305 in pieces of
64 KiB; the last one is marked, so that a truncated file is detected. Everything is streamed; no
plaintext is written to the disk while an archive is made.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pyrage

from intake.errors import BadField, DiskFull, HuyingError

MAGIC = b"age-encryption.org/v1"
SUFFIX = ".age"
CHUNK = 1 << 18


class Damaged(HuyingError):
    """The age file was changed, or is truncated."""

    default_code = "bad_backup"


def new_identity(path: Path) -> str:
    """Make a key pair: write the secret key to a file (mode 0600), return the public key.

    Raises `HuyingError` if the file exists already or can't be written.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise HuyingError(f"{path} exists already; name another file.", code="exists") from None
    except OSError as error:
        raise HuyingError(
            f"{path} can't be written ({error.strerror}).", code="not_writable"
        ) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
        file.flush()
        os.fsync(file.fileno())
    return public


def recipients(named: Sequence[str]) -> list[Any]:
    """The keys to encrypt to: each a public key (``age1…``) or a file with one a line.

    Raises `BadField` for what is neither, and for a file that holds none.
    """
    found = []
    for name in named:
        for line in [name] if name.startswith("age1") else _lines(Path(name)):
            try:
                found.append(pyrage.x25519.Recipient.from_str(line))
            except pyrage.RecipientError:
                raise BadField(
                    f"{name} holds what is no age public key; one begins with age1.",
                    field="encrypt_to",
                ) from None
    return found


def _identities(path: Path) -> list[Any]:
    found = []
    for line in _lines(path):
        try:
            found.append(pyrage.x25519.Identity.from_str(line))
        except pyrage.IdentityError:
            raise BadField(
                f"{path} is no age identity; a line of it begins with AGE-SECRET-KEY-1.",
                field="identity",
            ) from None
    return found


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise BadField(f"{path} can't be read ({why}).", field="file") from None
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise BadField(f"{path} holds no key.", field="file")
    return found


def is_sealed(path: Path) -> bool:
    """Is this file encrypted with age? Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


class _ErrorRecorder:
    """Passes on what is written and stores an OSError, because pyrage turns it into a text, and
    drops it if it occurs with the last piece."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.out.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        self.out.flush()


class Sealed:
    """Encrypts what is written to ``file`` and writes it to ``out``, in a thread of its own."""

    def __init__(self, out: IO[bytes], to: Sequence[Any]) -> None:
        read, write = os.pipe()
        self.file: IO[bytes] = os.fdopen(write, "wb", CHUNK)
        self.failed: BaseException | None = None
        arguments = (os.fdopen(read, "rb"), _ErrorRecorder(out), list(to))
        self._thread = threading.Thread(target=self._encrypt, args=arguments, daemon=True)
        self._thread.start()

    def _encrypt(self, source: IO[bytes], out: _ErrorRecorder, to: list[Any]) -> None:
        try:
            with source:  # closed on failure too, so that the writer's next write fails
                pyrage.encrypt_io(source, out, to)
        except BaseException as error:
            self.failed = error
        finally:
            self.failed = out.failed or self.failed

    def finish(self) -> None:
        """Return when everything is written to ``out``. Raises the error of the thread, if any."""
        with contextlib.suppress(BrokenPipeError):
            self.file.close()
        self._thread.join()
        if self.failed is not None:
            raise self.failed

    def give_up(self) -> None:
        """End the thread without an error; what was written so far is incomplete."""
        with contextlib.suppress(OSError):
            self.file.close()
        self._thread.join()


def unsealed(path: Path, identity: Path | None) -> IO[bytes]:
    """The decrypted bytes, in a temporary file without a name.

    It is in the archive's folder if that is writable, else in the system's temporary folder, and
    as large as the archive. Raises `HuyingError` (``identity_missing``, ``wrong_identity``),
    `BadField`, `Damaged` and `DiskFull`.
    """
    if identity is None:
        raise HuyingError(
            f"{path} is encrypted; name the file with the secret key by --identity.",
            code="identity_missing",
        )
    keys = _identities(identity)
    beside = path.parent if os.access(path.parent, os.W_OK) else None
    plain = tempfile.TemporaryFile(dir=beside, prefix=".huying-")  # noqa: SIM115 (handed on)
    recorder = _ErrorRecorder(plain)
    try:
        with path.open("rb") as source:
            pyrage.decrypt_io(source, recorder, keys)
        if recorder.failed is not None:
            raise recorder.failed
        plain.seek(0)
    except pyrage.DecryptError as error:
        plain.close()
        if "no matching keys" in str(error).lower():
            raise HuyingError(
                f"{identity} does not open {path}: it was encrypted to another key.",
                code="wrong_identity",
            ) from None
        raise Damaged(f"{path} is damaged or cut off ({error}).") from None
    except OSError as error:
        plain.close()
        if recorder.failed is not None and recorder.failed.errno == errno.ENOSPC:
            raise DiskFull(f"The disk has no room to decrypt {path}.") from None
        raise Damaged(f"{path} is damaged or cut off ({error}).") from None
    return plain
