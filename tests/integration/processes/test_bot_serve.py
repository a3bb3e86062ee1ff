"""How Rasa is started: every secret that may be drawn is taken."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from intake.assistant.training import QUIET, bot_python
from intake.settings import ROOT


def test_a_token_that_begins_with_a_dash_is_a_token_and_not_an_option() -> None:
    started = subprocess.run(
        [str(bot_python(ROOT)), "-m", "bot.serve", "--no-such-option"],
        env={
            **os.environ,
            "HUYING_ASSISTANT_TOKEN": "-kept.secret",
            "HUYING_ASSISTANT_SOCKET": "/nowhere/rasa",
            "HUYING_ACTIONS_SOCKET": "/nowhere/actions",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "unrecognized arguments: --no-such-option" in started.stderr
    assert "--auth-token" not in started.stderr.splitlines()[-1]


@pytest.mark.parametrize("missing", ["TOKEN", "SOCKET"])
def test_without_its_token_and_its_sockets_rasa_does_not_open_a_port(missing: str) -> None:
    env = {"HUYING_ASSISTANT_TOKEN": "t"} if missing == "SOCKET" else {}
    started = subprocess.run(
        [str(bot_python(ROOT)), "-m", "bot.serve"],
        env={**os.environ, **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    (line,) = started.stderr.splitlines()
    assert f"HUYING_ASSISTANT_{missing}" in line


WAIT = """
import sys
from bot import serve
serve.DATABASE_SECONDS = float(sys.argv[2])
print("waiting", flush=True)
serve.wait_for_database(sys.argv[1])
"""


def waiting(url: str, seconds: float) -> subprocess.Popen[str]:
    """Rasa's Python waits for a database; its first line is out."""
    started = subprocess.Popen(
        [str(bot_python(ROOT)), "-c", WAIT, url, str(seconds)],
        env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "waiting\n"
    return started


def test_rasa_waits_for_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    started = waiting(f"sqlite:///{folder}/conversations.db", 60)
    assert started.poll() is None
    folder.mkdir()
    _, said = started.communicate(timeout=60)
    assert (started.returncode, said) == (0, "")


def test_a_database_that_never_comes_is_one_sentence(tmp_path: Path) -> None:
    started = waiting(f"sqlite:///{tmp_path}/never/conversations.db", 0.5)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 1
    assert said.startswith("Rasa's database can't be reached: ")
    assert len(said.splitlines()) == 1
