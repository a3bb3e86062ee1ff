"""Who looks at which request just now, so that two operators do not work on the same one.

Kept in a table, so that every web process knows; unlogged, because it is worth nothing after a
crash. The database tells all desks when somebody comes or goes (migration 0009).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import Looking, Operator

GONE_AFTER_SECONDS = 40
_RECENT = text(f"looking.seen_at > now() - interval '{GONE_AFTER_SECONDS} seconds'")


async def look(session: AsyncSession, service_request_id: int, operator_id: int) -> None:
    """This operator looks at it; to be said again every 15 seconds for as long as she does."""
    statement = insert(Looking).values(
        service_request_id=service_request_id, operator_id=operator_id
    )
    again = statement.on_conflict_do_update(
        index_elements=["service_request_id", "operator_id"], set_={"seen_at": func.now()}
    )
    await session.execute(again)


async def leave(session: AsyncSession, service_request_id: int, operator_id: int) -> None:
    """She has gone on."""
    await session.execute(
        delete(Looking).where(
            Looking.service_request_id == service_request_id, Looking.operator_id == operator_id
        )
    )


async def at(
    session: AsyncSession, service_request_ids: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    """The names of who looks at these requests, by request, who came first first."""
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
    """Forget who has not said so for a while; the desks are told."""
    old = text(f"seen_at <= now() - interval '{GONE_AFTER_SECONDS} seconds'")
    await session.execute(delete(Looking).where(old))
