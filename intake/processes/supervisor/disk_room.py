"""Is there room on the disk to start with?"""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

START_BYTES = 64 * 1024 * 1024
"""The free room that a start needs: PostgreSQL's journal grows by files of 16 MB."""
TRIED_BYTES = 64 * 1024
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
ASK_EVERY_SECONDS = 2.0
TELL_EVERY_SECONDS = 60.0


def lacking(folders: Sequence[Path], least: int = START_BYTES) -> str | None:
    """Why there is no room to start: a sentence; None where there is.

    Of each folder, or the nearest one above it that exists: ``least`` bytes and one more file must
    fit, and some bytes can be written, because a quota shows in no other way.
    """
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.is_dir())
        found = os.statvfs(there)
        free = found.f_bavail * found.f_frsize
        if free < least:
            return (
                f"The disk of {there} is full: {free // 2**20} MB are free,"
                f" {least // 2**20} are needed to start."
            )
        try:
            with tempfile.TemporaryFile(dir=there) as tried:
                tried.write(b"\0" * TRIED_BYTES)
                tried.flush()
                os.fsync(tried.fileno())
        except OSError as error:
            if error.errno in FULL:
                return f"Nothing more can be written to {there} ({error.strerror})."
            raise
    return None


def wait_for_room(
    folders: Sequence[Path], tell: Callable[[str], None], least: int = START_BYTES
) -> None:
    """Return when there is room; say once a minute by ``tell`` that there is none."""
    told: float | None = None
    while sentence := lacking(folders, least):
        if told is None or time.monotonic() - told > TELL_EVERY_SECONDS:
            tell(f"{sentence} Waiting for room.")
            told = time.monotonic()
        time.sleep(ASK_EVERY_SECONDS)
