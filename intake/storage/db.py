"""The database: one engine a process, one `session.begin()` per web request or job step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Never

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

log = logging.getLogger("huying.db")
LISTENS_AGAIN_SECONDS = 5.0
Sessions = async_sessionmaker[AsyncSession]


def engine_url(database_url: str) -> str:
    """``postgresql://…`` as SQLAlchemy wants it for psycopg 3."""
    url = make_url(database_url)
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def connect(database_url: str, *, pool_size: int = 20) -> tuple[AsyncEngine, Sessions]:
    """Make the engine and the session factory of this process.

    Connections are not tested before use, which would cost every caller a round trip: after a
    restart of the server one caller gets an error, and that empties the pool.
    """
    engine = create_async_engine(
        engine_url(database_url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={"connect_timeout": 5, "application_name": "huying"},
        hide_parameters=True,  # errors are logged, and parameters hold residents' words
    )
    return engine, async_sessionmaker(engine, expire_on_commit=False)


async def raw_connection(session: AsyncSession) -> Any:
    """The psycopg connection under the session's transaction, for deferring jobs in it."""
    connection = await session.connection()
    return (await connection.get_raw_connection()).driver_connection


async def listen(
    engine: AsyncEngine,
    channels: Mapping[str, Callable[[int], None]],
    *,
    connected: Callable[[], None],
    name: str,
) -> Never:
    """LISTEN on PostgreSQL channels until cancelled, over a connection of its own.

    ``channels``: channel → function, called with each payload that is a number; other payloads are
    ignored. ``connected`` is called whenever listening begins, because earlier notifications were
    missed. ``name``: the application name that PostgreSQL shows.
    """
    dsn = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, connect_timeout=5, application_name=name
            )
            async with connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                connected()
                async for notice in connection.notifies():
                    if notice.payload.isdigit():
                        channels[notice.channel](int(notice.payload))
        except (psycopg.Error, OSError) as error:
            log.warning("LISTEN was interrupted, will reconnect: %s", type(error).__name__)
        await asyncio.sleep(LISTENS_AGAIN_SECONDS)


def is_away(error: BaseException) -> bool:
    """Does this error mean that the database can't be reached, and not that it rejected a query?"""
    if isinstance(error, DBAPIError):
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return isinstance(
        error,
        PoolTimeout
        | psycopg.OperationalError
        | psycopg.InterfaceError
        | ConnectionError
        | TimeoutError,
    )
