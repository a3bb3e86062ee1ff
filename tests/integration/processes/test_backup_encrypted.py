"""Encrypted backups, as the commands make and open them."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from intake.backup import create
from intake.cli import app
from intake.processes import postgres
from intake.settings import load
from intake.storage import migrations


def test_the_nights_backup_is_encrypted_and_comes_back_with_the_identity_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, backups = tmp_path / "old", tmp_path / "new", tmp_path / "backups"
    identity, other = tmp_path / "stick.txt", tmp_path / "other.txt"
    houses = [load(env={"HUYING_HOME": str(home)}) for home in (old, new)]
    runner = CliRunner()
    try:
        with postgres.running(houses[0]) as url:
            migrations.migrate(url)
            with psycopg.connect(url) as connection:
                connection.execute("INSERT INTO households (name) VALUES ('欧阳菊香')")
        made = runner.invoke(app, ["backup-key", str(identity)])
        assert made.exit_code == 0 and made.output.startswith("age1")
        assert runner.invoke(app, ["backup-key", str(other)]).exit_code == 0
        (old / "huying.toml").write_text(f'[backup]\nencrypt_to = ["{made.output.strip()}"]\n')
        monkeypatch.setenv("HUYING_HOME", str(old))
        done = runner.invoke(app, ["backup", str(backups)])
        assert done.exit_code == 0, (done.output, done.exception)
        [archive] = backups.glob("huying-*")
        assert create.NAME.fullmatch(archive.name) and archive.suffix == ".age"
        assert "欧阳菊香".encode() not in archive.read_bytes()
        plain = runner.invoke(app, ["backup", str(backups / "mine.zip")])
        assert plain.exit_code == 1 and "ends with .age" in str(plain.exception)
        monkeypatch.setenv("HUYING_HOME", str(new))
        for given, said in (
            ([], "--identity"),
            (["--identity", str(other)], "another key"),
            (["--identity", str(tmp_path / "nowhere")], "can't be read"),
        ):
            refused = runner.invoke(app, ["restore", str(archive), *given])
            assert refused.exit_code == 1 and said in str(refused.exception)
            assert not new.exists() or not any(new.iterdir())
        opened = ["--identity", str(identity), str(archive)]
        whole = runner.invoke(app, ["restore", "--check", *opened])
        assert whole.exit_code == 0 and "It is whole." in whole.output
        done = runner.invoke(app, ["restore", *opened])
        assert done.exit_code == 0, (done.output, done.exception)
        with postgres.running(houses[1]) as url, psycopg.connect(url) as connection:
            names = connection.execute("SELECT name FROM households").fetchall()
        assert names == [("欧阳菊香",)]
        assert [path.name for path in backups.iterdir() if path.name != "erased.txt"] == [
            archive.name
        ]
        assert create.expire(backups, days=0, keep=1) == []
    finally:
        for settings in houses:
            cluster = postgres.cluster(settings)
            for folder in (cluster.data.parent, cluster.sockets):
                shutil.rmtree(folder, ignore_errors=True)
