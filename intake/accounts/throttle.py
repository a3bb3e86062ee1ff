"""Limits on guessing passwords: wrong ones are counted by name and by network, and each further
one makes the next try wait longer.

The counts are in the database: they apply to all web processes and survive restarts. A try is
counted before its password is checked, so that a hundred at once count as a hundred.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import SignInTries

FREE_BY_NAME = 5
FREE_BY_NETWORK = 30
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 600.0
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys under which a try is counted; keyed hashes, since people type passwords into the
    name field."""

    name: bytes
    network: bytes


def keys(secret: str, name: str, network: str) -> Keys:
    """The keys of one try. ``network``: the result of `intake.network.addresses.counted_as`."""
    return Keys(_key(secret, "name", name), _key(secret, "network", network))


def wait_seconds(failures: int, free: int) -> float:
    """Seconds that the next try must wait after ``failures`` wrong ones; doubles from the
    ``free``-th on, from `FIRST_WAIT_SECONDS` to `LONGEST_WAIT_SECONDS`."""
    if failures < free:
        return 0.0
    doublings = min(failures - free, 30)
    return min(FIRST_WAIT_SECONDS * 2.0**doublings, LONGEST_WAIT_SECONDS)


async def begin(session: AsyncSession, tried: Keys) -> float:
    """Count a try and return 0.0; or, if it is too early, return the seconds to wait, uncounted."""
    now = datetime.now(UTC)
    free = {tried.name: FREE_BY_NAME, tried.network: FREE_BY_NETWORK}
    # Sorted, so that two tries at once lock the rows in the same order and can't deadlock.
    rows = [{"key": key, "last_at": now, "wait_until": now} for key in sorted(free)]
    await session.execute(insert(SignInTries).values(rows).on_conflict_do_nothing())
    found = (
        await session.scalars(
            select(SignInTries)
            .where(SignInTries.key.in_(free))
            .order_by(SignInTries.key)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).all()
    wait = max((row.wait_until - now).total_seconds() for row in found)
    if wait > 0:
        return wait
    for row in found:
        if row.last_at < now - FORGOTTEN_AFTER:
            row.failures = 0
        row.failures, row.last_at = row.failures + 1, now
        pause = wait_seconds(row.failures, free[row.key])
        row.wait_until = now + timedelta(seconds=pause)
    return 0.0


async def was_right(session: AsyncSession, tried: Keys) -> None:
    """After a right password: reset the name's count, reduce the network's by one."""
    await session.execute(delete(SignInTries).where(SignInTries.key == tried.name))
    await session.execute(
        update(SignInTries)
        .where(SignInTries.key == tried.network, SignInTries.failures > 0)
        .values(failures=SignInTries.failures - 1, wait_until=datetime.now(UTC))
    )


async def forget(session: AsyncSession) -> None:
    """Delete counts older than `FORGOTTEN_AFTER`, which have no effect any more."""
    before = datetime.now(UTC) - FORGOTTEN_AFTER
    await session.execute(delete(SignInTries).where(SignInTries.last_at < before))


def _key(secret: str, kind: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), f"sign-in:{kind}:{text}".encode(), hashlib.sha256)
