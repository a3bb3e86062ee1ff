"""The worker process: takes jobs from the queue until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import socket

import procrastinate

from intake import pipeline, sweep
from intake.app import build, database_url
from intake.jobs import QUEUES, app
from intake.settings import Settings

log = logging.getLogger("huying.worker")
STOP_SECONDS = 5.0


async def run(settings: Settings) -> None:
    """Work until SIGTERM or Ctrl-C; a job that is not done in `STOP_SECONDS` runs again later.

    Hearing has its own lane, so that a long recording never holds up an alarm.
    """
    parts = build(settings, hears=True)
    connector = procrastinate.PsycopgConnector(
        conninfo=database_url(settings), min_size=2, max_size=settings.worker_concurrency + 6
    )
    lanes = {
        "hearing": settings.hearing.processes,
        "default": settings.worker_concurrency,
    }
    assert set(lanes) == set(QUEUES)
    log.info("%s jobs are known: %s", len(pipeline.ATTEMPTS), ", ".join(pipeline.ATTEMPTS))
    with app.replace_connector(connector) as working:
        async with working.open_async():
            try:
                async with asyncio.TaskGroup() as group:
                    for lane, concurrency in lanes.items():
                        group.create_task(
                            working.run_worker_async(
                                queues=[lane],
                                name=f"{lane}@{socket.gethostname()}",
                                concurrency=concurrency,
                                delete_jobs="successful",
                                fetch_job_polling_interval=2.0,
                                update_heartbeat_interval=sweep.HEARTBEAT_SECONDS,
                                stalled_worker_timeout=sweep.DEAD_AFTER_SECONDS,
                                shutdown_graceful_timeout=STOP_SECONDS,
                                additional_context={"parts": parts},
                            )
                        )
            finally:
                await parts.close()
