"""Download a large file once: resumable, checked by its sha256, kept for the next installation."""

from __future__ import annotations

import fcntl
import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from speech.errors import ModelError

TIMEOUT_SECONDS = 30
MAX_BYTES = 2 * 1024**3


def cache_dir() -> Path:
    """Where downloads are kept: ``$XDG_CACHE_HOME/huying``, usually ``~/.cache/huying``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "huying"


def cached(address: str, sha256: str, report: Callable[[str, int, int | None], None]) -> Path:
    """The path of the file at ``address`` with this sha256; downloaded if it is not there yet.

    An interrupted download goes on where it stopped. ``report`` gets ``"fetch"``, the bytes so far
    and the bytes in all (None: not known). Raises ModelError.
    """
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"{sha256[:16]}-{address.rsplit('/', 1)[-1]}"
    with (folder / f"{done.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and _sha256(done) == sha256:
            return done
        part = done.with_name(done.name + ".part")
        try:
            _fetch(address, part, report)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise ModelError(
                f"Could not download {address} ({reason}). When the network is back, the same "
                "command goes on where it stopped; or download it elsewhere and give the file "
                "with --source.",
                retryable=True,
            ) from error
        digest = _sha256(part)
        if digest != sha256:
            part.unlink()
            raise ModelError(
                f"{address} has the sha256 {digest}, but {sha256} is the right one: refused."
            )
        part.replace(done)
    return done


def _fetch(address: str, part: Path, report: Callable[[str, int, int | None], None]) -> None:
    having = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address)  # noqa: S310 - the address is our own constant
    if having:
        request.add_header("Range", f"bytes={having}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416:  # we have all of it already
            return
        raise
    with answer:
        resumed = answer.status == 206
        if not resumed:
            having = 0
        length = answer.headers.get("Content-Length")
        total = having + int(length) if length else None
        with part.open("ab" if resumed else "wb") as out:
            while chunk := answer.read(1 << 18):
                out.write(chunk)
                having += len(chunk)
                if having > MAX_BYTES:
                    raise ModelError(f"{address} is larger than any model that we know.")
                report("fetch", having, total)
        if total is not None and having < total:
            raise OSError("the connection was cut")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
