"""What every change of a request needs: its author, a lock on the row, an event in the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import MoveNotAllowed, NotFound, StaleVersion
from intake.lifecycle import Actor
from intake.storage.models import Event, ServiceRequest


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a change, and why; stored in its event."""

    actor: Actor
    who: str | None = None
    why: str | None = None


async def lock(
    session: AsyncSession, service_request_id: int, *, version: int | None = None
) -> ServiceRequest:
    """Lock the row for writing. Raises `NotFound`, and `StaleVersion` if ``version`` is not its
    version any more."""
    # This session may have read the row before it had the lock.
    request = await session.get(
        ServiceRequest, service_request_id, with_for_update=True, populate_existing=True
    )
    if request is None:
        raise NotFound("There is no such service request.")
    if version is not None and request.version != version:
        raise StaleVersion(
            f"It was changed in between (version {request.version} now, you saw {version});"
            " look at the current state and decide again.",
            current=request,
        )
    return request


def check_not_erased(request: ServiceRequest) -> None:
    """Reject writes to an erased request. Raises `MoveNotAllowed`."""
    if request.erased_at is not None:
        raise MoveNotAllowed("It was erased; there is nothing left to work on.")


def record(
    session: AsyncSession,
    request: ServiceRequest,
    kind: str,
    by: Author,
    *,
    to: str | None = None,
    from_status: str | None = None,
    changes: dict[str, Any] | None = None,
) -> None:
    """Add an event, with the version that the request has by now."""
    session.add(
        Event(
            service_request_id=request.id,
            kind=kind,
            from_status=from_status,
            to_status=to,
            actor=by.actor.value,
            who=by.who,
            why=by.why,
            changes=changes,
            version=request.version,
        )
    )


def plain(value: Any) -> Any:
    """The value as JSON can hold it; a time in ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else value
