"""Spooled messages that could not be processed: they are set aside in the channel's spool for a
while.

They are tried again at every start, so a newer version may process them. Messages that only wait in
a spool have been acknowledged to their sender and are never deleted by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from intake.settings import Settings
from intake.storage.blobs import fsync_folder


@dataclass(frozen=True, slots=True)
class Aside:
    """One message that is set aside. ``size``: bytes; ``at``: when it arrived; ``goes_at``: from
    when it may be deleted, None: never."""

    channel: str
    kind: str
    path: Path
    size: int
    at: datetime
    goes_at: datetime | None


def entries(settings: Settings) -> list[Aside]:
    """All messages that are set aside, the oldest first."""
    days = settings.retention.aside_days
    found = []
    for path in (settings.home / "spool").glob("*/aside/*"):
        stamp, kind = path.name.partition("-")[0], path.suffix.removeprefix(".")
        try:
            size, at = path.stat().st_size, datetime.fromtimestamp(int(stamp) / 1e9, UTC)
        except (ValueError, OverflowError, FileNotFoundError):
            continue  # not a file of the spool, or it has just been processed
        goes_at = at + timedelta(days=days) if days else None
        found.append(Aside(path.parents[1].name, kind, path, size, at, goes_at))
    return sorted(found, key=lambda entry: entry.at)


def due(settings: Settings) -> list[Aside]:
    """Those whose time (``[retention] aside_days``) is over."""
    now = datetime.now(UTC)
    return [entry for entry in entries(settings) if entry.goes_at and entry.goes_at < now]


def forget(settings: Settings) -> int:
    """Delete those whose time is over; returns how many."""
    gone = due(settings)
    for entry in gone:
        entry.path.unlink(missing_ok=True)
    for folder in {entry.path.parent for entry in gone}:
        fsync_folder(folder)
    return len(gone)
