"""The worker process: runs jobs of the queue until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket

import procrastinate
from procrastinate.exceptions import ConnectorException
from sqlalchemy.exc import SQLAlchemyError

from intake.app import build, database_url
from intake.errors import HuyingError, Unavailable
from intake.pipeline import steps, sweep
from intake.runtime import Parts
from intake.settings import Settings
from intake.storage.jobs import QUEUES, app
from speech.errors import RecogniserOutOfMemory

log = logging.getLogger("huying.worker")
STOP_SECONDS = 4.0
HARD_STOP_SECONDS = 5.5
DATABASE_SECONDS = 5.0
REVIVE_SECONDS = 2.0


async def run(settings: Settings) -> None:
    """Run jobs until cancelled.

    A job that is not done `STOP_SECONDS` after that is run again by another worker. Each queue has
    its own concurrency, so that a long recording never delays an alarm. Raises `Unavailable` when
    the runner of one queue ends by itself, as it does when the database is lost: the process must
    end then, because its jobs are taken over only once it is gone.
    """
    parts = build(settings, hears=True)
    steps.PATIENCE["transcribe"].attempts = settings.hearing.attempts
    steps.PATIENCE["transcribe"].attempts_for = {
        RecogniserOutOfMemory.code: max(settings.hearing.attempts, steps.MEMORY_ATTEMPTS)
    }
    steps.PATIENCE["converse"].attempts_for = {steps.AWAY: settings.chat.attempts}
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url(settings),
        min_size=2,
        max_size=settings.worker_concurrency + settings.chat.turns_at_once + 10,
        timeout=DATABASE_SECONDS,
    )
    ending: list[asyncio.TimerHandle] = []
    concurrencies = {
        "hearing": settings.hearing.processes,
        "alarms": 2,
        "chat": settings.chat.turns_at_once,
        "default": settings.worker_concurrency,
    }
    assert set(concurrencies) == set(QUEUES)
    log.info("runs %s kinds of jobs: %s", len(steps.ATTEMPTS), ", ".join(steps.ATTEMPTS))
    try:
        with app.replace_connector(connector) as working:
            async with working.open_async(), asyncio.TaskGroup() as group:
                for name, concurrency in concurrencies.items():
                    group.create_task(_run_queue(working, name, concurrency, parts))
                group.create_task(_revive_jobs(working, parts))
                group.create_task(_exit_in_time(ending))
    except* (HuyingError, ConnectorException) as errors:
        # One clause for both: two that each raise would end in a group, shown with its traceback.
        raise _first_cause(errors) from None
    finally:
        await parts.close()
        for timer in ending:
            timer.cancel()


def _first_cause(errors: BaseExceptionGroup[Exception]) -> HuyingError:
    """What ended the worker, in one sentence: an error of ours, else the lost database."""
    ours = errors.subgroup(HuyingError)
    first = next(iter((ours or errors).exceptions))
    if isinstance(first, HuyingError):
        return first
    return Unavailable(f"The database was lost ({type(first.__cause__ or first).__name__}).")


async def _run_queue(working: procrastinate.App, name: str, concurrency: int, parts: Parts) -> None:
    await working.run_worker_async(
        queues=[name],
        name=f"{name}@{socket.gethostname()}",
        concurrency=concurrency,
        delete_jobs="successful",
        fetch_job_polling_interval=2.0,
        update_heartbeat_interval=sweep.HEARTBEAT_SECONDS,
        stalled_worker_timeout=sweep.DEAD_AFTER_SECONDS,
        shutdown_graceful_timeout=STOP_SECONDS,
        # A signal has one handler: those of several queues would replace each other.
        install_signal_handlers=False,
        additional_context={"parts": parts},
    )
    raise Unavailable(f"The runner of the queue {name!r} ended by itself; see the log above.")


async def _revive_jobs(working: procrastinate.App, parts: Parts) -> None:
    """Take over the jobs of dead workers; not a job itself, which would wait behind others."""
    while True:
        await asyncio.sleep(REVIVE_SECONDS)
        try:
            await sweep.revive(working, parts, steps.give_up)
        except (ConnectorException, SQLAlchemyError) as error:
            log.warning("can't search for dead workers' jobs: %s", type(error).__name__)


async def _exit_in_time(ending: list[asyncio.TimerHandle]) -> None:
    """When the tasks are cancelled, let the process exit after `HARD_STOP_SECONDS` at the latest.

    With the database down, shutdown would block on unregistering the worker. Its jobs are taken
    over as after any crash, and the recogniser processes end with this one.
    """
    try:
        await asyncio.Event().wait()
    finally:
        loop = asyncio.get_running_loop()
        ending.append(loop.call_later(HARD_STOP_SECONDS, os._exit, 1))
