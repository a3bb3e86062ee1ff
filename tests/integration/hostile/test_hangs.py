"""A part that lives and does nothing is noticed and started anew; a slow one is waited for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from intake.processes.supervisor import liveness, read_state
from intake.settings import ROOT
from tests.support.stack import until

HOUSE = ROOT / "tests" / "support" / "supervised.py"
PATIENCE = 60.0
BEATS = (
    "import asyncio, os, pathlib, signal, subprocess, sys, time\n"
    "from intake.processes import heartbeat\n"
    "heartbeat.BEAT_SECONDS = 0.02\n"
    "hang = pathlib.Path(os.environ['TEST_HOME']) / f'hang {os.getpid()}'\n"
    "async def main():\n"
    "    beating = asyncio.create_task(heartbeat.beat())\n"
    "    while not hang.exists(): await asyncio.sleep(0.01)\n"
    "    HANGS\n"
    "asyncio.run(main())"
)
SERVES = (
    "import os, pathlib, socket, threading, time\n"
    "home = pathlib.Path(os.environ['TEST_HOME'])\n"
    "hang = home / f'hang {os.getpid()}'\n"
    "listening = socket.create_server(('127.0.0.1', 0))\n"
    "(home / 'port.new').write_text(str(listening.getsockname()[1]))\n"
    "(home / 'port.new').rename(home / 'port')\n"
    "WELL = b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n'\n"
    "held = []\n"
    "while True:\n"
    "    one, _ = listening.accept()\n"
    "    one.recv(4096)\n"
    "    if hang.exists():\n"
    "        HANGS\n"
    "    else:\n"
    "        one.sendall(WELL); one.close()\n"
)
BESIDE = "import time; time.sleep(601)"
# How it hangs → the part's plan without its name.
HANGS: dict[str, dict[str, Any]] = {
    "its event loop is blocked": {"code": BEATS.replace("HANGS", "time.sleep(600)")},
    "it counts for ever": {"code": BEATS.replace("HANGS", "while True: pass")},
    "its task for signs of life ended": {
        "code": BEATS.replace("HANGS", "beating.cancel(); await asyncio.sleep(600)")
    },
    "it stopped itself": {"code": BEATS.replace("HANGS", "os.kill(os.getpid(), signal.SIGSTOP)")},
    "it waits for a child that hangs in a session of its own": {
        "code": BEATS.replace(
            "HANGS",
            f"subprocess.run([sys.executable, '-c', {BESIDE!r}], start_new_session=True)",
        )
    },
    "it accepts and never answers": {"code": SERVES.replace("HANGS", "held.append(one)")},
    "it accepts no more": {"code": SERVES.replace("HANGS", "time.sleep(600)")},
    "it closes its door": {"code": SERVES.replace("HANGS", "listening.close(); time.sleep(600)")},
    "it closes each connection": {"code": SERVES.replace("HANGS", "one.close()")},
    "it answers half a line": {
        "code": SERVES.replace("HANGS", "one.sendall(WELL[:9]); held.append(one)")
    },
    "it answers headers without end": {
        "code": SERVES.replace("HANGS", "held.append(one); one.sendall(WELL[:-2] + b'X: y\\r\\n')")
    },
    "it answers rubbish": {
        "code": SERVES.replace("HANGS", "one.sendall(b'\\0' * 99); one.close()")
    },
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*plans: dict[str, Any], **env: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(HOUSE), str(tmp_path), json.dumps(plans)],
            env={**os.environ, "TEST_ASK_SECONDS": "0.2", "PYTHONPATH": str(ROOT), **env},
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE)


def running(home: Path, other_than: set[int] = frozenset()) -> dict[str, int]:  # type: ignore[assignment]
    """The parts that run as other processes than these: name → pid."""
    return {
        state.name: state.pid
        for state in read_state(home)
        if state.state == "running" and state.pid is not None and state.pid not in other_than
    }


def left_of(home: Path, code: str) -> list[psutil.Process]:
    """Processes of this home that run this code."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if code in process.cmdline() and process.environ().get("TEST_HOME") == str(home):
                found.append(process)
    return found


def log_of(home: Path) -> str:
    return (home / "log" / "huying.log").read_text()


def plan(name: str, **fields: Any) -> dict[str, Any]:
    beats = "heartbeat" in fields["code"]
    asked: dict[str, Any] = {"heartbeat": True} if beats else {"port": f"{name}.port"}
    fields["code"] = fields["code"].replace("(home / 'port", f"(home / '{name}.port")
    fields["code"] = fields["code"].replace("home / 'port'", f"home / '{name}.port'")
    return {"name": name, "hang_seconds": 1.0, **asked, **fields}


def test_whatever_hangs_is_noticed_and_started_anew(house: Any, tmp_path: Path) -> None:
    names = {how: f"p{number}" for number, how in enumerate(HANGS)}
    house(*(plan(names[how], **one) for how, one in HANGS.items()))
    first = until(lambda: len(now := running(tmp_path)) == len(names) and now, PATIENCE)
    for pid in first.values():
        (tmp_path / f"hang {pid}").touch()
    old = set(first.values())
    until(lambda: len(running(tmp_path, old)) == len(names), PATIENCE, lambda: log_of(tmp_path))
    for how, name in names.items():
        assert f"{name} has not answered for " in log_of(tmp_path), how
    assert not [pid for pid in old if psutil.pid_exists(pid)]
    until(lambda: not left_of(tmp_path, BESIDE), PATIENCE)


def test_one_that_is_silent_for_a_while_is_shown_and_left_alone(house: Any, tmp_path: Path) -> None:
    house(plan("web", code=SERVES.replace("HANGS", "one.close()"), hang_seconds=600))
    first = until(lambda: running(tmp_path), PATIENCE)["web"]
    hang = tmp_path / f"hang {first}"
    hang.touch()
    until(lambda: [s.state for s in read_state(tmp_path)] == ["silent"], PATIENCE)
    hang.unlink()
    assert until(lambda: running(tmp_path), PATIENCE)["web"] == first


def test_a_machine_that_slept_has_no_part_that_hangs(house: Any, tmp_path: Path) -> None:
    code = BEATS.replace("HANGS", "pass")
    supervisor = house(plan("worker", code=code, hang_seconds=1.5))
    first = until(lambda: running(tmp_path), PATIENCE)
    supervisor.send_signal(signal.SIGSTOP)
    with subprocess.Popen(["sleep", "2.5"]):
        pass
    supervisor.send_signal(signal.SIGCONT)
    before = state_of(supervisor).num_ctx_switches().voluntary
    until(lambda: state_of(supervisor).num_ctx_switches().voluntary > before + 40, PATIENCE)
    assert running(tmp_path) == first
    assert "has not answered" not in log_of(tmp_path)


def state_of(process: subprocess.Popen[bytes]) -> psutil.Process:
    return psutil.Process(process.pid)


def test_a_slow_start_is_waited_for_while_it_works(house: Any, tmp_path: Path) -> None:
    works = "import time\nend = time.process_time() + 3\nwhile time.process_time() < end: pass\n"
    house(plan("rasa", code=works + SERVES.replace("HANGS", "pass"), ready_seconds=0.5))
    until(lambda: running(tmp_path), PATIENCE, lambda: log_of(tmp_path))
    assert "not ready" not in log_of(tmp_path)


def test_a_start_that_does_nothing_is_tried_again(house: Any, tmp_path: Path) -> None:
    once = "import os, pathlib, time\nflag = pathlib.Path(os.environ['TEST_HOME']) / 'tried'\n"
    once += "if not flag.exists():\n    flag.touch(); time.sleep(600)\n"
    house(plan("rasa", code=once + SERVES.replace("HANGS", "pass"), ready_seconds=1))
    until(lambda: running(tmp_path), PATIENCE, lambda: log_of(tmp_path))
    assert "not ready after " in log_of(tmp_path)


def test_each_time_a_part_was_given_up_it_gets_twice_the_time() -> None:
    given = [liveness.patience(60, times) for times in range(8)]
    assert given == [60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_systemd_is_told_that_all_is_up_and_then_again_and_again_that_it_lives(
    house: Any, tmp_path: Path
) -> None:
    place = Path(f"/tmp/huying-notify-{os.getpid()}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(place))
        listening.settimeout(PATIENCE)
        try:
            gate = "import os, pathlib, time\nhome = pathlib.Path(os.environ['TEST_HOME'])\n"
            gate += "while not (home / 'open').exists(): time.sleep(0.01)\n"
            supervisor = house(
                plan("web", code=gate + SERVES.replace("HANGS", "pass")), NOTIFY_SOCKET=str(place)
            )
            told = listening.recv(4096).decode().splitlines()
            assert told == ["WATCHDOG=1", "STATUS=waiting for web"]
            (tmp_path / "open").touch()
            while "READY=1" not in told:
                assert "WATCHDOG=1" in told
                told = listening.recv(4096).decode().splitlines()
            assert told == ["WATCHDOG=1", "READY=1", "STATUS=all parts run"]
            assert listening.recv(4096).decode().splitlines() == ["WATCHDOG=1", "READY=1"]
            supervisor.send_signal(signal.SIGTERM)
            while "STOPPING=1" not in told:
                told = listening.recv(4096).decode().splitlines()
        finally:
            place.unlink()
