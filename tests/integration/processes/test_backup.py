"""A backup is whole, also of an installation at work, and any PostgreSQL can take it back."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from intake.accounts import households, operators
from intake.backup import create, database_dump, restore
from intake.backup.archive import BadArchive, Reader, Writer
from intake.cli import app
from intake.errors import HuyingError
from intake.lifecycle import Actor
from intake.privacy import erase_household
from intake.privacy.erase_request import erase
from intake.processes import postgres
from intake.processes.postgres import installation
from intake.service_requests import Author
from intake.settings import Settings, load
from intake.storage import migrations
from intake.storage.db import engine_url
from intake.storage.models import AccessLog, Base, Household
from intake.storage.spool import Spool
from tests.conftest import wav_of
from tests.support.chat import Chat

DEBIAN = Path("/usr/lib/postgresql/15/bin")


def said(line: str) -> None:
    """Progress that nobody reads."""


@contextlib.contextmanager
def server(binaries: Path) -> Iterator[str]:
    """Another PostgreSQL for the length of a test; yields the superuser's URL of a database."""
    user = None
    if os.geteuid() == 0:
        installation.ensure_user(postgres.USER)
        user = postgres.USER
        uid = pwd.getpwnam(user).pw_uid
    data = Path(tempfile.mkdtemp(prefix="huying-pg-"))
    if user:
        os.chown(data, uid, -1)
    try:
        made = data / "cluster"
        options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        common: dict[str, Any] = {
            "user": user,
            "group": user,
            "extra_groups": [] if user else None,
            "cwd": "/",
            "env": postgres.environment(),
        }
        subprocess.run(
            [binaries / "initdb", f"--pgdata={made}", *options],
            check=True,
            capture_output=True,
            **common,
        )
        process = subprocess.Popen(
            [binaries / "postgres", "-D", made, "-k", data, "-c", "listen_addresses=", "-c",
             "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **common,
        )  # fmt: skip
        try:
            url = f"postgresql://postgres@/postgres?host={data}"
            for _ in range(600):
                with contextlib.suppress(psycopg.Error), psycopg.connect(url):
                    break
                assert process.poll() is None
                time.sleep(0.1)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE ROLE huying LOGIN")
                connection.execute("CREATE DATABASE huying OWNER huying")
                connection.execute("CREATE DATABASE rasa OWNER huying")
            yield f"postgresql://huying@/huying?host={data}"
        finally:
            process.terminate()
            process.wait(30)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def programs(version: str) -> Path:
    """The programs of a version that is older than the embedded server's own."""
    if version == "15":
        if not DEBIAN.is_dir():
            pytest.skip("Debian's PostgreSQL 15 is not installed")
        return DEBIAN
    if os.geteuid() != 0:
        return installation.wheel_folder() / "pginstall" / "bin"
    copy = installation.copy_for_user("pginstall") / "pginstall"
    installation.ensure_binaries(copy)
    return copy / "bin"


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Table → (rows, a hash over all of them, whatever their order)."""
    found = {}
    with psycopg.connect(url, options=database_dump.OPTIONS) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (name,) in names:
            query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(name))
            rows = sorted(row[0] for row in connection.execute(query).fetchall())
            found[name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    return found


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture
def empty(postgres: str) -> Callable[[], str]:
    """Makes databases without anything in them."""

    def make() -> str:
        name = f"empty_{secrets.token_hex(4)}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


def rasa_has(url: str, *senders: str) -> None:
    """Rasa's own table, as it makes it, with these memories."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS events (id serial PRIMARY KEY, sender_id varchar(255)"
            " NOT NULL, type_name varchar(255) NOT NULL, timestamp float, intent_name text,"
            " action_name text, data text)"
        )
        connection.execute("CREATE INDEX IF NOT EXISTS ix_events_sender ON events (sender_id)")
        for sender in senders:
            connection.execute(
                "INSERT INTO events (sender_id, type_name, timestamp, data)"
                " VALUES (%s, 'user', 1, %s)",
                [sender, json.dumps({"text": "说了\\什么\t\n"})],
            )


@pytest.fixture
async def full(
    make_settings: Callable[..., Settings], empty: Callable[[], str], tmp_path: Path
) -> AsyncIterator[Chat]:
    """An installation with something of everything."""
    url = tmp_path / "home" / "secrets" / "rasa-database"
    url.parent.mkdir(parents=True)
    url.write_text(empty())
    chat = Chat(make_settings(chat={"tracker_url_file": url}))
    await chat.places()
    await chat.says("家里水管漏了，幸福里三号楼二单元501")
    await chat.speaks("对，电话13812345678")
    await chat.shows()
    tone = wav_of([0.2 * math.sin(n / 5) for n in range(4000)])
    chat.ears.says = "麻烦帮我买一瓶酱油\\N 送来"
    form = {"phone": "13812345678", "name": "王\\阿姨\t"}
    key = {"Idempotency-Key": "k1"}
    left = await chat.client.post(
        "/api/voicemails", files={"audio": ("a.wav", tone)}, data=form, headers=key
    )
    assert left.status_code == 202
    await chat.work()
    async with chat.parts.sessions.begin() as session:
        home = await households.save(session, None, {"name": "王阿姨", "place": "幸福里"})
        await households.make_link(session, home, chat.parts.link_secrets[0], end_earlier=False)
    spool = Spool(chat.settings.home / "spool" / "wechat")
    await spool.put("message", b"<xml>waits</xml>")
    uploads = chat.settings.home / "uploads"
    (uploads / ("a" * 32 + ".part")).write_bytes(tone)
    async with chat.parts.sessions() as session:
        tracker = await session.scalar(text("SELECT tracker FROM conversations"))
    rasa_has(url.read_text(), *filter(None, [tracker]), "9.dead")
    yield chat
    await chat.close()


def save(chat: Chat, target: Path) -> Path:
    return create.back_up(chat.settings, target, said, version="0")


async def put_back(
    archive: Path, home: Path, url: str, *, rasa: str | None = None, overwrite: bool = False
) -> Settings:
    """As the command does it."""
    with Reader(archive) as opened:
        restore.check(opened, said)
        restore.put_settings(opened, home, overwrite=overwrite)
        table: dict[str, Any] = {"home": home, "database_url": url}
        if rasa is not None:
            (home / "secrets").mkdir(parents=True, exist_ok=True)
            (home / "secrets" / "rasa-database").write_text(rasa)
            table["chat"] = {"tracker_url_file": home / "secrets" / "rasa-database"}
        settings = Settings.model_validate(table)
        await restore.restore(settings, opened, said, overwrite=overwrite)
    return settings


async def test_what_is_restored_equals_what_was_saved(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    archive = save(full, tmp_path / "backups")
    assert archive.stat().st_mode & 0o777 == 0o600
    target, rasa = empty(), empty()
    home = tmp_path / "new"
    await put_back(archive, home, target, rasa=rasa)
    saved = contents(str(full.settings.database_url))
    assert saved["service_requests"][0] >= 2 and saved["messages"][0] >= 6
    assert contents(target) == saved
    old_rasa = full.settings.chat.tracker_url_file
    assert old_rasa is not None
    assert contents(rasa) == contents(old_rasa.read_text())
    sound = files(full.settings.recordings_dir)
    assert len(sound) >= 3 and files(home / "recordings") == sound
    for folder in ("spool", "uploads"):
        assert files(home / folder) == files(full.settings.home / folder) != {}
    assert (home / "secrets/links").read_text() == full.parts.link_secrets[0]
    assert (home / "secrets/links").stat().st_mode & 0o777 == 0o600


async def test_a_restored_installation_goes_on(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    archive = save(full, tmp_path / "backups")
    settings = await put_back(archive, tmp_path / "new", empty())
    again = Chat(settings)
    again.count = 100  # her next message is a new one
    try:
        numbers = {request.tracking_number for request in await again.requests()}
        assert (await again.says("幸福里三号楼二单元501的灯坏了"))[-1].endswith("对吗？")
        made = {request.tracking_number for request in await again.requests()} - numbers
        assert len(made) == 1
    finally:
        await again.close()


@pytest.mark.parametrize("version", ["16", "15"])
async def test_another_version_of_postgresql_takes_it_and_gives_it_back(
    full: Chat, empty: Callable[[], str], tmp_path: Path, version: str
) -> None:
    archive = save(full, tmp_path / "backups")
    with server(programs(version)) as other:
        rasa = make_url(other).set(database="rasa").render_as_string(hide_password=False)
        settings = await put_back(archive, tmp_path / "older", other, rasa=rasa)
        with psycopg.connect(other) as there, psycopg.connect(empty()) as here:
            assert there.info.server_version < here.info.server_version
        saved = contents(str(full.settings.database_url))
        assert contents(other) == saved
        back = create.back_up(settings, tmp_path / "back", said, version="0")
    target = empty()
    await put_back(back, tmp_path / "newest", target, rasa=empty())
    assert contents(target) == saved
    assert files(tmp_path / "newest/recordings") == files(full.settings.recordings_dir)


async def test_an_installation_at_work_is_saved_whole(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    tone = wav_of([0.2 * math.sin(n / 7) for n in range(4000)])
    saved = asyncio.Event()

    async def leave() -> int:
        count = 0
        while not saved.is_set():
            answer = await full.client.post("/api/voicemails", files={"audio": ("a.wav", tone)})
            assert answer.status_code == 202
            count += 1
        return count

    busy = asyncio.create_task(leave())
    await asyncio.sleep(0)
    archive = await asyncio.to_thread(save, full, tmp_path / "backups")
    saved.set()
    assert await busy > 1
    target, home = empty(), tmp_path / "new"
    await put_back(archive, home, target)
    with psycopg.connect(target) as connection:
        rows = connection.execute(
            "SELECT request.id, sound.blob_key, sound.sha256 FROM service_requests AS request"
            " JOIN recordings AS sound ON sound.id = request.recording_id"
        ).fetchall()
        jobs = connection.execute(
            "SELECT count(*) FROM service_requests WHERE status = 'received' AND NOT EXISTS"
            " (SELECT 1 FROM procrastinate_jobs WHERE (args->>'service_request_id')::bigint ="
            " service_requests.id)"
        ).fetchone()
    assert rows and jobs == (0,)
    for _, key, digest in rows:
        assert hashlib.sha256((home / "recordings" / key).read_bytes()).digest() == digest


async def test_no_browser_is_signed_in_after_a_restore(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    async with full.parts.sessions.begin() as session:
        operator = await operators.add(session, "李敏", "operator", None)
        await operators.open_session(session, operator, timedelta(hours=12))
    archive = await asyncio.to_thread(save, full, tmp_path / "backups")
    target = empty()
    await put_back(archive, tmp_path / "new", target)
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM operator_sessions").fetchone() == (0,)
        assert connection.execute("SELECT name FROM operators").fetchall() == [("李敏",)]


async def test_nothing_is_overwritten_unasked(full: Chat, tmp_path: Path) -> None:
    archive = save(full, tmp_path / "backups")
    url = str(full.settings.database_url)
    await full.parts.engine.dispose()
    before = contents(url)
    with pytest.raises(HuyingError, match="holds data already"):
        await put_back(archive, tmp_path / "new", url)
    assert contents(url) == before
    async with full.parts.sessions.begin() as session:
        await session.execute(text("UPDATE service_requests SET place = 'elsewhere'"))
    await full.parts.engine.dispose()
    await put_back(archive, full.settings.home, url, overwrite=True)
    assert _without_trackers(contents(url)) == _without_trackers(before)


def _without_trackers(found: dict[str, Any]) -> dict[str, Any]:
    return {name: rows for name, rows in found.items() if name != "conversations"}


async def test_an_installation_that_is_in_use_is_left_alone(full: Chat, tmp_path: Path) -> None:
    archive = save(full, tmp_path / "backups")
    url = str(full.settings.database_url)
    with psycopg.connect(url) as at_work:
        at_work.execute("SELECT 1")
        with pytest.raises(HuyingError, match="in use"):
            await put_back(archive, tmp_path / "new", url, overwrite=True)


async def test_other_secrets_are_not_overwritten(full: Chat, tmp_path: Path) -> None:
    archive = save(full, tmp_path / "backups")
    home = tmp_path / "new"
    (home / "secrets").mkdir(parents=True)
    (home / "secrets/links").write_text("another")
    with Reader(archive) as opened, pytest.raises(HuyingError, match="--overwrite"):
        restore.put_settings(opened, home, overwrite=False)
    assert (home / "secrets/links").read_text() == "another"
    assert not (home / "secrets/internal").exists()


@pytest.mark.parametrize("what", ["a flipped byte", "cut off", "one missing", "one too many"])
async def test_a_damaged_archive_is_refused_before_anything_is_touched(
    full: Chat, tmp_path: Path, what: str
) -> None:
    archive = save(full, tmp_path / "backups")
    if what == "a flipped byte":
        whole = bytearray(archive.read_bytes())
        at = whole.index(b"RIFF") + 40
        whole[at] ^= 1
        archive.write_bytes(whole)
    elif what == "cut off":
        archive.write_bytes(archive.read_bytes()[:-1000])
    elif what == "one too many":
        with zipfile.ZipFile(archive, "a") as opened:
            opened.writestr("secrets/../../evil", "x")
    else:
        fewer = tmp_path / "fewer.zip"
        with zipfile.ZipFile(archive) as source, zipfile.ZipFile(fewer, "w") as target:
            for name in source.namelist():
                if not name.startswith("secrets/links"):
                    target.writestr(name, source.read(name))
        archive = fewer
    with pytest.raises(BadArchive), Reader(archive) as opened_:
        restore.check(opened_, said)


async def test_what_a_newer_version_made_is_refused(full: Chat, tmp_path: Path) -> None:
    path = tmp_path / "newer.zip"
    with Writer(path) as archive:
        archive.finish({"huying": "9", "revision": "9999", "made_at": "2030"})
    with Reader(path) as opened, pytest.raises(BadArchive, match="newer"):
        restore.check(opened, said)


async def test_an_archive_of_an_older_schema_is_brought_up_to_date(
    empty: Callable[[], str], tmp_path: Path
) -> None:
    old = empty()
    engine = create_engine(engine_url(old))
    with engine.begin() as connection:
        migrations.upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO service_requests (tracking_number, status_key, status_key_hash,"
                " channel, text) VALUES ('1-0000-9', 'k', 'h', 'voicemail', '旧的')"
            )
        )
    engine.dispose()
    settings = Settings.model_validate({"home": tmp_path / "old", "database_url": old})
    archive = create.back_up(settings, tmp_path / "backups", said, version="0")
    target = empty()
    await put_back(archive, tmp_path / "new", target)
    with psycopg.connect(target) as connection:
        found = connection.execute("SELECT text, erased_at, resident_says FROM service_requests")
        assert found.fetchall() == [("旧的", None, None)]
        [[revision]] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert revision == migrations.known_revisions()[0]
    assert contents(target).keys() >= Base.metadata.tables.keys()


async def test_who_was_erased_since_does_not_come_back(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    before = save(full, tmp_path / "backups")
    first, *_ = await full.requests()
    async with full.parts.sessions.begin() as session:
        await erase(session, first.id, Author(Actor.OPERATOR, "Ms Li"), why="asked")
    await asyncio.sleep(1.1)  # archives are named by the second
    save(full, tmp_path / "backups")
    target = empty()
    await put_back(before, tmp_path / "new", target)
    with psycopg.connect(target) as connection:
        rows = connection.execute(
            "SELECT text, erased_at IS NOT NULL FROM service_requests ORDER BY id"
        ).fetchall()
    assert rows[0] == (None, True)
    assert rows[1][0] and not rows[1][1]


async def test_a_household_that_was_erased_since_does_not_come_back_and_a_later_one_does(
    full: Chat, empty: Callable[[], str], tmp_path: Path
) -> None:
    async with full.parts.sessions.begin() as session:
        session.add(Household(name="留下的一户"))
    before = save(full, tmp_path / "backups")
    async with full.parts.sessions.begin() as session:
        gone = await session.scalar(select(Household.id).where(Household.name == "王阿姨"))
        assert gone is not None
        await erase_household.remove(session, gone)
        session.add(AccessLog(who="周立", action=f"household {gone}: erase"))
        # As after an older archive came back: another home with the number of an erased one.
        session.add(AccessLog(who="周立", action="household 77: erase"))
    await asyncio.sleep(1.1)  # archives are named by the second
    later = save(full, tmp_path / "backups")
    target = empty()
    await put_back(before, tmp_path / "new", target)
    with psycopg.connect(target) as connection:
        names = connection.execute("SELECT name FROM households").fetchall()
        assert names == [("留下的一户",)]
        connection.execute(
            "INSERT INTO households (id, name) OVERRIDING SYSTEM VALUE VALUES (77, '新的一户')"
        )
    settings = Settings.model_validate({"home": tmp_path / "new", "database_url": target})
    last = create.back_up(settings, later.parent / "last.zip", said, version="0")
    again = empty()
    await put_back(last, tmp_path / "newer", again)
    with psycopg.connect(again) as connection:
        names = connection.execute("SELECT name FROM households ORDER BY id").fetchall()
    assert names == [("留下的一户",), ("新的一户",)]


def test_backups_expire_by_age_and_by_number(tmp_path: Path) -> None:
    def named(days: float) -> Path:
        at = datetime.now(UTC) - timedelta(days=days)
        path = tmp_path / f"huying-{at.strftime(create.STAMP)}.zip"
        path.touch()
        return path

    new, middle, old = named(0), named(5), named(40)
    other = tmp_path / "holiday.zip"
    other.touch()
    assert create.expire(tmp_path, days=0) == []
    assert create.expire(tmp_path, days=30) == [old]
    assert create.expire(tmp_path, days=30, keep=1) == [middle]
    assert sorted(tmp_path.iterdir()) == sorted([new, other])
    only = tmp_path / "only"
    only.mkdir()
    last = only / named(400).name
    last.touch()
    assert create.expire(only, days=30) == [] and last.exists()


def test_an_archive_that_can_not_be_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), Writer(tmp_path / "a.zip") as archive:
        with archive.member("x") as out:
            out.write(b"x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_commands_restore_an_installation_on_a_server_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both homes have embedded servers, which are down before and after each command."""
    old, new = tmp_path / "old", tmp_path / "new"
    homes = [load(env={"HUYING_HOME": str(home)}) for home in (old, new)]
    try:
        with postgres.running(homes[0]) as url:
            migrations.migrate(url)
            with psycopg.connect(url) as connection:
                connection.execute("INSERT INTO households (name) VALUES ('王阿姨')")
        (old / "secrets/links").write_text("a secret")
        (old / "huying.toml").write_text('human_phone = "010-5555 0100"\n')
        runner = CliRunner()
        monkeypatch.setenv("HUYING_HOME", str(old))
        backups = tmp_path / "backups"
        done = runner.invoke(app, ["backup", str(backups)])
        assert done.exit_code == 0, done.output
        [archive] = backups.glob("huying-*.zip")
        monkeypatch.setenv("HUYING_HOME", str(new))
        whole = runner.invoke(app, ["restore", "--check", str(archive)])
        assert whole.exit_code == 0 and "It is whole." in whole.output
        assert not (new / "secrets/links").exists()
        done = runner.invoke(app, ["restore", str(archive)])
        assert done.exit_code == 0, (done.output, done.exception)
        assert (new / "secrets/links").read_text() == "a secret"
        assert load(env={"HUYING_HOME": str(new)}).human_phone == "010-5555 0100"
        again = runner.invoke(app, ["restore", str(archive)])
        assert again.exit_code == 1 and "--overwrite" in str(again.exception)
        with postgres.running(homes[1]) as url, psycopg.connect(url) as connection:
            names = connection.execute("SELECT name FROM households").fetchall()
        assert names == [("王阿姨",)]
    finally:
        for settings in homes:
            made = postgres.cluster(settings)
            for folder in (made.data.parent, made.sockets):
                shutil.rmtree(folder, ignore_errors=True)
