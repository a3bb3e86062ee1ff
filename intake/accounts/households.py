"""Homes that have a link of their own: whoever opens it needn't say who and where she is.

The link's token is signed and names the household and the link's version. A new link, or taking
the link back, ends the earlier ones. Finding what a token stands for takes the same steps whether
it is good, forged or for a home that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed, NotAllowed, NotFound
from intake.network.signing import check_link, sign_link
from intake.storage.models import Household

PURPOSE = "household"
TOKEN_LENGTH = 512
LINK_LIVES = timedelta(days=3650)  # it hangs on a fridge; operators take it back
DETAILS = ("name", "place", "unit", "phone", "language", "resident_group", "area")


class LinkRevoked(NotFound):
    """It was ours, and operators have taken it back (or it is ten years old)."""

    default_code = "link_revoked"


def facts(household: Household | None) -> dict[str, str]:
    """What the home says of who calls, by the names of a request's fields; only what is known."""
    if household is None:
        return {}
    known = {
        "person": household.name,
        "place": household.place,
        "unit": household.unit,
        "phone": household.phone,
    }
    return {name: value for name, value in known.items() if value}


async def save(
    session: AsyncSession, household_id: int | None, details: Mapping[str, Any]
) -> Household:
    """Make a household, or change the details that are given. Raises `NotFound`."""
    household = Household() if household_id is None else await lock(session, household_id)
    for name in DETAILS:
        if name in details:
            setattr(household, name, details[name])
    session.add(household)
    await session.flush()
    return household


async def find(session: AsyncSession, household_id: int) -> Household:
    """The row, to be read only. Raises `NotFound`."""
    found = await session.get(Household, max(0, min(household_id, 2**62)))
    if found is None:
        raise NotFound("There is no such household.")
    return found


async def lock(session: AsyncSession, household_id: int) -> Household:
    """Take the row for writing. Raises `NotFound`."""
    found = await session.get(
        Household, max(0, min(household_id, 2**62)), with_for_update=True, populate_existing=True
    )
    if found is None:
        raise NotFound("There is no such household.")
    return found


async def make_link(
    session: AsyncSession, household: Household, secret: str, *, end_earlier: bool
) -> str:
    """The token of a locked household's link. Without ``end_earlier`` a link that is good stays
    good, and the new token is worth the same. Raises `MoveNotAllowed` for a home that is being
    erased."""
    if household.erasing is not None:
        raise MoveNotAllowed("This home is being erased.", code="being_erased")
    if end_earlier or not has_link(household):
        household.link_version += 1
        household.link_revoked_at = None
    await session.flush()
    return _sign(household, secret)


def _sign(household: Household, secret: str) -> str:
    subject = f"{household.id}:{household.link_version}"
    return sign_link(secret, PURPOSE, subject, datetime.now(UTC) + LINK_LIVES)


def has_link(household: Household) -> bool:
    """Is there a link that works?"""
    return household.link_version > 0 and household.link_revoked_at is None


def present_link(household: Household, secret: str) -> str:
    """A token that is worth the same as the link that works. Raises `MoveNotAllowed`."""
    if not has_link(household):
        raise MoveNotAllowed("This home has no link; make one first.")
    return _sign(household, secret)


async def end_link(session: AsyncSession, household: Household) -> None:
    """All links of a locked household end now."""
    if has_link(household):
        household.link_revoked_at = datetime.now(UTC)
    await session.flush()


async def of_link(session: AsyncSession, secrets: Sequence[str], token: str) -> Household:
    """The household of a link. Raises `NotFound`, or `LinkRevoked` for one that has ended."""
    subject, good = "0:0", False
    if len(token) <= TOKEN_LENGTH:
        try:
            subject, good = check_link(secrets, PURPOSE, token, datetime.now(UTC)), True
        except NotAllowed as error:
            subject = error.details.get("subject", subject)
    number, _, version = subject.partition(":")
    found = await session.scalar(select(Household).where(Household.id == int(number)))
    if found is None or (not good and subject == "0:0"):
        raise NotFound("There is no such link; ask for a new one.")
    if not good or found.link_revoked_at is not None or found.link_version != int(version):
        raise LinkRevoked("This link does not work any more; ask for a new one.")
    return found


async def by_link(
    session: AsyncSession, secrets: Sequence[str], token: str | None
) -> Household | None:
    """The household of a link that came with a recording; None where it is good for nothing."""
    if not token:
        return None
    try:
        return await of_link(session, secrets, token)
    except NotFound:
        return None
