"""Restores an installation from an archive: everything is checked first, and nothing is
overwritten without ``overwrite``.

The database is restored in one transaction: our migrations make the schema that the archive has,
the rows are loaded, and further migrations bring them to the newest schema; so the server may be of
any version. Recordings are written before the rows that refer to them.
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
from intake.service_requests import Author
from intake.settings import Settings
from intake.storage import migrations
from intake.storage.db import Sessions, connect, engine_url
from intake.storage.models import Conversation, Household, ServiceRequest

Tell = Callable[[str], None]
Erased = Sequence[tuple[str, str]]
BY = Author(Actor.OPERATOR, "restore")
HOLDS = ("service_requests", "recordings", "conversations", "households", "operators")
"""A database with rows in one of these tables is in use and is not overwritten unasked."""


def check(archive: Reader, tell: Tell) -> None:
    """Raise `BadArchive` if the archive is damaged or this version can't restore it; changes
    nothing."""
    revision = archive.manifest["revision"]
    if revision not in migrations.known_revisions():
        raise BadArchive(
            f"The archive was made by a newer Huying ({archive.manifest['huying']}, schema"
            f" {revision}); install that first."
        )
    archive.check(tell)


def put_settings(archive: Reader, home: Path, *, overwrite: bool) -> None:
    """Write secrets and settings into the data folder ``home``.

    Raises `HuyingError` if a file exists there with other content, unless ``overwrite``.
    """
    names = [name for name in archive.files if name.startswith("secrets/")]
    if "huying.toml" in archive.files:
        names.append("huying.toml")
    for name in names:
        target = home / name
        if target.exists() and not overwrite and target.read_bytes() != _bytes(archive, name):
            raise HuyingError(
                f"{target} exists already and differs; --overwrite replaces it.", code="exists"
            )
    for name in names:
        archive.extract(name, home / name)


def _bytes(archive: Reader, name: str) -> bytes:
    with archive.open(name) as source:
        return source.read()


async def restore(
    settings: Settings, archive: Reader, tell: Tell, *, overwrite: bool = False
) -> None:
    """Restore rows, recordings, uploads and spools into the installation of these settings.

    Call `check` and `put_settings` before. Raises `HuyingError` when the installation runs, holds
    data (without ``overwrite``), or the database rejects something; the database is then unchanged.
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
                _recordings(archive, settings, tell)
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
            tell(f"{again} requests that had been erased since the backup were erased again")


def _empty(connection: Connection, settings: Settings, *, overwrite: bool) -> Erased:
    """Empty the database after checking that it is not in use and holds no data (unless
    ``overwrite``); return what had been erased in it."""
    others = connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = current_user AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    )
    if others:
        raise HuyingError("The database is in use; stop `huying up` first.", code="in_use")
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
        what = ", ".join([*held, *(["files of recordings"] if sound else [])])
        raise HuyingError(
            f"This installation holds data already ({what}); --overwrite replaces it.",
            code="exists",
        )
    erased = database_dump.erased(_raw(connection))
    if there:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return erased


def _recordings(archive: Reader, settings: Settings, tell: Tell) -> None:
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
    # Sessions that were ended since the backup must not become valid again.
    connection.execute(text("DELETE FROM operator_sessions"))
    tell(f"schema {archive.manifest['revision']}, now {newest}")


def _raw(connection: Connection) -> psycopg.Connection:
    return cast(psycopg.Connection, connection.connection.driver_connection)


def _rasa(archive: Reader, settings: Settings, tell: Tell) -> list[str] | None:
    """Restore Rasa's conversations into the store that the settings give it.

    Returns the names of Rasa's records that are newer than our rows; None: no record can be used.
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
    """Have these conversations (None: all) start with a new record in Rasa, made from our rows."""
    change = update(Conversation).values(tracker=None)
    if names is not None:
        change = change.where(Conversation.tracker.in_(names))
    connection.execute(change)


async def _erase_again(settings: Settings, url: str, erased: Erased) -> int:
    """Erase again what was erased after the archive was made; return the number of requests."""
    count = 0
    engine, sessions = connect(url, pool_size=2)
    try:
        for number, at in erased:
            moment, left = datetime.fromisoformat(at), None
            if number.startswith("household "):
                await _erase_household(sessions, int(number.split()[1]), moment)
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


async def _erase_household(sessions: Sessions, household_id: int, erased_at: datetime) -> None:
    """Erase a household again; its requests have entries of their own. A household that was made
    after the erasing only has the same id, and stays."""
    async with sessions.begin() as session:
        household = await session.get(Household, household_id)
        if household is not None and household.created_at < erased_at:
            await erase_household.remove(session, household.id)
