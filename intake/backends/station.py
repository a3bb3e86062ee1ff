"""The built-in order board: its orders are rows of our own database, one for each key.

The people of the board work on the orders through the web part, which changes the requests'
status itself, so nothing is polled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.backends import Dispatch, Pending, Receipt, Report, _payload
from intake.errors import BackendError
from intake.lifecycle import Status
from intake.network.http import Outgoing
from intake.settings import Table
from intake.storage.models import ServiceRequest, StationOrder

STATUSES = {
    "open": None,
    "accepted": Status.ACCEPTED,
    "done": Status.DONE,
    "could_not": Status.NEEDS_REVIEW,
    "cancelled": None,
}


class Options(Table):
    """The board needs no settings."""


class StationBackend:
    """One board; an installation may have several under different names."""

    polls = False
    can_update = True

    def __init__(self, name: str, outgoing: Outgoing) -> None:
        self.name = name
        self._outgoing = outgoing

    async def submit(self, dispatch: Dispatch) -> Receipt:
        async with self._transaction() as session:
            request_id = await session.scalar(
                select(ServiceRequest.id).where(
                    ServiceRequest.tracking_number == dispatch.tracking_number
                )
            )
            await session.execute(
                insert(StationOrder)
                .values(
                    backend_name=self.name,
                    idempotency_key=dispatch.idempotency_key,
                    service_request_id=request_id,
                    tracking_number=dispatch.tracking_number,
                    payload=_payload.build(dispatch),
                )
                .on_conflict_do_nothing(index_elements=["idempotency_key"])
            )
            order_id = await session.scalar(
                select(StationOrder.id).where(
                    StationOrder.idempotency_key == dispatch.idempotency_key
                )
            )
        return Receipt(external_id=str(order_id))

    async def status(self, pending: Pending) -> Report:
        async with self._transaction() as session:
            order = await self._find(session, pending.external_id, pending.tracking_number)
            return Report(
                status=STATUSES[order.status],
                external_id=str(order.id),
                note=order.note,
                who=order.accepted_by,
                updated_at=order.updated_at,
            )

    async def update(self, dispatch: Dispatch) -> str | None:
        """Write the change into the order. Raises `BackendError` when the order is finished."""
        async with self._transaction() as session:
            order = await self._find(session, dispatch.external_id, dispatch.tracking_number)
            seen = int(order.payload.get("version", 0))
            if order.status == "cancelled" or dispatch.version <= seen:
                return None
            if order.status in ("done", "could_not"):
                raise BackendError(
                    f"Order {order.id} on {self.name} is finished already; ring the station.",
                    code="order_finished",
                    retryable=False,
                )
            order.payload = _payload.build(dispatch)
            if dispatch.kind == "cancelled":
                order.status = "cancelled"
                order.note = dispatch.reason
            order.version += 1
            order.updated_at = func.now()
        return None

    async def close(self) -> None:
        """Nothing is held."""

    async def _find(
        self, session: AsyncSession, external_id: str | None, tracking_number: str
    ) -> StationOrder:
        query = select(StationOrder).where(
            StationOrder.backend_name == self.name,
            StationOrder.tracking_number == tracking_number,
        )
        if external_id is not None and external_id.isascii() and external_id.isdigit():
            query = query.where(StationOrder.id == int(external_id))
        newest = query.order_by(StationOrder.id.desc()).limit(1).with_for_update()
        order = (await session.execute(newest)).scalar_one_or_none()
        if order is None:
            raise BackendError(
                f"{self.name} has no order for {tracking_number}.",
                code="order_unknown",
                retryable=False,
            )
        return order

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        if self._outgoing.sessions is None:
            raise BackendError(
                "The order board has no database here.", code="no_database", retryable=False
            )
        try:
            async with self._outgoing.sessions.begin() as session:
                yield session
        except SQLAlchemyError as error:
            raise BackendError(
                "The database did not take the order.", code="database_away", sent=None
            ) from error


def create(name: str, options: Options, outgoing: Outgoing) -> StationBackend:
    """Make the board ``name``."""
    return StationBackend(name, outgoing)
