"""The units that `huying systemd` writes are ones that systemd takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intake.cli import app
from intake.settings import ROOT


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUYING_HOME", "/srv/huying")
    folder = tmp_path / "units"
    folder.mkdir()
    done = CliRunner().invoke(
        app, ["systemd", "--user", "daemon", "--folder", str(folder), "--backups", "/srv/archives"]
    )
    assert done.exit_code == 0, done.output
    return folder


def test_systemd_finds_nothing_wrong_with_them(written: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    units = sorted(str(path) for path in written.iterdir())
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_they_run_this_installation_and_may_write_nowhere_else(written: Path) -> None:
    house = (written / "huying.service").read_text()
    assert f"WorkingDirectory={ROOT}\n" in house
    assert "Environment=HUYING_HOME=/srv/huying\n" in house
    assert "ReadWritePaths=/srv/huying\n" in house
    assert "ProtectSystem=strict" in house and "{" not in house
    assert "SystemCallErrorNumber=EPERM\n" in house and "LimitNOFILE=65536\n" in house
    assert "Type=notify\nNotifyAccess=main\n" in house and "WatchdogSec=60\n" in house
    backup = (written / "huying-backup.service").read_text()
    assert "backup /srv/archives\n" in backup
    assert "ReadWritePaths=/srv/huying /srv/archives\n" in backup


def test_root_is_refused() -> None:
    refused = CliRunner().invoke(app, ["systemd", "--user", "root"])
    assert refused.exit_code != 0 and "--user" in str(refused.exception)
