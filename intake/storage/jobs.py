"""The queue: Procrastinate, in the same database and the same transaction as the data.

Jobs are deferred by name, so that no room needs to import the one that runs them. Arguments
are ids only: nothing personal ever stands in the queue.
"""

from __future__ import annotations

from datetime import timedelta

import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.db import raw_connection

# Never opened: every defer brings the caller's connection. Workers swap in an open one.
app = procrastinate.App(connector=procrastinate.PsycopgConnector())

# Emergencies overtake; chat and alarms must not wait behind a pile of voicemails. WeChat's media
# come before turns: they vanish there, and danger may be in them.
PRIORITY = {
    "alarm": 100,
    "send": 60,
    "wechat_media": 55,
    "understand": 50,
    "decide": 50,
    "tell": 20,
    "route": 20,
}
# An alarm must never wait behind a long recording or a slow backend.
QUEUE_OF = {"transcribe": "hearing", "alarm": "alarms", "converse": "chat", "send": "chat"}
QUEUES = ("hearing", "alarms", "chat", "default")
# Asked first, for PostgreSQL writes each refusal of its unique index into the log as an error.
_WAITS = text(
    "SELECT true FROM procrastinate_jobs WHERE queueing_lock = :lock AND status = 'todo' LIMIT 1"
)


async def defer(
    session: AsyncSession,
    job: str,
    *,
    after: timedelta | None = None,
    queueing_lock: str | None = None,
    lock: str | None = None,
    queue: str | None = None,
    **ids: int,
) -> None:
    """Put ``job`` in the queue, in the session's transaction: both commit, or neither.

    ``after``: not before this time has passed. With a ``queueing_lock`` that already waits
    in the queue nothing is added. Jobs with the same ``lock`` run one after the other, in the
    order in which they were deferred. ``queue``: another lane than the job's own.
    """
    queue = queue or QUEUE_OF.get(job, "default")
    connection = await raw_connection(session)
    if queueing_lock and await session.scalar(_WAITS, {"lock": queueing_lock}):
        return
    deferrer = app.configure_task(
        job,
        connection=connection,
        queue=queue,
        priority=PRIORITY.get(job, 0),
        lock=lock,
        queueing_lock=queueing_lock,
        schedule_in={"seconds": after.total_seconds()} if after else None,
    )
    try:
        # A savepoint: one that began to wait just now must not spoil the caller's transaction.
        if queueing_lock:
            async with session.begin_nested():
                await session.connection()  # only now does the savepoint really begin
                await deferrer.defer_async(**ids)
        else:
            await deferrer.defer_async(**ids)
    except procrastinate.exceptions.AlreadyEnqueued:
        return
