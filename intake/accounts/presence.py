"""Which operators have which request open, so that two do not work on the same one.

Stored in a table, so that every web process knows; unlogged, because it need not survive a crash.
The database notifies all open desks of every change (migration 0009).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import Looking, Operator

GONE_AFTER_SECONDS = 40
_RECENT = text(f"looking.seen_at > now() - interval '{GONE_AFTER_SECONDS} seconds'")


async def enter(session: AsyncSession, service_request_id: int, operator_id: int) -> None:
    """Note that an operator has a request open; to be repeated every 15 seconds while it is."""
    statement = insert(Looking).values(
        service_request_id=service_request_id, operator_id=operator_id
    )
    again = statement.on_conflict_do_update(
        index_elements=["service_request_id", "operator_id"], set_={"seen_at": func.now()}
    )
    await session.execute(again)


async def leave(session: AsyncSession, service_request_id: int, operator_id: int) -> None:
    """Note that an operator has closed a request."""
    await session.execute(
        delete(Looking).where(
            Looking.service_request_id == service_request_id, Looking.operator_id == operator_id
        )
    )


async def at(
    session: AsyncSession, service_request_ids: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """Request id → the names of operators who have it open, in the order of opening it."""
    statement = (
        select(Looking.service_request_id, Operator.name)
        .join(Operator, Operator.id == Looking.operator_id)
        .where(Looking.service_request_id.in_(service_request_ids), _RECENT)
        .order_by(Looking.since, Operator.id)
    )
    found: dict[int, tuple[str, ...]] = {}
    for number, name in (await session.execute(statement)).all():
        found[number] = (*found.get(number, ()), name)
    return found


async def sweep(session: AsyncSession) -> None:
    """Delete entries that were not repeated for `GONE_AFTER_SECONDS`; the desks are notified."""
    old = text(f"seen_at <= now() - interval '{GONE_AFTER_SECONDS} seconds'")
    await session.execute(delete(Looking).where(old))
