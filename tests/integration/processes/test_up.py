"""``huying up`` as its owner meets it: starting, watching, refusing, ending."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from intake.processes.supervisor import read_state
from tests.support.stack import END_SECONDS, ERRAND, HUYING, ROOT, START_SECONDS, Stack, until

pytestmark = pytest.mark.xdist_group("up")

NOTICED_SECONDS = 60.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("up")) as stack:
        stack.start_rasa()
        yield stack


@pytest.fixture
def up(house: Stack) -> Stack:
    """The installation, up."""
    if house.up is None or house.up.poll() is not None:
        house.start()
    until(house.healthy, START_SECONDS, house.log)
    return house


def refused(stack: Stack, **changed: str) -> str:
    """The one sentence with which a further `huying up` ends."""
    done = subprocess.run(
        [HUYING, "up"],
        env=stack.env | changed,
        cwd=stack.folder,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    return line


def test_a_second_one_on_the_same_data_folder_is_refused_in_one_sentence(up: Stack) -> None:
    before = read_state(up.home)
    assert refused(up).startswith(f"huying: Another `huying up` runs on {up.home}")
    assert read_state(up.home) == before


def test_a_port_in_use_is_refused_in_one_sentence_that_names_the_setting(
    up: Stack, tmp_path: Path
) -> None:
    line = refused(up, HUYING_HOME=str(tmp_path / "other"))
    assert line.startswith(f"huying: Port {up.port} ")
    assert "HUYING_PORT" in line
    assert up.healthy()


@pytest.mark.parametrize("name", ["worker", "web", "postgres"])
def test_a_part_that_is_killed_is_started_again(up: Stack, name: str) -> None:
    first = up.state(name)
    up.kill(name)
    until(lambda: up.state(name).restarts > first.restarts, NOTICED_SECONDS, up.log)
    until(up.healthy, START_SECONDS, up.log)
    assert up.state(name).pid != first.pid
    number = up.leave(ERRAND, "1-1-101")
    up.wait_for([number], "routed", START_SECONDS)


def test_healthz_names_the_part_that_is_down(up: Stack) -> None:
    """Killed again and again, a part waits longer each time: then everybody can see it."""

    def named() -> bool:
        found = up.health()
        if "worker is down." in found.get("warnings", []):
            assert found["parts"]["worker"]["ok"] is False
            assert found["status"] == "degraded"
            return True
        if (pid := up.state("worker").pid) is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        return False

    until(named, NOTICED_SECONDS, up.log)
    until(up.healthy, START_SECONDS, up.log)


def test_a_database_that_hangs_shows_and_nothing_is_promised(up: Stack) -> None:
    server = up.part("postgres")
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        found = until(lambda: (got := up.health()).get("status") == "down" and got, NOTICED_SECONDS)
        assert found["parts"]["database"]["ok"] is False
        assert "database is down." in found["warnings"]
    finally:
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
    until(up.healthy, START_SECONDS, up.log)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_signal_ends_all_in_time_however_busy_they_are(up: Stack, number: int) -> None:
    room = 200 + number
    up.receiver.release.clear()
    up.receiver.before = f"1-1-{room}"
    held = up.leave(ERRAND, up.receiver.before)
    until(lambda: f"1-1-{room}" in up.receiver.reached, START_SECONDS, up.describe)
    flag = up.folder / f"heard {room}"
    hangs = up.leave(ERRAND, f"2-1-{room}", do="hang", unless=str(flag))
    until(flag.exists, START_SECONDS, up.describe)
    assert up.end(number) == []
    assert up.up is not None
    assert up.up.returncode == 0
    up.receiver.release.set()
    up.start()
    up.wait_for([held, hangs], "routed", START_SECONDS)
    assert len(up.receiver.keys(held)) == len(up.receiver.keys(hangs)) == 1


def test_what_a_killed_one_left_is_ended_at_the_next_start_even_if_it_ignores_signals(
    up: Stack,
) -> None:
    """Stopped processes take no signal but the last one."""
    left = [up.part("worker"), up.part("postgres"), up.part("web")]
    for process in left:
        process.suspend()
    up.kill("up")
    assert all(process.is_running() for process in left)
    up.start()
    assert not any(process.is_running() for process in left)
    assert "processes that an earlier run left" in up.log()
    servers = [p for p in up.processes() if "postgres" in p.name() and "-D" in p.cmdline()]
    assert len(servers) == 1
    number = up.leave(ERRAND, "3-1-101")
    up.wait_for([number], "routed", START_SECONDS)


def test_a_killed_one_takes_its_parts_with_it_even_if_it_is_never_started_again(
    up: Stack,
) -> None:
    up.kill("up")
    rasa = up.part("assistant").pid
    until(lambda: [p.pid for p in up.processes()] == [rasa], END_SECONDS, up.log)


def ordinary_python(user: str) -> Path | None:
    """A Python of our version that this user may run; the checkout's own may lie too deep."""
    system = shutil.which(
        f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin"
    )
    for python in (Path(sys.executable), Path(system) if system else None):
        if python is None:
            continue
        with contextlib.suppress(OSError):
            done = subprocess.run([python, "-c", ""], user=user, group=None, cwd="/", check=False)
            if done.returncode == 0:
                return python
    return None


AS_ORDINARY_USER = """
import os, sys, psycopg
from intake.processes import postgres
from intake.settings import load
settings = load(env={"HUYING_HOME": sys.argv[1]})
made = postgres.cluster(settings)
assert os.geteuid() != 0 and made.user is None
assert made.data.is_relative_to(settings.home)
with postgres.running(settings) as url:
    with psycopg.connect(url) as connection:
        print(connection.execute("SELECT 6 * 7").fetchone()[0])
"""


def test_the_database_runs_as_an_ordinary_user_all_under_its_data_folder(tmp_path: Path) -> None:
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    python = ordinary_python(user) if os.geteuid() == 0 else Path(sys.executable)
    if python is None:
        pytest.skip(f"{user} may run no Python here")
    home = Path("/tmp") / f"huying-test-{os.getpid()}-{time.monotonic_ns()}"
    home.mkdir(mode=0o700)
    try:
        shutil.chown(home, user)
        packages = os.pathsep.join([str(ROOT), *(p for p in sys.path if p.endswith("-packages"))])
        done = subprocess.run(
            [python, "-c", AS_ORDINARY_USER, home],
            user=user if os.geteuid() == 0 else None,
            cwd="/",
            env={"PYTHONPATH": packages, "PATH": os.environ["PATH"], "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert (done.returncode, done.stdout.strip()) == (0, "42"), done.stderr
    finally:
        shutil.rmtree(home)
