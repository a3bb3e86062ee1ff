"""Households and their links: a resident who uses one need not give name, place and phone.

The link's token is signed and names the household and the link's version. A new link, or revoking
the link, ends the earlier ones. Looking up a token takes the same steps whether it is valid, forged
or of a household that was deleted, so that the time taken tells nothing.
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
LINK_LIVES = timedelta(days=3650)  # it is printed for the fridge; operators can revoke it
DETAILS = ("name", "place", "unit", "phone", "language", "resident_group", "area")


class LinkRevoked(NotFound):
    """A link that was valid, and was revoked by operators or has expired after ten years."""

    default_code = "link_revoked"


def facts(household: Household | None) -> dict[str, str]:
    """What the household's row tells about its residents, as fields of a request: person, place,
    unit, phone; only those that are known."""
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
    """The row, unlocked: for reading only. Raises `NotFound`."""
    found = await session.get(Household, max(0, min(household_id, 2**62)))
    if found is None:
        raise NotFound("There is no such household.")
    return found


async def lock(session: AsyncSession, household_id: int) -> Household:
    """The row, locked for writing. Raises `NotFound`."""
    found = await session.get(
        Household, max(0, min(household_id, 2**62)), with_for_update=True, populate_existing=True
    )
    if found is None:
        raise NotFound("There is no such household.")
    return found


async def make_link(
    session: AsyncSession, household: Household, secret: str, *, end_earlier: bool
) -> str:
    """A token of a locked household's link.

    ``end_earlier``: revoke the present link first; without it the present link stays valid beside
    the new token. Raises `MoveNotAllowed` for a household that is being erased.
    """
    if household.erasing is not None:
        raise MoveNotAllowed("This household is being erased.", code="being_erased")
    if end_earlier or not has_link(household):
        household.link_version += 1
        household.link_revoked_at = None
    await session.flush()
    return _sign(household, secret)


def _sign(household: Household, secret: str) -> str:
    subject = f"{household.id}:{household.link_version}"
    return sign_link(secret, PURPOSE, subject, datetime.now(UTC) + LINK_LIVES)


def has_link(household: Household) -> bool:
    """Has the household a valid link?"""
    return household.link_version > 0 and household.link_revoked_at is None


def present_link(household: Household, secret: str) -> str:
    """Another token of the valid link. Raises `MoveNotAllowed` if there is none."""
    if not has_link(household):
        raise MoveNotAllowed("This household has no link; make one first.")
    return _sign(household, secret)


async def end_link(session: AsyncSession, household: Household) -> None:
    """Revoke all links of a locked household."""
    if has_link(household):
        household.link_revoked_at = datetime.now(UTC)
    await session.flush()


async def of_link(session: AsyncSession, secrets: Sequence[str], token: str) -> Household:
    """The household of a link's token. Raises `NotFound`, or `LinkRevoked` for one that ended."""
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
    """The household of the token that was sent with a recording; None if there is no valid one."""
    if not token:
        return None
    try:
        return await of_link(session, secrets, token)
    except NotFound:
        return None
