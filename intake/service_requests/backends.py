"""What a backend that has a request must be told."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from intake.lifecycle import Status
from intake.storage.jobs import defer
from intake.storage.models import Delivery, ServiceRequest

AT_A_BACKEND = frozenset({Status.ROUTED, Status.ACCEPTED})


async def tell_backend(session: AsyncSession, request: ServiceRequest, kind: str) -> None:
    """Let the backend that has a request know that it was changed or cancelled."""
    if request.backend is None:
        return
    delivery = Delivery(
        service_request_id=request.id,
        backend=request.backend,
        kind=kind,
        idempotency_key=f"{request.tracking_number}:{kind}:{request.version}",
        external_id=request.external_id,
        request_version=request.version,
    )
    session.add(delivery)
    await session.flush()
    await defer(session, "deliver", delivery_id=delivery.id)


async def send_again(session: AsyncSession, delivery: Delivery) -> None:
    """Queue a locked, failed delivery once more."""
    delivery.status = "pending"
    await session.flush()
    await defer(session, "deliver", delivery_id=delivery.id)
