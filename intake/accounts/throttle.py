"""Limits on guessing passwords: wrong ones are counted by name and by network, and each further
one makes the next try wait longer. Tries from where a name was signed in before are counted apart
from all others.

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

from intake.storage.models import KnownSignIn, SignInTries

FREE_BY_NAME = 5
FREE_BY_NETWORK = 30
FIRST_WAIT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 600.0
FORGOTTEN_AFTER = timedelta(hours=1)
KNOWN_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys under which a try is counted; keyed hashes, since people type passwords into the
    name field.

    ``own``: of the name with this browser (if it brought a cookie), then with this network.
    """

    name: bytes
    network: bytes
    own: tuple[bytes, ...]


def keys(secret: str, name: str, network: str, browser: str | None = None) -> Keys:
    """The keys of one try. ``network``: the result of `intake.network.addresses.counted_as`.
    ``browser``: the random text of its cookie."""
    own = [("name, network", f"{name}\n{network}")]
    if browser:
        own.insert(0, ("name, browser", f"{name}\n{browser}"))
    return Keys(
        _key(secret, "name", name),
        _key(secret, "network", network),
        tuple(_key(secret, kind, text) for kind, text in own),
    )


def wait_seconds(failures: int, free: int) -> float:
    """Seconds that the next try must wait after ``failures`` wrong ones; doubles from the
    ``free``-th on, from `FIRST_WAIT_SECONDS` to `LONGEST_WAIT_SECONDS`."""
    if failures < free:
        return 0.0
    doublings = min(failures - free, 30)
    return min(FIRST_WAIT_SECONDS * 2.0**doublings, LONGEST_WAIT_SECONDS)


async def begin(session: AsyncSession, tried: Keys) -> float:
    """Count a try and return 0.0; or, if it is too early, return the seconds to wait, uncounted.

    From a browser or network that the name was signed in from, only tries from there count: so
    nobody elsewhere can make its owner wait.
    """
    now = datetime.now(UTC)
    known = await _known(session, tried)
    free = {tried.name: FREE_BY_NAME, tried.network: FREE_BY_NETWORK}
    if known is not None:
        free = {known: FREE_BY_NAME}
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
    """After a right password: reset the counts that this try was counted under, reduce the
    network's by one, and know the browser and the network from now on."""
    known = await _known(session, tried)
    # A known browser's right password says nothing about who tries the name elsewhere.
    reset = tried.own if known is not None else (tried.name, *tried.own)
    await session.execute(delete(SignInTries).where(SignInTries.key.in_(reset)))
    if known is None:
        await session.execute(
            update(SignInTries)
            .where(SignInTries.key == tried.network, SignInTries.failures > 0)
            .values(failures=SignInTries.failures - 1, wait_until=datetime.now(UTC))
        )
    rows = [{"key": key, "seen_at": datetime.now(UTC)} for key in sorted(tried.own)]
    upsert = insert(KnownSignIn).values(rows)
    await session.execute(
        upsert.on_conflict_do_update(
            index_elements=[KnownSignIn.key], set_={"seen_at": upsert.excluded.seen_at}
        )
    )


async def forget(session: AsyncSession) -> None:
    """Delete counts older than `FORGOTTEN_AFTER`, which have no effect any more, and what was not
    signed in from for `KNOWN_FOR`."""
    await session.execute(
        delete(KnownSignIn).where(KnownSignIn.seen_at < datetime.now(UTC) - KNOWN_FOR)
    )
    before = datetime.now(UTC) - FORGOTTEN_AFTER
    await session.execute(delete(SignInTries).where(SignInTries.last_at < before))


async def _known(session: AsyncSession, tried: Keys) -> bytes | None:
    """The first of ``tried.own`` from which the name was signed in, None if there is none."""
    found = set(
        await session.scalars(
            select(KnownSignIn.key).where(
                KnownSignIn.key.in_(tried.own),
                KnownSignIn.seen_at >= datetime.now(UTC) - KNOWN_FOR,
            )
        )
    )
    return next((key for key in tried.own if key in found), None)


def _key(secret: str, kind: str, text: str) -> bytes:
    return hmac.digest(secret.encode(), f"sign-in:{kind}:{text}".encode(), hashlib.sha256)
