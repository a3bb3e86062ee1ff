"""Messages that a door took and no handler could read: they lie aside in its spool for a while.

At every start they are tried again, so a newer version may take them. Those that merely wait in a
spool are promised to somebody and never go by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from intake.settings import Settings
from intake.storage.blobs import fsync_folder


@dataclass(frozen=True, slots=True)
class Aside:
    """One message. ``at``: when it came; ``goes_at``: from when it is forgotten, None: never."""

    channel: str
    kind: str
    path: Path
    size: int
    at: datetime
    goes_at: datetime | None


def entries(settings: Settings) -> list[Aside]:
    """All that lie aside, the oldest first."""
    days = settings.retention.aside_days
    found = []
    for path in (settings.home / "spool").glob("*/aside/*"):
        stamp, kind = path.name.partition("-")[0], path.suffix.removeprefix(".")
        try:
            size, at = path.stat().st_size, datetime.fromtimestamp(int(stamp) / 1e9, UTC)
        except (ValueError, OverflowError, FileNotFoundError):
            continue  # none of ours, or tried again just now
        goes_at = at + timedelta(days=days) if days else None
        found.append(Aside(path.parents[1].name, kind, path, size, at, goes_at))
    return sorted(found, key=lambda entry: entry.at)


def due(settings: Settings) -> list[Aside]:
    """Those whose time is over."""
    now = datetime.now(UTC)
    return [entry for entry in entries(settings) if entry.goes_at and entry.goes_at < now]


def forget(settings: Settings) -> int:
    """Delete those whose time is over; how many."""
    gone = due(settings)
    for entry in gone:
        entry.path.unlink(missing_ok=True)
    for folder in {entry.path.parent for entry in gone}:
        fsync_folder(folder)
    return len(gone)
