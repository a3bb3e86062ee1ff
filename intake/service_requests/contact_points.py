"""Where a request came from: the contact point it belongs to, its recording."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import ContactPoint, Recording, ServiceRequest


async def contact_point(session: AsyncSession, channel: str, address: str) -> int:
    """The id of a contact point, made if new. Two transactions may make it at once."""
    values = {"channel": channel, "address": address}
    # A column that is no key is set to itself: an update of channel or address would wait for every
    # transaction that refers to the row, such as a worker that has locked the conversation and
    # opens a request, while that one waits for us.
    unchanged = {"resident_id": ContactPoint.resident_id}
    statement = (
        insert(ContactPoint)
        .values(values)
        .on_conflict_do_update(index_elements=["channel", "address"], set_=unchanged)
        .returning(ContactPoint.id)
    )
    return (await session.execute(statement)).scalar_one()


async def point_of(session: AsyncSession, contact_point_id: int | None) -> ContactPoint | None:
    """The contact point, if it is still known."""
    return await session.get(ContactPoint, contact_point_id) if contact_point_id else None


async def recording_of(session: AsyncSession, request: ServiceRequest) -> Recording | None:
    """The recording a request came from, if it came by voice."""
    if request.recording_id is None:
        return None
    return await session.get(Recording, request.recording_id)
