"""The embedded PostgreSQL: who may reach it, and what it survives."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy.engine import make_url

from intake.processes import postgres
from intake.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(env={"HUYING_HOME": str(tmp_path / "home")})


def postmaster(settings: Settings) -> psutil.Process:
    lines = (postgres.cluster(settings).data / "postmaster.pid").read_text().splitlines()
    return psutil.Process(int(lines[0]))


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_nobody_gets_in_without_the_password(settings: Settings) -> None:
    with postgres.running(settings, keep=False) as url:
        for changed in ({"password": "guess"}, {"password": ""}, {"username": "postgres"}):
            bad = make_url(url).set(**changed).render_as_string(hide_password=False)
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(bad)
        made = postgres.cluster(settings)
        rules = (made.data / "pg_hba.conf").read_text()
        assert rules.split() == ["local", "all", "all", "scram-sha-256"]
        for folder in (made.data, made.sockets):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert postmaster(settings).net_connections("inet") == []
        assert postmaster(settings).uids().effective != 0


def test_our_role_rules_its_databases_only(settings: Settings) -> None:
    with postgres.running(settings, keep=False) as url:
        assert one(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert one(url, "SHOW data_checksums") == "on"
        assert one(url, "SHOW fsync") == "on"
        assert one(url, "SHOW server_encoding") == "UTF8"
        assert one(url, "SELECT lower('ÄÉ')") == "äé"
        assert one(url, "SELECT current_database()") == postgres.ROLE


def test_no_folder_that_we_did_not_make_is_opened(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    settings = load(env={"HUYING_HOME": str(private / "home")})
    before = {p: p.stat().st_mode for p in (private, *private.parents)}
    with postgres.running(settings, keep=False):
        assert {p: p.stat().st_mode for p in before} == before


def test_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    settings = load(env={"HUYING_HOME": str(tmp_path / "long" / ("x" * 120) / "home")})
    with postgres.running(settings, keep=False) as url:
        assert one(url, "SELECT 1") == 1


def test_what_was_committed_is_there_after_a_kill(settings: Settings) -> None:
    with postgres.running(settings) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        postmaster(settings).send_signal(signal.SIGKILL)
    assert postgres.dsn(settings) is None
    with postgres.running(settings, keep=False) as url:
        assert one(url, "SELECT n FROM kept") == 7


def test_a_server_that_runs_is_used_and_left_alone(settings: Settings) -> None:
    assert postgres.dsn(settings) is None
    with postgres.running(settings, keep=False) as url:
        first = postmaster(settings)
        assert postgres.dsn(settings) == url
        with postgres.running(settings) as again:
            assert again == url
        assert postmaster(settings) == first
        assert one(url, "SELECT 1") == 1
    assert postgres.dsn(settings) is None


def test_a_pid_file_whose_number_another_program_got_is_no_server(settings: Settings) -> None:
    with postgres.running(settings):
        lines = (postgres.cluster(settings).data / "postmaster.pid").read_text().splitlines()
    pid_file = postgres.cluster(settings).data / "postmaster.pid"
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    assert postgres.dsn(settings) is None
    with postgres.running(settings, keep=False) as url:
        assert one(url, "SELECT 1") == 1


def test_what_a_killed_initdb_left_is_no_database(settings: Settings) -> None:
    made = postgres.cluster(settings)
    half = made.data.parent / "fresh"
    half.mkdir(parents=True, mode=0o700)
    (half / "PG_VERSION").write_text("18\n")
    (half / "base").mkdir()
    with postgres.running(settings, keep=False) as url:
        assert one(url, "SELECT 1") == 1


def test_a_data_folder_that_is_made_anew_gets_none_of_the_old_data(settings: Settings) -> None:
    with postgres.running(settings, keep=False) as url:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        for name in ("postgres", postgres.ADMIN_SECRET):
            (settings.secrets_dir / name).unlink()
        if os.geteuid() == 0:
            with postgres.running(settings, keep=False) as fresh:
                assert one(fresh, "SELECT to_regclass('kept')") is None


def test_rasa_has_a_database_of_its_own_and_sees_no_other(settings: Settings) -> None:
    with postgres.running(settings, keep=False):
        made = postgres.cluster(settings)
        assert (
            one(made.rasa_url(), "SELECT current_user || '@' || current_database()") == "rasa@rasa"
        )
        assert one(made.rasa_url(), "SELECT current_database()") == postgres.RASA
        ours = made.rasa_url().replace("/rasa?", "/huying?")
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            one(ours, "SELECT 1")
