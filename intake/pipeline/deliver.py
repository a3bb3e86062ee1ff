"""Handing a request to the system that does the work, and hearing back from it.

A delivery keeps one idempotency key for all its attempts. Each attempt is stored before anything is
sent, so that after a crash it is known that something may have been sent. What proves that the
other side has it is defined in `intake.backends._receipts`; its raw answer stays with the attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.backends import ATTEMPT_SECONDS, Pending, Report
from intake.catalogue.routing import choose_backend
from intake.errors import BackendError
from intake.lifecycle import ENDED, Actor, Status
from intake.locale import reason, say
from intake.network.content import ANSWER_CHARACTERS, storable
from intake.pipeline.dispatch import dispatch_of
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.jobs import defer
from intake.storage.models import Alarm, Delivery, DeliveryAttempt, ServiceRequest
from intake.storage.retry import backoff


async def begin(session: AsyncSession, request: ServiceRequest, parts: Parts) -> None:
    """Choose the backend of a locked, confirmed request and queue the first attempt."""
    name = request.route_to or choose_backend(
        parts.rules,
        parts.settings.routing.default,
        category=request.category,
        area=request.area,
        urgency=request.urgency,
    )
    by = Author(Actor.WORKER)
    if name not in parts.backends:
        await service_requests.review(session, request, [reason("no_backend", backend=name)], by)
        return
    request.backend = name
    key = f"{request.tracking_number}:{name}:{await _round(session, request, name)}"
    existing = await session.scalar(select(Delivery).where(Delivery.idempotency_key == key))
    if existing is None:
        existing = Delivery(
            service_request_id=request.id,
            backend=name,
            kind="submit",
            idempotency_key=key,
            request_version=request.version,
        )
        session.add(existing)
        await session.flush()
    await defer(session, "deliver", delivery_id=existing.id)


async def _round(session: AsyncSession, request: ServiceRequest, name: str) -> int:
    """The number of this hand-over, from 1; the next one begins after the last was delivered."""
    statement = select(Delivery.status).where(
        Delivery.service_request_id == request.id,
        Delivery.backend == name,
        Delivery.kind == "submit",
    )
    statuses = list((await session.execute(statement)).scalars())
    return sum(status == "delivered" for status in statuses) + 1


async def attempt(parts: Parts, delivery_id: int) -> None:
    """Try once to deliver. The outcome and the job of the next try share a transaction."""
    async with parts.sessions.begin() as session:
        delivery = await session.get_one(Delivery, delivery_id, with_for_update=True)
        if delivery.status in ("delivered", "dropped"):
            return
        request = await session.get_one(ServiceRequest, delivery.service_request_id)
        if delivery.kind == "submit" and request.status != Status.CONFIRMED.value:
            delivery.status = "dropped"
            return
        tries = list(
            await session.scalars(
                select(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
            )
        )
        maybe_sent = any(t.finished_at is None or t.sent is None for t in tries)
        delivery.attempts = len(tries) + 1
        delivery.status = "sending"
        delivery.next_attempt_at = None
        row = DeliveryAttempt(delivery_id=delivery_id, number=delivery.attempts)
        session.add(row)
        await session.flush()
        recording = await service_requests.recording_of(session, request)
        dispatch = dispatch_of(parts, delivery, request, recording, maybe_sent=maybe_sent)
    backend = parts.backends[delivery.backend]
    receipt, answer, error = None, None, None
    try:
        if delivery.kind == "submit":
            async with asyncio.timeout(ATTEMPT_SECONDS):
                receipt = await backend.submit(dispatch)
                answer = receipt.answer
        elif backend.can_update:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                answer = await backend.update(dispatch)
    except BackendError as failed:
        error, answer = failed, failed.details.get("answer")
    except TimeoutError:
        error = BackendError(
            f"{delivery.backend} did not answer in {ATTEMPT_SECONDS:.0f} s.",
            code="backend_timeout",
            sent=None,
        )
    async with parts.sessions.begin() as session:
        delivery = await session.get_one(Delivery, delivery_id, with_for_update=True)
        request = await service_requests.lock(session, delivery.service_request_id)
        row = await session.get_one(DeliveryAttempt, row.id)
        row.finished_at = datetime.now(UTC)
        row.ok, row.sent = error is None, True if error is None else error.sent
        if request.erased_at is None and answer is not None:
            row.answer = storable(answer, ANSWER_CHARACTERS)
        if error is not None:
            row.error_code, row.error = error.code, _told(request, error)
            await _failed(session, parts, delivery, request, error, maybe_sent=maybe_sent)
            return
        delivery.status = "delivered"
        delivery.delivered_at = row.finished_at
        delivery.error = delivery.error_code = None
        if delivery.kind == "submit":
            assert receipt is not None
            delivery.external_id, delivery.token = receipt.external_id, receipt.token
            await _arrived(session, parts, delivery, request)
        elif not backend.can_update:
            name, number = delivery.backend, request.tracking_number
            sentence = say(f"task.ring_{delivery.kind}", None, backend=name, number=number)
            await service_requests.ask_operators(
                session, request, f"ring_{delivery.kind}", sentence
            )


async def _arrived(
    session: AsyncSession, parts: Parts, delivery: Delivery, request: ServiceRequest
) -> None:
    """The backend has the request. If it ended or was changed meanwhile, tell the backend so."""
    request.external_id = delivery.external_id
    if parts.backends[delivery.backend].polls:
        wait = timedelta(seconds=parts.settings.delivering.poll_seconds)
        delivery.next_poll_at = datetime.now(UTC) + wait
    if request.status == Status.CONFIRMED.value:
        by = Author(Actor.WORKER, why=delivery.backend)
        await service_requests.advance(session, request, Status.ROUTED, by)
        if request.version - 1 > delivery.request_version and request.corrected:
            await service_requests.tell_backend(session, request, "changed")
    elif Status(request.status) in ENDED or request.status == Status.NEEDS_REVIEW.value:
        await service_requests.tell_backend(session, request, "cancelled")


async def _failed(
    session: AsyncSession,
    parts: Parts,
    delivery: Delivery,
    request: ServiceRequest,
    error: BackendError,
    *,
    maybe_sent: bool,
) -> None:
    table = parts.settings.delivering
    delivery.error_code, delivery.error = error.code, _told(request, error)
    if error.retryable and delivery.attempts < table.attempts:
        wait = backoff(
            delivery.attempts,
            first_seconds=table.first_wait_seconds,
            longest_seconds=table.longest_wait_seconds,
            least_seconds=min(error.retry_after_seconds or 0, 24 * 3600),
        )
        delivery.status = "pending"
        delivery.next_attempt_at = datetime.now(UTC) + wait
        await defer(session, "deliver", after=wait, delivery_id=delivery.id)
        return
    delivery.status = "failed"
    code = (
        "may_have_been_sent_twice"
        if maybe_sent or error.sent is None
        else "delivery_failed"
        if error.retryable
        else "rejected_by_backend"
    )
    why = reason(code, backend=delivery.backend, error=delivery.error)
    await service_requests.review(session, request, [why], Author(Actor.WORKER))


def _told(request: ServiceRequest, error: BackendError) -> str:
    """Our sentence and, where the other side said why, its own words, which may repeat the
    resident's: they are left out of a request that is erased."""
    said = error.details.get("description") if request.erased_at is None else None
    return f"{error.sentence} “{said}”" if said else error.sentence


async def fail(
    session: AsyncSession, request: ServiceRequest, delivery_id: int, error: BaseException
) -> None:
    """The job itself failed, not the backend: mark the delivery; the caller puts it into review."""
    delivery = await session.get_one(Delivery, delivery_id, with_for_update=True)
    if delivery.status != "delivered":
        delivery.status, delivery.error_code = "failed", type(error).__name__


async def heard(
    session: AsyncSession, request: ServiceRequest, backend: str, report: Report
) -> bool:
    """Apply what a backend reports on a locked request. Returns False if nothing changed: it was
    known, or comes too late."""
    to, by = report.status, Author(Actor.BACKEND, report.who or backend, report.note)
    current = Status(request.status)
    if request.backend != backend or current in ENDED:
        return False
    if report.external_id and not request.external_id:
        request.external_id = report.external_id
    if to is None or to is current:
        return False
    if to is Status.NEEDS_REVIEW:
        why = reason("could_not", backend=backend, note=report.note or "–")
        await service_requests.review(session, request, [why], by)
        return True
    order = [Status.ROUTED, Status.ACCEPTED, Status.DONE]
    if to not in order or current not in order or order.index(to) < order.index(current):
        return False
    if report.who:
        request.assignee = report.who
    await service_requests.advance(session, request, to, by)
    return True


async def poll(parts: Parts, *, limit: int = 50) -> None:
    """Ask each backend that polls about the deliveries whose time has come."""
    for _ in range(limit):
        async with parts.sessions.begin() as session:
            due = await session.scalar(
                select(Delivery)
                .where(Delivery.next_poll_at <= datetime.now(UTC))
                .order_by(Delivery.next_poll_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if due is None:
                return
            request = await session.get_one(ServiceRequest, due.service_request_id)
            backend = parts.backends.get(due.backend)
            over = Status(request.status) not in service_requests.AT_A_BACKEND
            if backend is None or over or request.backend != due.backend:
                due.next_poll_at = None
                continue
            wait = timedelta(seconds=parts.settings.delivering.poll_seconds)
            due.next_poll_at = datetime.now(UTC) + wait
            pending = Pending(
                due.external_id,
                due.token,
                request.tracking_number,
                due.delivered_at or due.created_at,
            )
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                report = await backend.status(pending)
        except (BackendError, TimeoutError):
            continue
        async with parts.sessions.begin() as session:
            request = await service_requests.lock(session, due.service_request_id)
            if report.external_id:
                await session.execute(
                    update(Delivery)
                    .where(Delivery.id == due.id)
                    .values(external_id=report.external_id)
                )
            await heard(session, request, due.backend, report)


async def request_id(session: AsyncSession, ids: Mapping[str, int]) -> int | None:
    """Which service request a job's arguments are about."""
    if "service_request_id" in ids:
        return ids["service_request_id"]
    if "delivery_id" in ids:
        return (await session.get_one(Delivery, ids["delivery_id"])).service_request_id
    if "alarm_id" in ids:
        return (await session.get_one(Alarm, ids["alarm_id"])).service_request_id
    return None
