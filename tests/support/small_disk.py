"""A small disk of its own for a process: a tmpfs in a private mount namespace.

Only the process and its children see it; a test reaches it by ``/proc/<pid>/root``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o size="$0" none "$1" || exit 77; shift; exec "$@"'


@cache
def _unshare() -> list[str]:
    """The command that gives a process mounts of its own; skips where the system refuses it."""
    for options in (["-m"], ["-r", "-m"]):
        tried = ["unshare", *options, "sh", "-c", "mount -t tmpfs none /mnt"]
        try:
            if subprocess.run(tried, capture_output=True, check=False).returncode == 0:
                return ["unshare", *options]
        except FileNotFoundError:
            break
    pytest.skip("mounting a small disk is not allowed here")


def on_small_disk(folder: Path, size: str, argv: Sequence[str]) -> list[str]:
    """The command that runs ``argv`` with a new disk of ``size`` (as mount takes it) mounted at
    ``folder``."""
    return [*_unshare(), "sh", "-c", MOUNT, size, str(folder), *argv]


def seen_by(pid: int, path: Path) -> Path:
    """``path`` as the process sees it."""
    return Path(f"/proc/{pid}/root") / path.relative_to("/")


class Filled:
    """Fills the disk of ``folder`` until nothing more fits, for the length of a block."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "filler"

    def __enter__(self) -> None:
        with self.file.open("wb", buffering=0) as filler:
            size = 1 << 24
            while size:
                found = os.statvfs(self.file)
                free = found.f_bavail * found.f_frsize
                try:
                    filler.write(b"\0" * min(size, max(free, 1)))
                except OSError:
                    size //= 16
            os.fsync(filler.fileno())

    def __exit__(self, *_: object) -> None:
        self.file.unlink()
