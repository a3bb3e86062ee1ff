"""A full disk ends no process, and what it kept from being written comes when there is room."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from intake.processes.supervisor import Log, lacking
from intake.settings import ROOT
from tests.support.small_disk import Filled, on_small_disk, seen_by
from tests.support.stack import until

HOUSE = ROOT / "tests" / "support" / "supervised.py"
SLEEP = "import time\ntime.sleep(600)"
CHATTERS = "import time\nwhile True: print('x' * 3000, flush=True); time.sleep(0.01)"
STORES = (
    "import os, pathlib\n"
    "(pathlib.Path(os.environ['TEST_HOME']) / 'stored').write_bytes(bytes(1 << 20))\n"
    "print('stored', flush=True)"
)
PATIENCE = 60.0


class House:
    """A supervisor whose data folder is a disk of 80 MB of its own."""

    def __init__(self, home: Path, *plans: dict[str, Any]) -> None:
        home.mkdir()
        command = [sys.executable, str(HOUSE), str(home), json.dumps(plans)]
        self.process = subprocess.Popen(
            on_small_disk(home, "80m", command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        until(lambda: self.process.poll() is not None or self._runs(), PATIENCE)
        self.home = seen_by(self.process.pid, home)

    def _runs(self) -> bool:
        return str(HOUSE) in psutil.Process(self.process.pid).cmdline()

    @property
    def stored(self) -> dict[str, Any]:
        """The state that is in the file, name → process."""
        try:
            body = json.loads((self.home / "run" / "processes.json").read_text())
        except (OSError, ValueError):
            return {}
        return {entry["name"]: entry for entry in body["processes"]}

    def is_running(self, name: str) -> bool:
        return bool(self.stored.get(name, {}).get("state") == "running")

    @property
    def log(self) -> str:
        path = self.home / "log" / "huying.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def pids(self) -> set[int]:
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, said


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    started: list[House] = []

    def start(*plans: dict[str, Any]) -> House:
        started.append(House(tmp_path / "home", *plans))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_on_a_full_disk_the_supervisor_goes_on_and_tells_later(house: Any) -> None:
    one = house({"name": "web", "code": CHATTERS}, {"name": "worker", "code": SLEEP})
    until(lambda: one.is_running("web") and one.is_running("worker"), PATIENCE)
    before = one.stored["worker"]["pid"]
    with Filled(one.home):
        os.kill(before, signal.SIGKILL)  # a part that dies meanwhile comes back
        until(lambda: len(one.pids()) == 2 and before not in one.pids(), PATIENCE, one.log)
        assert one.process.poll() is None
    until(lambda: one.stored["worker"]["pid"] not in (before, None), PATIENCE)
    until(lambda: " lines could not be written to the log" in one.log, PATIENCE)
    one.end()


def test_what_runs_once_is_not_given_up_for_a_full_disk(house: Any) -> None:
    wait = "import os, pathlib, time\nhome = pathlib.Path(os.environ['TEST_HOME'])\n"
    wait += "if not (home / 'ran').exists(): [(home / n).touch() for n in ('ran', 'waits')]\n"
    wait += "while (home / 'waits').exists(): time.sleep(0.01)\n"
    one = house({"name": "migrate", "code": wait + STORES, "once": True})
    until((one.home / "waits").exists, PATIENCE)
    tried: set[int] = set()
    with Filled(one.home):
        (one.home / "waits").unlink()
        until(lambda: tried.update(one.pids()) or len(tried) >= 6, PATIENCE)
        assert one.process.poll() is None
    until(lambda: one.stored.get("migrate", {}).get("state") == "done", PATIENCE, one.log)
    one.end()


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    assert lacking([tmp_path / "not" / "yet"], least=1) is None
    told = lacking([tmp_path / "not" / "yet"], least=1 << 62)
    assert told is not None and told.startswith(f"The disk of {tmp_path} is full: ")
    assert told.endswith(" are needed to start.")


NOT_WRITABLE = {
    "a device that is always full": lambda folder: (folder / "huying.log").symlink_to("/dev/full"),
    "a folder in its place": lambda folder: (folder / "huying.log").mkdir(),
    "a link to nowhere": lambda folder: (folder / "huying.log").symlink_to("/no/such/file"),
    "a link to itself": lambda folder: (folder / "huying.log").symlink_to(folder / "huying.log"),
}


@pytest.mark.parametrize("spoil", NOT_WRITABLE.values(), ids=NOT_WRITABLE.keys())
def test_a_log_that_can_not_be_written_loses_lines_and_nothing_else(
    tmp_path: Path, spoil: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    spoil(folder)
    log = Log(folder / "huying.log", quiet=True)
    for number in range(3):
        log.line("web", f"line {number}")
    assert capfd.readouterr() == ("", "")
    bad = folder / "huying.log"
    bad.rmdir() if bad.is_dir() else bad.unlink()
    log.line("web", "after")
    told, last = bad.read_text().splitlines()
    assert told.endswith("up        3 lines could not be written to the log")
    assert last.endswith("web       after")


def test_a_secret_is_whole_or_not_there(tmp_path: Path) -> None:
    """A secret that is cut off would be one that everybody can guess."""
    home = tmp_path / "home"
    home.mkdir()
    script = (
        "import sys, pathlib\n"
        "from intake.settings import load, secret_files\n"
        "from tests.support.small_disk import Filled\n"
        "home = pathlib.Path(sys.argv[1])\n"
        "settings = load(env={'HUYING_HOME': str(home)})\n"
        "secret_files.ensure(settings, 'first')\n"
        "with Filled(home):\n"
        "    try:\n"
        "        secret_files.ensure(settings, 'second')\n"
        "    except OSError as error:\n"
        "        print(error.errno)\n"
        "    print(sorted(p.name for p in settings.secrets_dir.iterdir()))\n"
        "print(len(secret_files.ensure(settings, 'second')))\n"
    )
    done = subprocess.run(
        on_small_disk(home, "1m", [sys.executable, "-c", script, str(home)]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.splitlines() == ["28", "['first']", "43"], done.stderr
