"""Failed work: list it by kind, retry one item or all of a kind, or give one up."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from intake.errors import BadField, HuyingError
from intake.lifecycle import Actor
from intake.pipeline import failures
from intake.privacy import dead_letters
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.models import Operator
from intake.web.api import schemas
from intake.web.auth import CurrentOperator, CurrentParts, log_access

router = APIRouter(prefix="/api/failures", tags=["operators"])


@router.get("", summary="List what failed in spite of all tries, by kind")
async def list_failures(
    parts: CurrentParts, operator: CurrentOperator
) -> dict[str, list[dict[str, Any]]]:
    """The latest of each kind: delivery, alarm, message, recording, job. ``aside``: messages that
    could not be parsed; each start of the server tries them again."""
    async with parts.sessions.begin() as session:
        found = {kind: await failures.all_of(session, kind) for kind in failures.KINDS}
        await log_access(session, operator, "failures")
    lying = await asyncio.to_thread(dead_letters.entries, parts.settings)
    names = ("channel", "kind", "size", "at", "goes_at")
    return {
        **{kind: [asdict(failure) for failure in rows] for kind, rows in found.items()},
        "aside": [{name: getattr(entry, name) for name in names} for entry in lying],
    }


@router.post("/{kind}/retry", summary="Retry all of a kind")
async def retry_all(parts: CurrentParts, operator: CurrentOperator, kind: str) -> dict[str, int]:
    """Answers how many are retried, and how many could not be."""
    async with parts.sessions.begin() as session:
        rows = await failures.all_of(session, kind)
        await log_access(session, operator, f"failures {kind}: retry"[:64])
    again = refused = 0
    for row in rows:
        try:
            await _act(parts, operator, kind, row.id, "retry", None)
            again += 1
        except HuyingError:  # it went on meanwhile, or is retried together with another of these
            refused += 1
    return {"again": again, "refused": refused}


@router.post("/{kind}/{failure_id}/retry", summary="Retry one")
async def retry(
    parts: CurrentParts, operator: CurrentOperator, kind: str, failure_id: int
) -> dict[str, Any]:
    """It gets as many tries as it had at first."""
    return await _act(parts, operator, kind, failure_id, "retry", None)


@router.post("/{kind}/{failure_id}/give-up", summary="Give one up, with a reason")
async def give_up(
    parts: CurrentParts, operator: CurrentOperator, kind: str, failure_id: int, body: schemas.Reject
) -> dict[str, Any]:
    """The reason is kept in the request's history."""
    if "\x00" in body.why:
        raise BadField("why must not contain a NUL byte.", field="why")
    return await _act(parts, operator, kind, failure_id, "give_up", body.why)


async def _act(
    parts: Parts, operator: Operator, kind: str, failure_id: int, action: str, why: str | None
) -> dict[str, Any]:
    by = Author(Actor.OPERATOR, operator.name, why)
    act = failures.retry if action == "retry" else failures.give_up
    async with parts.sessions.begin() as session:
        request = await act(session, kind, failure_id, by)
        await log_access(session, operator, f"failure {kind}: {action}"[:64], request)
        return {"tracking_number": request.tracking_number if request else None}
