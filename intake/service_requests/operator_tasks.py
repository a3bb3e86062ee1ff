"""What people are asked to do, and what they note; all of it beside the life cycle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.service_requests.events import By, check_not_erased, plain, record
from intake.storage.models import OperatorTask, ServiceRequest

CALL_BACK = "call_back"
"""The kind of task that says: ring the resident."""


async def ask_operators(
    session: AsyncSession, request: ServiceRequest, kind: str, sentence: str
) -> None:
    """Leave a task for a person: ring them, look."""
    session.add(OperatorTask(service_request_id=request.id, kind=kind, sentence=sentence))
    await session.flush()


async def called(
    session: AsyncSession,
    request: ServiceRequest,
    outcome: str,
    again_at: datetime | None,
    sentence: str,
    by: By,
) -> None:
    """The resident of a locked request was rung: ``outcome`` is reached, not_reached or again.

    Reached, nobody need ring any more; else a task says ``sentence``, from ``again_at`` on. Its
    version stays.
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


async def note(session: AsyncSession, request: ServiceRequest, text: str, by: By) -> None:
    """What operators tell each other about a locked request; its version stays."""
    check_not_erased(request)
    record(session, request, "noted", By(by.actor, by.who, text))
    await session.flush()


async def remark(
    session: AsyncSession,
    request: ServiceRequest,
    kind: str,
    by: By,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Something beside the life cycle happened to a locked request; its version stays."""
    record(session, request, kind, by, changes=dict(changes) if changes else None)
    await session.flush()
