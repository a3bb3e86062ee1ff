"""Finds the jobs of dead workers, requests without a job, and what is due by time."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.jobs import Job
from procrastinate.jobs import Status as JobStatus
from sqlalchemy import select, text

from intake import service_requests
from intake.accounts import operators
from intake.conversation.locks import lock_of
from intake.errors import Unavailable
from intake.lifecycle import WORKING, Actor, Status
from intake.locale import reason
from intake.privacy import plausibility
from intake.runtime import Parts
from intake.service_requests import Author
from intake.storage.jobs import defer
from intake.storage.models import ServiceRequest

log = logging.getLogger("huying.sweep")
HEARTBEAT_SECONDS = 2.0
DEAD_AFTER_SECONDS = 9.0
STUCK_AFTER = timedelta(seconds=60)
RUNS_OF_A_JOB = 5
CLOSE_AFTER = timedelta(days=3)

GiveUp = Callable[..., Awaitable[None]]


async def revive(app: procrastinate.App, parts: Parts, give_up: GiveUp) -> None:
    """Queue the jobs of dead workers again; after `RUNS_OF_A_JOB` runs operators take over.

    Without that limit a recording that crashes its worker would crash workers for ever. Workers do
    this one at a time: two that see the same job would start it twice.
    """
    async with parts.sessions.begin() as session:
        if not await session.scalar(_ALONE):
            return
        stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS)
        for job in stalled:
            try:
                await _revive(app, parts, give_up, job)
            except Exception:  # an error with one job must not keep the others waiting
                log.exception(
                    "%s job %s of a dead worker could not be queued again", job.task_name, job.id
                )


async def _revive(app: procrastinate.App, parts: Parts, give_up: GiveUp, job: Job) -> None:
    if job.task_name in ("sweep", "poll", "forget"):
        await app.job_manager.finish_job(job, JobStatus.FAILED, delete_job=True)
    elif job.attempts + 1 >= RUNS_OF_A_JOB and job.task_name != "alarm":
        log.error("%s job %s: its worker died too often; it is given up", job.task_name, job.id)
        error = Unavailable("Its worker died every time.", code="worker_died")
        await give_up(parts, job.task_name, error, **job.task_kwargs)
        await app.job_manager.finish_job(job, JobStatus.FAILED, delete_job=False)
    else:
        log.warning("%s job %s lost its worker; it runs again", job.task_name, job.id)
        await app.job_manager.retry_job(job)


_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('huying.revive', 0))")
_LIVE = text(
    """
    SELECT DISTINCT coalesce(
        (job.args ->> 'service_request_id')::bigint, delivery.service_request_id
    )
    FROM procrastinate_jobs AS job
    LEFT JOIN deliveries AS delivery ON delivery.id = (job.args ->> 'delivery_id')::bigint
    WHERE job.status IN ('todo', 'doing')
      AND coalesce((job.args ->> 'service_request_id')::bigint, delivery.service_request_id)
          = ANY(:ids)
    """
)


async def find_stuck(parts: Parts) -> None:
    """Put every request in a working status without a job into review; queue every message without
    a job again."""
    before = datetime.now(UTC) - STUCK_AFTER
    async with parts.sessions() as session:
        statement = (
            select(ServiceRequest.id)
            .where(
                ServiceRequest.status.in_([s.value for s in WORKING]),
                ServiceRequest.updated_at < before,
            )
            .order_by(ServiceRequest.updated_at)
            .limit(500)
        )
        ids = list(await session.scalars(statement))
        live: set[Any] = set(await session.scalars(_LIVE, {"ids": ids})) if ids else set()
    for service_request_id in set(ids) - live:
        async with parts.sessions.begin() as session:
            request = await service_requests.lock(session, service_request_id)
            if Status(request.status) not in WORKING or request.updated_at >= before:
                continue
            log.error(
                "request %s is %s without a job; it goes to review", request.id, request.status
            )
            why = reason("stuck", status=request.status)
            await service_requests.review(session, request, [why], Author(Actor.WORKER))
    await find_unanswered(parts)


async def find_unanswered(parts: Parts) -> None:
    """Queue every message again that is not handled and has no job."""
    async with parts.sessions.begin() as session:
        before = datetime.now(UTC) - STUCK_AFTER
        for message in (await session.execute(_UNANSWERED, {"before": before})).all():
            log.error("message %s lost its job", message.id)
            await defer(
                session,
                "converse",
                lock=lock_of(message.conversation_id),
                queue="hearing" if message.unheard else None,
                message_id=message.id,
            )


_UNANSWERED = text(
    """
    SELECT message.id, message.conversation_id,
           message.kind = 'voice' AND message.text IS NULL AS unheard
    FROM messages AS message
    WHERE message.direction = 'in' AND message.handled_at IS NULL
      AND message.conversation_id IS NOT NULL AND message.created_at < :before
      AND NOT EXISTS (
          SELECT 1 FROM procrastinate_jobs AS job
          WHERE job.task_name = 'converse' AND job.status IN ('todo', 'doing')
            AND (job.args ->> 'message_id')::bigint = message.id
      )
    ORDER BY message.id LIMIT 500
    """
)


async def let_time_pass(parts: Parts) -> None:
    """Close what is done for `CLOSE_AFTER` without objection; end holds whose time is over; remove
    operators' sessions that have ended."""
    async with parts.sessions.begin() as session:
        clock = await plausibility.read_clock(session)
        if clock.doubt:
            log.error("nothing is closed by time: %s", clock.doubt)
            return
        now = clock.now
        done = await session.scalars(
            select(ServiceRequest)
            .where(
                ServiceRequest.status == Status.DONE.value,
                ServiceRequest.updated_at < now - CLOSE_AFTER,
            )
            .limit(100)
            .with_for_update(skip_locked=True)
        )
        for request in done.all():
            await service_requests.advance(session, request, Status.CLOSED, Author(Actor.TIMER))
        held = await session.scalars(
            select(ServiceRequest)
            .where(ServiceRequest.on_hold_until < now)
            .limit(100)
            .with_for_update(skip_locked=True)
        )
        for request in held.all():
            await service_requests.hold(session, request, None, Author(Actor.TIMER))
        await operators.forget_sessions(session, parts.settings.desk.idle)
