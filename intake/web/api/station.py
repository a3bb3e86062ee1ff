"""The built-in order board: list orders, accept one, report it done or not possible."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.backends import Report
from intake.errors import BadField, MoveNotAllowed, NotFound, StaleVersion
from intake.lifecycle import Status
from intake.pipeline import deliver
from intake.runtime import Parts
from intake.storage.models import Operator, StationOrder
from intake.web.api import schemas
from intake.web.api.tasks import soon
from intake.web.auth import CurrentOperator, CurrentParts, SeenVersion, log_access

router = APIRouter(prefix="/api/station/orders", tags=["station"])
MOVES: Mapping[str, tuple[str, ...]] = {
    "accepted": ("open",),
    "done": ("open", "accepted"),
    "could_not": ("open", "accepted"),
}
order_area = StationOrder.payload["where"]["area"].astext
REPORTED = {"accepted": Status.ACCEPTED, "done": Status.DONE, "could_not": Status.NEEDS_REVIEW}


@router.get("", summary="The orders on the board")
async def list_orders(
    parts: CurrentParts,
    operator: CurrentOperator,
    status: Annotated[str, Query(pattern="^(open|accepted|done|could_not|cancelled)$")] = "open",
    area: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[schemas.Order]:
    """The oldest first; ``area``: only orders of this area."""
    async with parts.sessions.begin() as session:
        rows = await on_board(session, status, area, limit)
        await log_access(session, operator, "station")
        return [_shape(order) for order in rows]


@router.post("/{order_id}/accept", summary="Accept an order")
async def accept(
    parts: CurrentParts,
    operator: CurrentOperator,
    order_id: int,
    version: SeenVersion,
    body: schemas.TakeOrder,
) -> schemas.Order:
    """The resident is told the name, and the time if one is given."""
    if "\x00" in f"{body.name}{body.note or ''}":
        raise BadField("name and note must not contain a NUL byte.", field="name")
    if body.comes_at is not None and not soon(body.comes_at, datetime.now(UTC)):
        raise BadField("comes_at must lie within a year from now.", field="comes_at")
    return await _report(
        parts, operator, order_id, version, "accepted", body.name, body.note, body.comes_at
    )


@router.post("/{order_id}/done", summary="Report an order as done")
async def done(
    parts: CurrentParts,
    operator: CurrentOperator,
    order_id: int,
    version: SeenVersion,
    body: schemas.Why,
) -> schemas.Order:
    """The resident is asked whether it is done."""
    return await _report(parts, operator, order_id, version, "done", None, body.why)


@router.post("/{order_id}/could-not", summary="Report that an order can't be done")
async def could_not(
    parts: CurrentParts,
    operator: CurrentOperator,
    order_id: int,
    version: SeenVersion,
    body: schemas.Reject,
) -> schemas.Order:
    """The request goes back to the operators, with the reason."""
    return await _report(parts, operator, order_id, version, "could_not", None, body.why)


async def on_board(
    session: AsyncSession, status: str, area: str | None, limit: int
) -> list[StationOrder]:
    """Orders of one status in one area, or in all, the oldest first."""
    statement = select(StationOrder).where(StationOrder.status == status)
    if area:
        statement = statement.where(order_area == area.replace("\x00", ""))
    return list(await session.scalars(statement.order_by(StationOrder.id).limit(limit)))


async def _report(
    parts: Parts,
    operator: Operator,
    order_id: int,
    version: int,
    status: str,
    who: str | None,
    note: str | None,
    comes_at: datetime | None = None,
) -> schemas.Order:
    """Change the status of the order and of its request, in one transaction."""
    async with parts.sessions.begin() as session:
        order = await session.get(StationOrder, min(order_id, 2**62), with_for_update=True)
        if order is None:
            raise NotFound("There is no such order.")
        if order.version != version:
            raise StaleVersion(f"It was changed in between; it is {order.status} now.")
        if order.status not in MOVES[status]:
            raise MoveNotAllowed(f"An order that is {order.status} can't become {status}.")
        now = datetime.now(UTC)
        order.status, order.version, order.updated_at = status, order.version + 1, now
        order.note = note or order.note
        if status == "accepted":
            order.accepted_by, order.accepted_at, order.comes_at = who, now, comes_at
        elif status == "done":
            order.done_at = now
        if order.service_request_id is not None:
            request = await service_requests.lock(session, order.service_request_id)
            if status != "done" and request.backend == order.backend_name:
                request.comes_at = comes_at
            report = Report(REPORTED[status], None, note, order.accepted_by or operator.name)
            await deliver.heard(session, request, order.backend_name, report)
            await log_access(session, operator, f"station_{status}", request)
        await session.flush()
        return _shape(order)


def _shape(order: StationOrder) -> schemas.Order:
    values: dict[str, Any] = {name: getattr(order, name) for name in schemas.Order.model_fields}
    return schemas.Order(**values)
