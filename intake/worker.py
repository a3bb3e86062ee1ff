"""The worker process: takes jobs from the queue until it is told to stop."""

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

log = logging.getLogger("huying.worker")
STOP_SECONDS = 4.0
HARD_STOP_SECONDS = 5.5
DATABASE_SECONDS = 5.0
REVIVE_SECONDS = 2.0


async def run(settings: Settings) -> None:
    """Work until cancelled; a job that is not done `STOP_SECONDS` later runs again elsewhere.

    Hearing has its own lane, so that a long recording never holds up an alarm. Raises
    `Unavailable` when a lane ends by itself, which it does when the database goes away: half a
    worker must not live on, and what it held is only taken up once it is gone.
    """
    parts = build(settings, hears=True)
    steps.PATIENCE["transcribe"].attempts = settings.hearing.attempts
    steps.PATIENCE["converse"].attempts_for = {steps.AWAY: settings.chat.attempts}
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url(settings),
        min_size=2,
        max_size=settings.worker_concurrency + settings.chat.turns_at_once + 10,
        timeout=DATABASE_SECONDS,
    )
    ending: list[asyncio.TimerHandle] = []
    lanes = {
        "hearing": settings.hearing.processes,
        "alarms": 2,
        "chat": settings.chat.turns_at_once,
        "default": settings.worker_concurrency,
    }
    assert set(lanes) == set(QUEUES)
    log.info("%s jobs are known: %s", len(steps.ATTEMPTS), ", ".join(steps.ATTEMPTS))
    try:
        with app.replace_connector(connector) as working:
            async with working.open_async(), asyncio.TaskGroup() as group:
                for name, concurrency in lanes.items():
                    group.create_task(_lane(working, name, concurrency, parts))
                group.create_task(_take_up(working, parts))
                group.create_task(_end_in_time(ending))
    except* HuyingError as errors:
        raise errors.exceptions[0] from None
    except* ConnectorException as errors:
        reason = errors.exceptions[0].__cause__ or errors.exceptions[0]
        raise Unavailable(f"The database went away ({type(reason).__name__}).") from None
    finally:
        await parts.close()
        for timer in ending:
            timer.cancel()


async def _lane(working: procrastinate.App, name: str, concurrency: int, parts: Parts) -> None:
    await working.run_worker_async(
        queues=[name],
        name=f"{name}@{socket.gethostname()}",
        concurrency=concurrency,
        delete_jobs="successful",
        fetch_job_polling_interval=2.0,
        update_heartbeat_interval=sweep.HEARTBEAT_SECONDS,
        stalled_worker_timeout=sweep.DEAD_AFTER_SECONDS,
        shutdown_graceful_timeout=STOP_SECONDS,
        # One handler a signal: each lane's own would take the others' away.
        install_signal_handlers=False,
        additional_context={"parts": parts},
    )
    raise Unavailable(f"The lane {name!r} ended by itself; see the log above.")


async def _take_up(working: procrastinate.App, parts: Parts) -> None:
    """Look for what dead workers held; not a job, which would wait behind busy lanes."""
    while True:
        await asyncio.sleep(REVIVE_SECONDS)
        try:
            await sweep.revive(working, parts, steps.give_up)
        except (ConnectorException, SQLAlchemyError) as error:
            log.warning("can't look for dead workers' jobs: %s", type(error).__name__)


async def _end_in_time(ending: list[asyncio.TimerHandle]) -> None:
    """Once the others are told to end, give them `HARD_STOP_SECONDS`.

    Without a database they would wait for it to say goodbye to; what they held is taken up as
    after any death, and recognisers die with this process.
    """
    try:
        await asyncio.Event().wait()
    finally:
        loop = asyncio.get_running_loop()
        ending.append(loop.call_later(HARD_STOP_SECONDS, os._exit, 1))
