"""Whether it is safe to delete by the clock: a clock that is wrong must not erase a house.

Time is counted from what the database saw last, and not from the clock alone; and more than an
ordinary share of a kind is deleted only when a person says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

QUIET = timedelta(days=14)
"""A house in which nothing has happened for longer may be one whose clock is ahead: no time beyond
its last event plus this counts."""
FUTURE = timedelta(hours=1)
"""How far ahead of the clock the last event may be; further, and the clock went back."""
SHARE = 0.5
FEW = 20
"""More than this share of a kind, and more rows than this, are deleted only with agreement: what
is due each hour is a day's worth at most."""


@dataclass(frozen=True, slots=True)
class Clock:
    """``now``: the moment that counts for what is due (aware). ``doubt``: why the system's clock is
    not believed, in one sentence; None where it is."""

    now: datetime
    doubt: str | None = None


async def read_clock(session: AsyncSession, now: datetime | None = None) -> Clock:
    """The system's clock (or ``now``), held against the newest rows of the database."""
    now = now or datetime.now(UTC)
    last = await session.scalar(_NEWEST)
    if last is None or last - FUTURE <= now <= last + QUIET:
        return Clock(now)
    if now > last + QUIET:
        return Clock(
            last + QUIET,
            f"the clock says {now:%Y-%m-%d}, the last that happened here was {last:%Y-%m-%d}",
        )
    return Clock(
        now, f"the clock says {now:%Y-%m-%d %H:%M}, and something happened at {last:%Y-%m-%d %H:%M}"
    )


def unusual(due: Mapping[str, tuple[int, int]]) -> list[str]:
    """The kinds of which an unusual share would be deleted; ``due``: (due, all) rows by kind."""
    return [name for name, (count, of) in due.items() if count > FEW and count > SHARE * max(of, 1)]


_NEWEST = text(
    "SELECT greatest("
    " (SELECT max(created_at) FROM events),"
    " (SELECT max(created_at) FROM messages),"
    " (SELECT max(created_at) FROM access_log))"
)
