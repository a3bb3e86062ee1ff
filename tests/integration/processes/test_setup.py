"""`make setup` where something is missing: one sentence that says what to do, and nothing left.

Each test runs the real script in a copy of what it needs, with the real uv.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from intake.settings import ROOT

NEEDED = ("tools/__init__.py", "tools/setup", "pyproject.toml", "requirements.lock", "bot")
SKIPPED = shutil.ignore_patterns(".venv", "__pycache__")


def copy(target: Path) -> Path:
    """A checkout with what the first steps read; its pages are empty folders."""
    for name in NEEDED:
        source, to = ROOT / name, target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, to, ignore=SKIPPED, symlinks=True)
        else:
            shutil.copy(source, to)
    for name in ("page", "desk", "speech"):
        (target / name).mkdir()
        (target / name / "package.json").write_text("{}")
    (target / "speech" / "models.py").touch()
    return target


def environment(root: Path, **extra: str) -> dict[str, str]:
    """Nothing cached, and an index that nobody serves unless `extra` names one."""
    nowhere = "http://127.0.0.1:9"
    return {
        **os.environ,
        "PATH": f"{ROOT / 'build/uv/bin'}{os.pathsep}{os.environ['PATH']}",
        "UV_CACHE_DIR": str(root / "cache"),
        "UV_DEFAULT_INDEX": f"{nowhere}/simple",
        "UV_HTTP_RETRIES": "0",
        "PIP_INDEX_URL": f"{nowhere}/simple",
        "npm_config_registry": nowhere,
        "npm_config_fetch_retries": "0",
        **extra,
    }


def setup(root: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "tools/setup/setup.sh")],
        env=environment(root, **extra),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_named_python_that_does_not_do_is_said_so_and_nothing_is_made(tmp_path: Path) -> None:
    root = copy(tmp_path / "house")
    said = sentence(setup(root, HUYING_PYTHON="/bin/false"))
    assert said == "setup: HUYING_PYTHON=/bin/false does not run, or is not 3.11 to 3.13."
    assert not (root / "build").exists()
    said = sentence(setup(root, HUYING_PYTHON310="/bin/false"))
    assert said == "setup: HUYING_PYTHON310=/bin/false does not run, or is not 3.10."


def test_without_a_network_one_sentence_says_what_can_be_done(tmp_path: Path) -> None:
    said = sentence(setup(copy(tmp_path / "house")))
    assert "nothing can be fetched" in said
    assert "UV_DEFAULT_INDEX" in said
    assert "Traceback" not in said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this user can't mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_with_how_much_is_needed(small_disk: Path) -> None:
    root = copy(small_disk / "house")
    (small_disk / "filler").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 40_000))
    said = sentence(setup(root))
    assert said.startswith("setup: The disk is full: ")
    assert "about 3 GB" in said


@pytest.fixture
def silent_index() -> Iterator[str]:
    """An index that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple"


def fetches(pid: int) -> bool:
    """Has this setup begun to fetch packages?"""
    for program in psutil.Process(pid).children():
        with contextlib.suppress(psutil.Error):
            if "sync" in program.cmdline():
                return True
    return False


def lives(program: psutil.Process) -> bool:
    try:
        return program.is_running() and program.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_interrupted_setup_ends_its_programs_and_says_that_it_goes_on(
    tmp_path: Path, silent_index: str
) -> None:
    root = copy(tmp_path / "house")
    package = {"name": "page", "version": "1.0.0", "scripts": {"build": "sleep 600"}}
    # Its build goes on until it is ended; one that failed would end the setup before the signal.
    (root / "page" / "package.json").write_text(json.dumps(package))
    locked = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (root / "page" / "package-lock.json").write_text(json.dumps(locked))
    running = subprocess.Popen(
        [str(root / "tools/setup/setup.sh")],
        env=environment(root, UV_DEFAULT_INDEX=silent_index),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not fetches(running.pid):
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    programs = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert said.strip() == "setup: stopped; the next call goes on where this one ended."
    assert not [p for p in programs if lives(p)]
    assert not list((root / "build" / "stamps").glob("*.venv"))
