"""What `huying up` notes down, and what it refuses before anything starts."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from intake import worker
from intake.errors import HuyingError
from intake.processes.supervisor import (
    MARK,
    Log,
    ProcessState,
    check_port,
    end_leftovers,
    only_one,
    read_state,
    state_file,
    supervise,
)

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def write_state(home: Path, *, created: float, entries: list[dict[str, object]]) -> None:
    state_file(home).parent.mkdir(parents=True)
    body = {"pid": os.getpid(), "created": created, "processes": entries}
    state_file(home).write_text(json.dumps(body))


def test_state_of_a_living_supervisor_is_read(tmp_path: Path) -> None:
    created = psutil.Process().create_time()
    write_state(tmp_path, created=created, entries=[{"name": "web", "state": "running"}])
    assert read_state(tmp_path) == [ProcessState("web", "running")]


def test_state_of_a_supervisor_whose_number_was_used_again_is_not_believed(tmp_path: Path) -> None:
    created = psutil.Process().create_time() - 100
    write_state(tmp_path, created=created, entries=[{"name": "web", "state": "running"}])
    assert read_state(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "created": 0}'])
def test_a_damaged_state_file_counts_as_none(tmp_path: Path, text: str) -> None:
    state_file(tmp_path).parent.mkdir(parents=True)
    state_file(tmp_path).write_text(text)
    assert read_state(tmp_path) == []
    end_leftovers(tmp_path, lambda _: None)


def test_a_process_that_got_an_old_number_is_never_ended(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER) as stranger:
        born = psutil.Process(stranger.pid).create_time()
        entry = {"name": "web", "pid": stranger.pid, "created": born - 100}
        write_state(tmp_path, created=0, entries=[entry])
        end_leftovers(tmp_path, lambda _: None)
        assert stranger.poll() is None
        stranger.kill()


def test_what_an_earlier_run_left_is_ended_by_pid_and_start_time(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEPER) as left:
        born = psutil.Process(left.pid).create_time()
        write_state(tmp_path, created=0, entries=[{"name": "w", "pid": left.pid, "created": born}])
        said: list[str] = []
        end_leftovers(tmp_path, said.append)
        assert not psutil.pid_exists(left.pid)
        assert said == ["ending 1 processes that an earlier run left"]


def test_what_was_never_written_down_is_found_by_its_mark(tmp_path: Path) -> None:
    ours = {**os.environ, MARK: str(tmp_path)}
    other = {**os.environ, MARK: str(tmp_path / "other")}
    with (
        subprocess.Popen(SLEEPER, env=ours) as left,
        subprocess.Popen(SLEEPER, env=other) as theirs,
    ):
        end_leftovers(tmp_path, lambda _: None)
        assert not psutil.pid_exists(left.pid)
        assert theirs.poll() is None
        theirs.kill()


def test_a_port_in_use_is_named_together_with_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HuyingError, match=rf"{port}.*HUYING_PORT"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_a_second_one_on_the_same_data_folder_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path):
        with pytest.raises(HuyingError, match=re.escape(str(tmp_path))):
            only_one(tmp_path)
        only_one(tmp_path / "other").close()
    only_one(tmp_path).close()


def test_the_log_turns_over_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    log = Log(tmp_path / "log" / "huying.log", quiet=True, max_bytes=500, keep=2)
    for number in range(100):
        log.line("web", f"line {number} 呼应")
    kept = sorted(log.path.parent.iterdir())
    assert [p.name for p in kept] == ["huying.log", "huying.log.1", "huying.log.2"]
    assert all(p.stat().st_size <= 500 and p.stat().st_mode & 0o077 == 0 for p in kept)
    last = log.path.read_text(encoding="utf-8").splitlines()[-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d web +line 99 呼应", last)


def test_a_new_day_begins_a_new_log(tmp_path: Path) -> None:
    path = tmp_path / "log" / "huying.log"
    Log(path, quiet=True).line("web", "yesterday's")
    yesterday = time.time() - 86400
    os.utime(path, (yesterday, yesterday))
    log = Log(path, quiet=True)
    log.line("web", "today's")
    log.line("web", "today's too")
    assert "yesterday" not in path.read_text()
    assert path.read_text().count("today's") == 2
    assert "yesterday's" in path.with_name("huying.log.1").read_text()


def test_from_a_signal_to_the_end_of_all_there_are_at_most_ten_seconds() -> None:
    """The clocks by which the parts are killed, the worker's jobs before the worker."""
    assert worker.STOP_SECONDS < worker.HARD_STOP_SECONDS
    before_the_database = supervise.STOP_SECONDS - supervise.DATABASE_STOP_SECONDS
    assert before_the_database > worker.HARD_STOP_SECONDS
    assert supervise.STOP_SECONDS + 0.5 < 10
