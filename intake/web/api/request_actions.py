"""What operators do to a request: correct, confirm, hold, reject, cancel, merge, split, note, call.

Every write takes ``If-Match`` and answers with the new state; a write with an old version gets 412
with the current state. Every change is kept in the access log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, Field
from sqlalchemy import select

from intake import service_requests
from intake.errors import BadField, StaleVersion
from intake.lifecycle import Actor, Status
from intake.locale import say
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.models import Delivery, Operator, ServiceRequest
from intake.web.api import request_detail, schemas
from intake.web.api.tasks import soon
from intake.web.auth import CurrentOperator, CurrentParts, SeenVersion, by_number, log_access

router = APIRouter(prefix="/api/requests", tags=["operators"])
Act = Callable[[Any, ServiceRequest], Awaitable[None]]


@router.patch("/{number}", summary="Correct fields")
async def correct(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Correction,
) -> JSONResponse:
    """A corrected field is never overwritten by the software. A backend that has the request is
    told."""
    changes = body.model_dump(exclude_unset=True, exclude={"why"})
    if not changes:
        raise BadField("Name at least one field to correct.")
    check_changes(parts, changes)

    async def act(session: Any, request: ServiceRequest) -> None:
        start = changes.get("when_start", request.when_start)
        end = changes.get("when_end", request.when_end)
        if start and end and end < start:
            raise BadField("when_end must not be before when_start.", field="when_end")
        await service_requests.correct(session, request, changes, _by(operator, body.why), parts)

    return await change(parts, operator, number, version, "correct", act)


@router.post("/{number}/confirm", summary="Confirm, so that it is routed")
async def confirm(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Confirm,
) -> JSONResponse:
    """With ``backend`` the request goes there, whatever the routing rules say; without, where the
    rules say, even if it was sent elsewhere before."""
    if body.backend is not None and body.backend not in parts.backends:
        known = ", ".join(sorted(parts.backends))
        raise BadField(f"There is no backend {body.backend!r}; there are {known}.", field="backend")

    async def act(session: Any, request: ServiceRequest) -> None:
        request.route_to = body.backend
        request.decided_by = operator.name
        request.reasons = []
        request.on_hold_until = None
        await service_requests.advance(session, request, Status.CONFIRMED, _by(operator, body.why))

    return await change(parts, operator, number, version, "confirm", act)


@router.post("/{number}/hold", summary="Put on hold until a time, or end the hold")
async def hold(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Hold,
) -> JSONResponse:
    """``until`` null ends the hold."""
    if body.until is not None and not soon(body.until, datetime.now(UTC)):
        raise BadField("until must lie within a year from now.", field="until")

    async def act(session: Any, request: ServiceRequest) -> None:
        await service_requests.hold(session, request, body.until, _by(operator, body.why))

    return await change(parts, operator, number, version, "hold", act)


@router.post("/{number}/reject", summary="Reject with a reason that the resident hears")
async def reject(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Reject,
) -> JSONResponse:
    """Who rejected it, and why, is kept in its history."""

    async def act(session: Any, request: ServiceRequest) -> None:
        request.rejected_because = body.why
        await service_requests.advance(session, request, Status.REJECTED, _by(operator, body.why))

    return await change(parts, operator, number, version, "reject", act)


@router.post("/{number}/cancel", summary="Cancel on the resident's wish")
async def cancel(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Why,
) -> JSONResponse:
    """A backend that has the request is told."""
    return await _move(parts, operator, number, version, "cancel", Status.CANCELLED, body)


@router.post("/{number}/done", summary="Mark as done")
async def done(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Why,
) -> JSONResponse:
    """For work whose backend does not report."""
    return await _move(parts, operator, number, version, "done", Status.DONE, body)


@router.post("/{number}/close", summary="Close what is done")
async def close(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Why,
) -> JSONResponse:
    """For a request whose resident agreed that it is done."""
    return await _move(parts, operator, number, version, "close", Status.CLOSED, body)


@router.post("/{number}/reopen", summary="Undo a merge, a rejection, a cancellation")
async def reopen(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Why,
) -> JSONResponse:
    """The request goes back to review; also one whose backend can't do it."""

    async def act(session: Any, request: ServiceRequest) -> None:
        await service_requests.reopen(session, request, _by(operator, body.why))

    return await change(parts, operator, number, version, "reopen", act)


@router.post("/{number}/merge", summary="Merge it into another request")
async def merge(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Merge,
) -> JSONResponse:
    """To be undone with ``reopen``."""

    async def act(session: Any, request: ServiceRequest) -> None:
        other = await by_number(session, body.into)
        other = await service_requests.lock(session, other.id)
        await service_requests.merge(session, request, other, _by(operator, body.why))

    return await change(parts, operator, number, version, "merge", act)


@router.post("/{number}/split", summary="Split off a second request for another need")
async def split(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Split,
) -> JSONResponse:
    """The answer is the first request; its ``events`` name the number of the new one."""
    fields = body.model_dump(exclude_unset=True, exclude={"why"})
    check_changes(parts, fields)

    async def act(session: Any, request: ServiceRequest) -> None:
        await service_requests.split(session, request, fields, _by(operator, body.why), parts)

    return await change(parts, operator, number, version, "split", act)


@router.post("/{number}/retry", summary="Send failed updates to the backend again")
async def retry(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: schemas.Why,
) -> JSONResponse:
    """For updates only: a request that waits in review after a failed delivery is confirmed
    instead."""

    async def act(session: Any, request: ServiceRequest) -> None:
        failed = await session.scalars(
            select(Delivery)
            .where(
                Delivery.service_request_id == request.id,
                Delivery.status == "failed",
                Delivery.kind != "submit",
            )
            .with_for_update()
        )
        for delivery in failed.all():
            await service_requests.send_again(session, delivery)

    return await change(parts, operator, number, version, "retry", act)


def check_changes(parts: Parts, changes: dict[str, Any]) -> None:
    """Raises `BadField` for a value that can't be stored: a category that the catalogue lacks, an
    empty urgency, a NUL byte, a year outside 2000 to 2199."""
    category = changes.get("category")
    if category is not None and category not in parts.catalogue.codes:
        raise BadField(f"There is no category {category!r} in the catalogue.", field="category")
    if "urgency" in changes and changes["urgency"] is None:
        raise BadField("urgency must not be empty.", field="urgency")
    for name, value in changes.items():
        if isinstance(value, str) and "\x00" in value:
            raise BadField(f"{name} must not contain a NUL byte.", field=name)
        if isinstance(value, datetime) and not 2000 <= value.year < 2200:
            raise BadField(f"{name} must be between 2000 and 2199.", field=name)


async def change(
    parts: Parts, operator: Operator, number: str, version: int, action: str, act: Act
) -> JSONResponse:
    """Lock the request, act, log, and answer with its new state; an old version gets 412 with the
    current state."""
    status = 200
    extra: dict[str, Any] = {}
    async with parts.sessions.begin() as session:
        found = await by_number(session, number)
        try:
            request = await service_requests.lock(session, found.id, version=version)
            await act(session, request)
        except StaleVersion as error:
            request, status = found, error.http_status
            extra = {"code": error.code, "title": error.sentence, "status": status}
            await session.refresh(request)
        await log_access(session, operator, action, request)
        await session.flush()
        body = (await request_detail.of(session, request, parts)).model_dump(mode="json")
    headers = {"ETag": f'"{body["version"]}"'}
    if status != 200:
        body = {"type": "urn:huying:problem:stale_version", **extra, "current": body}
        return JSONResponse(body, status, headers, media_type="application/problem+json")
    return JSONResponse(body, status, headers)


async def _move(
    parts: Parts,
    operator: Operator,
    number: str,
    version: int,
    action: str,
    to: Status,
    body: schemas.Why,
) -> JSONResponse:
    async def act(session: Any, request: ServiceRequest) -> None:
        await service_requests.advance(session, request, to, _by(operator, body.why))

    return await change(parts, operator, number, version, action, act)


def _by(operator: Operator, why: str | None) -> Author:
    return Author(Actor.OPERATOR, operator.name, why)


OUTCOMES = Literal["reached", "not_reached", "again"]


class Noted(schemas.Strict):
    """A note for other operators."""

    text: str = Field(min_length=1, max_length=2000)


class Called(schemas.Strict):
    """How a call to the resident went. ``again_at``: call again from then on."""

    outcome: OUTCOMES
    again_at: AwareDatetime | None = None
    note: str | None = Field(None, max_length=500)


@router.post("/{number}/notes", summary="Leave a note for other operators", status_code=201)
async def note(
    parts: CurrentParts, operator: CurrentOperator, number: str, body: Noted
) -> dict[str, Any]:
    """The note is kept in the history. The version stays, so that nobody's changes are refused."""
    _no_nul("text", body.text)
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_number(session, number)).id)
        await service_requests.note(
            session, request, body.text, Author(Actor.OPERATOR, operator.name)
        )
        await log_access(session, operator, "note", request)
    return {"who": operator.name, "text": body.text}


@router.post("/{number}/calls", summary="Report a call to the resident", status_code=201)
async def call(
    parts: CurrentParts, operator: CurrentOperator, number: str, body: Called
) -> dict[str, Any]:
    """Once the resident was reached, tasks to call are done. Otherwise one is due ``again_at``."""
    _no_nul("note", body.note or "")
    if body.outcome == "again" and body.again_at is None:
        raise BadField("again_at is missing: when to call again.", field="again_at")
    if body.again_at is not None and not soon(body.again_at, datetime.now(UTC)):
        raise BadField("again_at must lie within a year from now.", field="again_at")
    async with parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await by_number(session, number)).id)
        again = body.again_at if body.outcome != "reached" else None
        sentence = say("task.call_back", None, number=request.tracking_number)
        by = Author(Actor.OPERATOR, operator.name, body.note)
        await service_requests.called(session, request, body.outcome, again, sentence, by)
        await log_access(session, operator, "call", request)
    return {"outcome": body.outcome, "again_at": again}


def _no_nul(name: str, text: str) -> None:
    if "\x00" in text:
        raise BadField(f"{name} must not contain a NUL byte.", field=name)
