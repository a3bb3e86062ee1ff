"""Backs up an installation, also while it runs, into one archive that can be restored elsewhere.

The files in spools and uploads are copied first, then the database in one snapshot, then the
recordings that this snapshot names. A message that is processed meanwhile is in one of them or in
two, never in none; one that is in two is recognised by its key after a restore.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from intake.assistant import tracker_store
from intake.assistant.client import tracker_file
from intake.backup import database_dump, encryption
from intake.backup.archive import Progress, Writer
from intake.errors import HuyingError
from intake.processes import postgres
from intake.settings import Settings, settings_file

NAME = re.compile(r"huying-(\d{8}T\d{6}Z)\.zip(\.age)?", re.ASCII)
STAMP = "%Y%m%dT%H%M%SZ"
ERASED = "erased.txt"
"""A file beside the archives: which requests and households were erased, so that a restore from an
older archive does not bring them back."""
NOT_SECRETS = ("postgres", "postgres-admin", "postgres-rasa")
"""Passwords of the embedded PostgreSQL; a new installation makes its own."""
WAITING = ("uploads", "spool")

Tell = Callable[[str], None]


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The URL of the database; the embedded server is started if it does not run."""
    if settings.database_url is not None:
        yield settings.database_url
    else:
        with postgres.running(settings) as url:
            yield url


def back_up(
    settings: Settings, target: Path, tell: Tell, *, version: str, to: Sequence[Any] = ()
) -> Path:
    """Write an archive; return its path. ``target``: a folder, in which the archive is named by its
    time, or a file.

    ``to``: the keys that it is encrypted to. ``tell`` gets lines about the progress. Raises
    `HuyingError` when the archive can't be written or the database has no schema of ours.
    """
    made_at = datetime.now(UTC)
    folder = not is_file(target)
    ending = f".zip{encryption.SUFFIX}" if to else ".zip"
    path = target / f"huying-{made_at.strftime(STAMP)}{ending}" if folder else target
    with database(settings) as url, Writer(path, to) as archive:
        manifest: dict[str, Any] = {"huying": version, "made_at": made_at.isoformat()}
        _files(archive, settings)
        with database_dump.snapshot(url) as connection:
            manifest["rasa"] = _rasa(archive, settings, tell)
            manifest |= _database(archive, connection, tell)
            manifest["missing"] = _recordings(archive, connection, settings, tell)
            erased = database_dump.erased(connection)
        archive.finish(manifest)
    if folder:
        _note_erased(path.parent / ERASED, erased)
    if manifest["missing"]:
        tell(f"{len(manifest['missing'])} recordings had been deleted meanwhile")
    return path


def is_file(target: Path) -> bool:
    """Does ``target`` name a file, and not a folder?"""
    return target.suffix in (".zip", encryption.SUFFIX)


def _database(archive: Writer, connection: psycopg.Connection, tell: Tell) -> dict[str, Any]:
    with contextlib.suppress(psycopg.errors.UndefinedTable):
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if row is not None:
            known = database_dump.dump(
                connection, lambda name: archive.member(f"database/{name}", packed=True), tell
            )
            server = connection.info.server_version
            return {"revision": row[0], "postgres": server, "database": known}
    raise HuyingError("The database has no schema of ours; run `huying migrate`.", code="no_schema")


def _files(archive: Writer, settings: Settings) -> None:
    """Copy uploads, spools, secrets and the settings file."""
    home = settings.home
    for folder in WAITING:
        for path in sorted((home / folder).rglob("*")):
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".new":
                with contextlib.suppress(FileNotFoundError):  # processed in the meantime
                    archive.add(path.relative_to(home).as_posix(), path)
    for path in sorted(settings.secrets_dir.rglob("*")):
        if path.is_file() and path.name not in NOT_SECRETS and not path.name.startswith("."):
            archive.add(path.relative_to(home).as_posix(), path)
    if (found := settings_file()).is_file():
        archive.add("huying.toml", found)


def _rasa(archive: Writer, settings: Settings, tell: Tell) -> dict[str, Any] | None:
    """Copy Rasa's conversations from PostgreSQL or from its file; None: nothing was copied."""
    named = tracker_store.url(settings)
    if named is None:
        return _rasa_file(archive, tracker_file(settings.home))
    where = make_url(named)
    if where.get_backend_name() != "postgresql":
        tell("Rasa's conversations are in another kind of database and not in the archive")
        return None
    url = where.set(drivername="postgresql").render_as_string(hide_password=False)
    with database_dump.snapshot(url) as connection:
        made_of = database_dump.made_of(connection)
        known = database_dump.dump(
            connection, lambda name: archive.member(f"rasa/{name}", packed=True), tell
        )
        return {"kind": "postgresql", "made_of": made_of, **known}


def _rasa_file(archive: Writer, path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / path.name
        with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        archive.add(f"rasa/{path.name}", copy)
    return {"kind": "sqlite"}


def _recordings(
    archive: Writer, connection: psycopg.Connection, settings: Settings, tell: Tell
) -> list[str]:
    """Copy the recordings that the snapshot names; return the keys of those deleted since."""
    forgets = database_dump.has_column(connection, "recordings", "forgotten_at")
    there = "WHERE forgotten_at IS NULL" if forgets else ""
    query = (
        f"SELECT blob_key FROM recordings {there}"  # noqa: S608
        " UNION SELECT blob_key FROM attachments WHERE blob_key IS NOT NULL ORDER BY 1"
    )
    keys = [row[0] for row in connection.execute(query).fetchall()]
    missing = []
    progress = Progress(tell, "recordings", len(keys))
    for key in keys:
        path = settings.recordings_dir / key
        try:
            archive.add(f"recordings/{key}", path)
            progress.step(archive.files[f"recordings/{key}"]["size"])
        except FileNotFoundError:
            missing.append(key)
            progress.step()
    progress.end()
    return missing


def _note_erased(path: Path, erased: list[tuple[str, str]]) -> None:
    lines = dict.fromkeys([*read_erased(path), *erased])
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{number}\t{received}\n" for number, received in lines))
    fresh.replace(path)


def read_erased(path: Path) -> list[tuple[str, str]]:
    """What a restore must not bring back, in the form of `database_dump.erased`."""
    if not path.exists():
        return []
    pairs = (line.split("\t") for line in path.read_text().splitlines())
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def expire(folder: Path, *, days: float, keep: int | None = None) -> list[Path]:
    """Delete our archives that are older than ``days`` (0: no limit) or beyond the newest ``keep``;
    the newest always stays. Returns the paths that were deleted."""
    now = datetime.now(UTC)
    found = sorted((p for p in folder.iterdir() if NAME.fullmatch(p.name)), reverse=True)
    gone = []
    for number, path in enumerate(found[1:], start=1):
        match = NAME.fullmatch(path.name)
        assert match is not None
        made_at = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
        old = days > 0 and now - made_at > timedelta(days=days)
        if old or (keep is not None and number >= keep):
            path.unlink(missing_ok=True)
            gone.append(path)
    return gone
