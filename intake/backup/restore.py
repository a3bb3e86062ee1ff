"""Make a house from an archive: everything is checked first, and nothing is overwritten unasked.

The database comes back in one transaction, through our own migrations to the revision that it was
saved at and then to the newest, so the server may be of any version. Sound is in its place before
the rows that name it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import psycopg
from sqlalchemy import Connection, create_engine, inspect, make_url, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from intake.assistant import tracker_store
from intake.assistant.client import tracker_file
from intake.backup import database_dump
from intake.backup.archive import BadArchive, Progress, Reader
from intake.backup.create import ERASED, WAITING, database, read_erased
from intake.errors import HuyingError
from intake.lifecycle import Actor
from intake.privacy import erase_household, external_data
from intake.privacy.erase_request import erase
from intake.processes import supervisor
from intake.service_requests import By
from intake.settings import Settings
from intake.storage import migrations
from intake.storage.db import Sessions, connect, engine_url
from intake.storage.models import Conversation, Household, ServiceRequest

Tell = Callable[[str], None]
Erased = Sequence[tuple[str, str]]
BY = By(Actor.OPERATOR, "restore")
HOLDS = ("service_requests", "recordings", "conversations", "households", "operators")
"""A database with rows in one of these is somebody's."""


def check(archive: Reader, tell: Tell) -> None:
    """Can it be restored by this version? Raises `BadArchive`; nothing was touched then."""
    revision = archive.manifest["revision"]
    if revision not in migrations.known_revisions():
        raise BadArchive(
            f"The archive was made by a newer Huying ({archive.manifest['huying']}, schema"
            f" {revision}); install that first."
        )
    archive.check(tell)


def put_settings(archive: Reader, home: Path, *, overwrite: bool) -> None:
    """Put secrets and settings into a home. Raises `HuyingError` where there are some already."""
    names = [name for name in archive.files if name.startswith("secrets/")]
    if "huying.toml" in archive.files:
        names.append("huying.toml")
    for name in names:
        target = home / name
        if target.exists() and not overwrite and target.read_bytes() != _bytes(archive, name):
            raise HuyingError(
                f"{target} is there already, and another; --overwrite replaces it.", code="exists"
            )
    for name in names:
        archive.extract(name, home / name)


def _bytes(archive: Reader, name: str) -> bytes:
    with archive.open(name) as source:
        return source.read()


async def restore(
    settings: Settings, archive: Reader, tell: Tell, *, overwrite: bool = False
) -> None:
    """Put rows, sound and what waits into the house of these settings.

    Call `check` and `put_settings` before. Raises `HuyingError`: the house runs, holds something
    (without ``overwrite``), or the database refuses; the database is then as it was.
    """
    with ExitStack() as held:
        held.enter_context(supervisor.only_one(settings.home))
        url = held.enter_context(database(settings))
        engine = create_engine(engine_url(url), connect_args={"options": database_dump.OPTIONS})
        held.callback(engine.dispose)
        try:
            with engine.begin() as connection:
                erased = [*read_erased(archive.path.parent / ERASED)]
                erased += _empty(connection, settings, overwrite=overwrite)
                _sound(archive, settings, tell)
                _rows(connection, archive, tell)
        except (DBAPIError, psycopg.Error) as error:
            why = str(getattr(error, "orig", error)).splitlines()[0]
            raise HuyingError(f"The database refused: {why}", code="refused") from error
        with engine.begin() as connection:
            _forget_trackers(connection, _rasa(archive, settings, tell))
        for folder in WAITING:
            for name in archive.under(folder):
                archive.extract(f"{folder}/{name}", settings.home / folder / name)
        os.sync()
        again = await _erase_again(settings, url, erased)
        if again:
            tell(f"{again} requests had been erased since, and were again")


def _empty(connection: Connection, settings: Settings, *, overwrite: bool) -> Erased:
    """See that nobody works there, and that nothing is lost. What was erased there so far."""
    others = connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = current_user AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    )
    if others:
        raise HuyingError("The database is in use; stop the house first.", code="in_use")
    there = set(
        connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    )
    held = [
        name
        for name in HOLDS
        if name in there and connection.scalar(text(f"SELECT true FROM {name} LIMIT 1"))  # noqa: S608
    ]
    sound = any(path.is_file() for path in settings.recordings_dir.rglob("*"))
    if (held or sound) and not overwrite:
        what = ", ".join([*held, *(["sound"] if sound else [])])
        raise HuyingError(
            f"This house holds something already ({what}); --overwrite replaces it.", code="exists"
        )
    erased = database_dump.erased(_raw(connection))
    if there:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return erased


def _sound(archive: Reader, settings: Settings, tell: Tell) -> None:
    keys = archive.under("recordings")
    progress = Progress(tell, "recordings", len(keys))
    root = settings.recordings_dir.resolve()
    for key in keys:
        name = f"recordings/{key}"
        if not (root / key).resolve().is_relative_to(root):
            raise BadArchive(f"{name!r} is no name of ours.")
        archive.extract(name, root / key)
        progress.step(archive.files[name]["size"])
    progress.end()


def _rows(connection: Connection, archive: Reader, tell: Tell) -> None:
    migrations.upgrade(connection, archive.manifest["revision"])
    database_dump.load(
        _raw(connection),
        archive.manifest["database"],
        lambda name: archive.open(f"database/{name}"),
        tell,
    )
    newest = migrations.upgrade(connection)
    # Whoever was signed out since does not come back in with the archive.
    connection.execute(text("DELETE FROM operator_sessions"))
    tell(f"schema {archive.manifest['revision']}, now {newest}")


def _raw(connection: Connection) -> psycopg.Connection:
    return cast(psycopg.Connection, connection.connection.driver_connection)


def _rasa(archive: Reader, settings: Settings, tell: Tell) -> list[str] | None:
    """Put Rasa's memory back where this house has it.

    The names of memories that hold more than our rows know; None: no memory can be relied on.
    """
    saved: dict[str, Any] | None = archive.manifest["rasa"]
    named = tracker_store.url(settings)
    kind = make_url(named).get_backend_name() if named else "sqlite"
    if saved is None or saved["kind"] != kind:
        return None
    if kind == "sqlite":
        path = tracker_file(settings.home)
        archive.extract(f"rasa/{path.name}", path)
    engine = create_engine(engine_url(named) if named else f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        if kind == "postgresql":
            _rasa_tables(connection, archive, saved, tell)
        if not inspect(connection).has_table(tracker_store.EVENTS.name):
            return []
        since = datetime.fromisoformat(archive.manifest["made_at"]).timestamp()
        later = select(tracker_store.EVENTS.c.sender_id).where(
            tracker_store.EVENTS.c.timestamp > since
        )
        return list(connection.scalars(later.distinct()))


def _rasa_tables(
    connection: Connection, archive: Reader, saved: dict[str, Any], tell: Tell
) -> None:
    raw = _raw(connection)
    if not saved["tables"].keys() <= set(inspect(connection).get_table_names()):
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        for statement in saved["made_of"]:
            raw.execute(statement)
    database_dump.load(raw, saved, lambda name: archive.open(f"rasa/{name}"), tell)


def _forget_trackers(connection: Connection, names: list[str] | None) -> None:
    """These conversations' next turns begin with a new memory, made from what we know."""
    change = update(Conversation).values(tracker=None)
    if names is not None:
        change = change.where(Conversation.tracker.in_(names))
    connection.execute(change)


async def _erase_again(settings: Settings, url: str, erased: Erased) -> int:
    """Whoever was erased after the archive was made stays erased."""
    count = 0
    engine, sessions = connect(url, pool_size=2)
    try:
        for number, at in erased:
            moment, left = datetime.fromisoformat(at), None
            if number.startswith("household "):
                await _erase_home_again(sessions, int(number.split()[1]), moment)
                continue
            async with sessions.begin() as session:
                found = await session.scalar(
                    select(ServiceRequest.id).where(
                        ServiceRequest.tracking_number == number,
                        ServiceRequest.received_at == moment,
                        ServiceRequest.erased_at.is_(None),
                    )
                )
                if found is not None:
                    left = await erase(session, found, BY, why="asked", force=True)
            if left is not None:
                count += 1
                await external_data.remove(settings, sessions, left)
    finally:
        await engine.dispose()
    return count


async def _erase_home_again(sessions: Sessions, household_id: int, erased_at: datetime) -> None:
    """Its requests have their own lines. A home that was made later only has the same number."""
    async with sessions.begin() as session:
        home = await session.get(Household, household_id)
        if home is not None and home.created_at < erased_at:
            await erase_household.remove(session, home.id)
