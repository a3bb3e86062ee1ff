"""Tasks and notes of operators; none of them changes the status of a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.service_requests.events import Author, check_not_erased, plain, record
from intake.storage.models import OperatorTask, ServiceRequest

CALL_BACK = "call_back"
"""The kind of task that says: ring the resident."""


async def ask_operators(
    session: AsyncSession, request: ServiceRequest, kind: str, sentence: str
) -> None:
    """Add a task for an operator; ``sentence`` says what is to be done."""
    session.add(OperatorTask(service_request_id=request.id, kind=kind, sentence=sentence))
    await session.flush()


async def called(
    session: AsyncSession,
    request: ServiceRequest,
    outcome: str,
    again_at: datetime | None,
    sentence: str,
    by: Author,
) -> None:
    """An operator rang the resident of a locked request: ``outcome`` is reached, not_reached or
    again.

    All tasks to ring the resident are done then. If the resident was not reached there is a new one
    with ``sentence``, due at ``again_at``. The request's version stays.
    """
    check_not_erased(request)
    changes = {"outcome": outcome, "again_at": plain(again_at)}
    record(session, request, "called", by, changes=changes)
    waiting = await session.scalars(
        select(OperatorTask)
        .where(
            OperatorTask.service_request_id == request.id,
            OperatorTask.kind == CALL_BACK,
            OperatorTask.done_at.is_(None),
        )
        .with_for_update()
    )
    for task in waiting:
        task.done_at, task.done_by = datetime.now(UTC), by.who
    if outcome != "reached":
        session.add(
            OperatorTask(
                service_request_id=request.id, kind=CALL_BACK, sentence=sentence, due_at=again_at
            )
        )
    await session.flush()


async def note(session: AsyncSession, request: ServiceRequest, text: str, by: Author) -> None:
    """Store what an operator tells the others about a locked request; its version stays."""
    check_not_erased(request)
    record(session, request, "noted", Author(by.actor, by.who, text))
    await session.flush()


async def remark(
    session: AsyncSession,
    request: ServiceRequest,
    kind: str,
    by: Author,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Add an event to a locked request; its status and version stay."""
    record(session, request, kind, by, changes=dict(changes) if changes else None)
    await session.flush()
