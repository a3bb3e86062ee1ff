"""The job queue: Procrastinate, in the same database and the same transaction as the data.

Jobs are deferred by name, so that no package needs to import the one that runs them. Arguments
are ids only: the queue never holds anything personal.
"""

from __future__ import annotations

from datetime import timedelta

import procrastinate
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.db import raw_connection

# This connector is never opened: `defer` passes the caller's connection, and workers replace the
# connector with an open one.
app = procrastinate.App(connector=procrastinate.PsycopgConnector())

# A higher number runs first: alarms and chat must not wait behind many voicemails. WeChat's media
# come before turns of a conversation: WeChat deletes them, and they may report a danger.
PRIORITY = {
    "alarm": 100,
    "send": 60,
    "wechat_media": 55,
    "understand": 50,
    "decide": 50,
    "tell": 20,
    "route": 20,
}
# Queues of their own, so that an alarm never waits behind a long recording or a slow backend.
QUEUE_OF = {"transcribe": "hearing", "alarm": "alarms", "converse": "chat", "send": "chat"}
QUEUES = ("hearing", "alarms", "chat", "default")
# Checked before inserting: PostgreSQL logs every violation of its unique index as an error.
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

    ``after``: run it not before this time has passed. ``queueing_lock``: add nothing while a job
    with the same one waits. Jobs with the same ``lock`` run one after the other, in the order in
    which they were deferred. ``queue``: one of `QUEUES`, in place of the job's own.
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
        # A savepoint: if another process has just queued the same lock, the unique violation must
        # not abort the caller's transaction.
        if queueing_lock:
            async with session.begin_nested():
                await session.connection()  # SQLAlchemy sends the SAVEPOINT only now
                await deferrer.defer_async(**ids)
        else:
            await deferrer.defer_async(**ids)
    except procrastinate.exceptions.AlreadyEnqueued:
        return
