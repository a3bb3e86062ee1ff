"""Operators' tasks, such as calling a resident back: list them, finish one, or postpone it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.errors import BadField, MoveNotAllowed, NotFound
from intake.lifecycle import Actor
from intake.pipeline import notify
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.models import Operator, OperatorTask, ServiceRequest
from intake.web.api import schemas
from intake.web.auth import CurrentOperator, CurrentParts, log_access

router = APIRouter(prefix="/api/tasks", tags=["operators"])
RINGS_HER = frozenset({service_requests.CALL_BACK, "tell_failed", "low_rating", "alarm_unanswered"})
AFTERNOON, MORNING = (15, 0), (9, 30)  # of the residents' clock


class Done(schemas.Strict):
    """``outcome``: the resident was reached, or the task is done otherwise."""

    outcome: Literal["reached", "done"] = "done"
    note: str | None = Field(None, max_length=500)


class Again(schemas.Strict):
    """Nobody answered: try again ``at`` a time, or at one that has a name."""

    at: AwareDatetime | None = None
    when: Literal["hour", "afternoon", "tomorrow"] | None = None
    note: str | None = Field(None, max_length=500)

    @model_validator(mode="after")
    def _one(self) -> Again:
        if (self.at is None) == (self.when is None):
            raise ValueError("give either at or when")
        return self


@router.get("", summary="List tasks in the order in which they are due")
async def list_tasks(
    parts: CurrentParts,
    operator: CurrentOperator,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> list[dict[str, Any]]:
    """Each with the phone number, masked, and what to tell the resident."""
    async with parts.sessions.begin() as session:
        rows = await open_tasks(session, parts, limit)
        await log_access(session, operator, "tasks")
    return [{**row, "phone": schemas.masked(row["phone"])} for row in rows]


async def open_tasks(session: AsyncSession, parts: Parts, limit: int) -> list[dict[str, Any]]:
    """Open tasks in the order in which they are due. ``say``: what to tell the resident, in the
    resident's language."""
    now = datetime.now(UTC)
    rows = await session.execute(
        select(OperatorTask, ServiceRequest)
        .outerjoin(ServiceRequest, ServiceRequest.id == OperatorTask.service_request_id)
        .where(OperatorTask.done_at.is_(None))
        .order_by(OperatorTask.due_at.asc().nulls_first(), OperatorTask.id)
        .limit(limit)
    )
    found = []
    for task, request in rows.all():
        hers = request is not None and task.kind in RINGS_HER
        said = await notify.sentence(session, request, parts) if hers else None
        found.append(
            {
                "id": task.id,
                "kind": task.kind,
                "sentence": task.sentence,
                "due_at": task.due_at,
                "due": task.due_at is None or task.due_at <= now,
                "tries": task.tries,
                "created_at": task.created_at,
                "tracking_number": request.tracking_number if request else None,
                "person": request.person if request else None,
                "place": request.place if request else None,
                "unit": request.unit if request else None,
                "phone": request.phone if hers else None,
                "language": request.language if request else None,
                "say": said[1] if said else None,
            }
        )
    return found


@router.post("/{task_id}/done", summary="Finish a task")
async def done(
    parts: CurrentParts, operator: CurrentOperator, task_id: int, body: Done
) -> dict[str, Any]:
    """The task leaves the list; the request's history says who did it."""
    async with parts.sessions.begin() as session:
        task, request = await _lock(session, task_id)
        task.done_at, task.done_by = datetime.now(UTC), operator.name
        task.outcome = body.outcome
        changes = {"task": task.kind, "outcome": body.outcome}
        return await _write_down(session, operator, task, request, "task_done", changes, body.note)


@router.post("/{task_id}/again", summary="Postpone a task because nobody was reached")
async def again(
    parts: CurrentParts, operator: CurrentOperator, task_id: int, body: Again
) -> dict[str, Any]:
    """The task stays on the list and is due at the new time."""
    if body.at is not None and not soon(body.at, datetime.now(UTC)):
        raise BadField("at must lie within a year from now.", field="at")
    async with parts.sessions.begin() as session:
        task, request = await _lock(session, task_id)
        task.due_at = body.at or named_time(
            body.when or "hour", datetime.now(UTC), parts.settings.zone
        )
        task.tries += 1
        changes = {"task": task.kind, "again_at": task.due_at.isoformat()}
        return await _write_down(session, operator, task, request, "task_again", changes, body.note)


def soon(at: datetime, now: datetime) -> bool:
    """May a task be due then? From an hour ago to a year from now."""
    return -3600 <= (at - now).total_seconds() <= 366 * 86_400


def named_time(when: str, now: datetime, zone: ZoneInfo) -> datetime:
    """In an hour; the next 15:00; 9:30 tomorrow."""
    local = now.astimezone(zone)
    if when == "hour":
        return now + timedelta(hours=1)
    hour, minute = AFTERNOON if when == "afternoon" else MORNING
    at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if when == "tomorrow" or at <= local:
        at += timedelta(days=1)
    return at.astimezone(UTC)


async def _lock(session: AsyncSession, task_id: int) -> tuple[OperatorTask, ServiceRequest | None]:
    """Lock the request's row, then the task's: the order of all who lock both."""
    task_id = max(0, min(task_id, 2**62))
    known = await session.get(OperatorTask, task_id)
    request = None
    if known is not None and known.service_request_id is not None:
        request = await service_requests.lock(session, known.service_request_id)
    task = await session.get(OperatorTask, task_id, with_for_update=True, populate_existing=True)
    if task is None:
        raise NotFound("There is no such task.")
    if task.done_at is not None:
        raise MoveNotAllowed(f"{task.done_by or '–'} has finished this task already.")
    return task, request


async def _write_down(
    session: AsyncSession,
    operator: Operator,
    task: OperatorTask,
    request: ServiceRequest | None,
    kind: str,
    changes: dict[str, Any],
    note: str | None,
) -> dict[str, Any]:
    if "\x00" in (note or ""):
        raise BadField("note must not contain a NUL byte.", field="note")
    if request is not None:
        by = Author(Actor.OPERATOR, operator.name, note)
        await service_requests.remark(session, request, kind, by, changes)
    await log_access(session, operator, kind, request)
    await session.flush()
    return {"id": task.id, "due_at": task.due_at, "done_at": task.done_at, "tries": task.tries}
