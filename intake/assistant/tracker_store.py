"""The store in which Rasa keeps the events of conversations: its URL, and deleting old ones.

Everything known of a conversation is in our own database; Rasa's store only holds the state of its
form.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import (
    URL,
    Column,
    Engine,
    Float,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    func,
    inspect,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from intake.assistant.client import tracker_file
from intake.processes import postgres
from intake.settings import Settings
from intake.storage.db import Sessions
from intake.storage.models import Conversation

log = logging.getLogger("huying.trackers")
KEPT = timedelta(days=1)
AT_ONCE = 500  # conversations forgotten in one transaction

# The columns that we use of the table that rasa.core.tracker_store.SQLTrackerStore makes.
EVENTS = Table("events", MetaData(), Column("sender_id", String), Column("timestamp", Float))


def url(settings: Settings) -> str | None:
    """The URL of the database in which Rasa stores conversations; None: it uses `tracker_file`."""
    if settings.chat.tracker_url_file is not None:
        return settings.chat.tracker_url_file.read_text().strip()
    return postgres.cluster(settings).rasa_url() if settings.database_url is None else None


async def forget(settings: Settings, sessions: Sessions) -> int:
    """Delete Rasa's events of conversations that were quiet for longer than `KEPT`.

    Returns the number of conversations deleted there. One that goes on later starts with a new
    record in Rasa. If Rasa's database can't be reached, a warning is logged; this runs every hour.
    """
    there = reached(settings)
    if there is None:
        return 0
    engine = create_engine(there, poolclass=NullPool)
    forgotten = 0
    try:
        while names := await asyncio.to_thread(_old, engine, time.time() - KEPT.total_seconds()):
            async with sessions.begin() as session:
                await session.execute(
                    update(Conversation).where(Conversation.tracker.in_(names)).values(tracker=None)
                )
            await asyncio.to_thread(_delete, engine, names)
            forgotten += len(names)
    except SQLAlchemyError as error:
        log.warning("Rasa's old conversations could not be deleted: %s", type(error).__name__)
    return forgotten


def reached(settings: Settings) -> URL | None:
    """The SQLAlchemy URL of Rasa's store; None: there is none, or not on this machine."""
    if named := url(settings):
        there = make_url(named)
        return there.set(drivername="postgresql+psycopg") if _is_postgres(there) else there
    path = tracker_file(settings.home)
    return make_url(f"sqlite:///{path}") if path.exists() else None


def _is_postgres(there: URL) -> bool:
    return there.get_backend_name() == "postgresql"


def _old(engine: Engine, before: float) -> list[str]:
    if not inspect(engine).has_table(EVENTS.name):
        return []
    last = func.max(EVENTS.c.timestamp)
    found = select(EVENTS.c.sender_id).group_by(EVENTS.c.sender_id).having(last < before)
    with engine.connect() as connection:
        return list(connection.scalars(found.limit(AT_ONCE)))


def _delete(engine: Engine, names: Sequence[str]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(EVENTS).where(EVENTS.c.sender_id.in_(names)))
