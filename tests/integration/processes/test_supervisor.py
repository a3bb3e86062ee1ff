"""Processes that die, hang or are left behind: the supervisor under real signals."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from intake.processes.supervisor import MARK, ProcessState, read_state

HOUSE = Path(__file__).parents[2] / "support" / "supervised.py"
SLEEP = "import time; time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
WITH_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {DEAF!r}])"
MARKS_START = "import os, pathlib; (pathlib.Path(os.environ['TEST_HOME']) / '{0}').touch()\n"
# How long a test waits for what will come. That ending takes at most ten seconds is held by the
# product's own clocks: tests/unit/test_supervisor.py.
START_LIMIT = END_LIMIT = 120.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a supervisor with these parts; nothing of it may be left after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*plans: dict[str, Any]) -> subprocess.Popen[str]:
        argv = [sys.executable, str(HOUSE), str(tmp_path), json.dumps(plans)]
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=HOUSE.parents[2],
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=START_LIMIT)
    left = marked(tmp_path)
    for stray in left:
        stray.kill()
    assert not left


def marked(home: Path) -> list[psutil.Process]:
    """Everything alive that a supervisor of this home started."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.environ().get(MARK) == str(home):
                found.append(process)
    return found


def until(what: Callable[[], Any], limit: float = START_LIMIT) -> Any:
    """Wait for something true, and return it."""
    end = time.monotonic() + limit
    while not (value := what()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return value


def running(home: Path, name: str, *, other_than: int | None = None) -> ProcessState | None:
    for state in read_state(home):
        if state.name == name and state.state == "running" and state.pid != other_than:
            return state
    return None


def log_of(home: Path) -> str:
    path = home / "log" / "huying.log"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_a_part_starts_only_when_what_it_needs_is_ready(house: Any, tmp_path: Path) -> None:
    slow = "import time; time.sleep(1)\n" + MARKS_START.format("base.ready") + SLEEP
    late = "import os, pathlib, time\n"
    late += (
        "print('base ready:', (pathlib.Path(os.environ['TEST_HOME']) / 'base.ready').exists())\n"
    )
    house(
        {"name": "late", "code": late + SLEEP, "needs": ["base"]},
        {"name": "base", "code": slow, "ready": "base.ready"},
    )
    until(lambda: running(tmp_path, "late"))
    until(lambda: "base ready: True" in log_of(tmp_path))


def test_what_runs_once_must_end_well_before_others_start(house: Any, tmp_path: Path) -> None:
    supervisor = house(
        {"name": "migrate", "code": "print('broken'); raise SystemExit(3)", "once": True},
        {"name": "web", "code": SLEEP, "needs": ["migrate"]},
    )
    out, _ = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert "migrate failed (3)" in out
    assert "web is up" not in out


def test_a_part_that_is_killed_comes_back(house: Any, tmp_path: Path) -> None:
    house({"name": "web", "code": SLEEP}, {"name": "worker", "code": SLEEP})
    first = until(lambda: running(tmp_path, "web"))
    other = until(lambda: running(tmp_path, "worker"))
    os.kill(first.pid, signal.SIGKILL)
    second = until(lambda: running(tmp_path, "web", other_than=first.pid))
    assert second.restarts == 1
    assert second.exit_code == -signal.SIGKILL
    assert running(tmp_path, "worker").pid == other.pid


def test_children_of_a_part_that_died_die_with_it(house: Any, tmp_path: Path) -> None:
    house({"name": "worker", "code": WITH_CHILD})
    first = until(lambda: running(tmp_path, "worker"))
    child = until(lambda: psutil.Process(first.pid).children())[0]
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: not alive(child))
    until(lambda: running(tmp_path, "worker", other_than=first.pid))


def test_a_part_that_keeps_dying_is_tried_ever_more_slowly(house: Any, tmp_path: Path) -> None:
    house({"name": "web", "code": "raise SystemExit(7)"})
    state = until(lambda: next((s for s in read_state(tmp_path) if s.restarts >= 4), None))
    assert state.exit_code == 7
    lines = [line for line in log_of(tmp_path).splitlines() if "again in" in line]
    waits = [float(line.split("again in ")[1].removesuffix(" s")) for line in lines[:4]]
    assert waits == sorted(waits)
    assert waits[3] > 4 * waits[0]


def test_a_program_that_is_not_there_does_not_end_the_others(house: Any, tmp_path: Path) -> None:
    house(
        {"name": "web", "code": SLEEP, "cwd": str(tmp_path / "gone")},
        {"name": "worker", "code": SLEEP},
    )
    until(lambda: running(tmp_path, "worker"))
    until(lambda: "can't be started" in log_of(tmp_path))
    assert running(tmp_path, "worker")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_all_even_what_ignores_signals(
    house: Any, tmp_path: Path, number: int
) -> None:
    supervisor = house({"name": "deaf", "code": WITH_CHILD}, {"name": "web", "code": SLEEP})
    deaf = until(lambda: running(tmp_path, "deaf"))
    until(lambda: psutil.Process(deaf.pid).children())
    supervisor.send_signal(number)
    supervisor.communicate(timeout=END_LIMIT)
    assert supervisor.returncode == 0
    assert marked(tmp_path) == []


def test_a_second_signal_ends_all_at_once(house: Any, tmp_path: Path) -> None:
    tells = "import signal\nsignal.signal(15, lambda *_: print('told to end', flush=True))\n"
    stays = "print('ready', flush=True)\nwhile True: signal.pause()"
    supervisor = house({"name": "deaf", "code": tells + stays})
    until(lambda: running(tmp_path, "deaf"))
    until(lambda: "ready" in log_of(tmp_path))
    supervisor.send_signal(signal.SIGINT)
    until(lambda: "told to end" in log_of(tmp_path))
    supervisor.send_signal(signal.SIGINT)
    supervisor.communicate(timeout=END_LIMIT)
    assert marked(tmp_path) == []


def test_the_database_ends_last(house: Any, tmp_path: Path) -> None:
    says = (
        "import signal, sys\nsignal.signal(15, lambda *_: (print('bye', flush=True), sys.exit()))\n"
    )
    house(
        {"name": "postgres", "code": says + "print('up', flush=True)\n" + SLEEP},
        {"name": "web", "code": says + "print('up', flush=True)\n" + SLEEP, "needs": ["postgres"]},
    )
    until(lambda: log_of(tmp_path).count(" up") and "web       up" in log_of(tmp_path))
    os.kill(json.loads((tmp_path / "run" / "processes.json").read_text())["pid"], signal.SIGTERM)
    until(lambda: log_of(tmp_path).count("bye") == 2)
    names = [line.split()[2] for line in log_of(tmp_path).splitlines() if line.endswith("bye")]
    assert names == ["web", "postgres"]


def test_parts_end_by_themselves_when_the_supervisor_is_killed(house: Any, tmp_path: Path) -> None:
    supervisor = house({"name": "web", "code": SLEEP}, {"name": "worker", "code": SLEEP})
    until(lambda: running(tmp_path, "web") and running(tmp_path, "worker"))
    supervisor.kill()
    until(lambda: not marked(tmp_path))
    assert read_state(tmp_path) == []


def test_the_next_start_ends_what_a_killed_supervisor_left(house: Any, tmp_path: Path) -> None:
    killed = house({"name": "deaf", "code": WITH_CHILD})
    first = until(lambda: running(tmp_path, "deaf"))
    child = until(lambda: psutil.Process(first.pid).children())[0]
    killed.kill()
    until(lambda: not psutil.pid_exists(first.pid))
    assert alive(child)
    house({"name": "deaf", "code": SLEEP})
    until(lambda: running(tmp_path, "deaf"))
    assert not alive(child)


def test_a_second_supervisor_of_one_data_folder_says_so_and_ends(
    house: Any, tmp_path: Path
) -> None:
    house({"name": "web", "code": SLEEP})
    first = until(lambda: running(tmp_path, "web"))
    second = house({"name": "web", "code": SLEEP})
    out, _ = second.communicate(timeout=START_LIMIT)
    assert second.returncode == 1
    assert "Another `huying up`" in out
    assert running(tmp_path, "web").pid == first.pid


def test_each_line_of_the_log_names_its_process(house: Any, tmp_path: Path) -> None:
    noisy = "import sys; print('one 呼应'); print('two', file=sys.stderr); print('x' * 3_000_000)\n"
    house({"name": "rasa", "code": noisy + "print('after', flush=True)\n" + SLEEP})
    until(lambda: "after" in log_of(tmp_path))
    texts = {line.split(" ", 2)[2] for line in log_of(tmp_path).splitlines()}
    assert {"rasa      one 呼应", "rasa      two", "rasa      after"} <= texts
