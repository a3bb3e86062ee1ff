"""The whole of ``huying up`` on a disk that is full at its start, and once more while it runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from intake.settings import ROOT
from tests.support.small_disk import Filled, on_small_disk, seen_by
from tests.support.stack import END_SECONDS, HUYING, START_SECONDS, free_ports, until

pytestmark = pytest.mark.xdist_group("up")

# Fills the small disk and becomes `huying up`. As root the database lies outside of the home: that
# place is moved onto the small disk too.
START = """
import os, subprocess, sys
from pathlib import Path
from intake.processes import postgres
from intake.settings import load
from tests.support.small_disk import Filled
settings = load()
made = postgres.cluster(settings)
place = made.data.parent
print(place, flush=True)
if made.user is not None:
    inside = settings.home / "database"
    inside.mkdir(mode=0o755)
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "--bind", inside, place], check=True)
Filled(settings.home).__enter__()
os.execv(sys.argv[1], [sys.argv[1], "up", "--quiet"])
"""


def test_a_full_disk_is_told_and_waited_for_and_ends_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    port = free_ports()
    env = {k: v for k, v in os.environ.items() if not k.startswith("HUYING_")}
    env |= {
        "HUYING_HOME": str(home),
        "HUYING_PORT": str(port),
        "HUYING_SPAWN_ASSISTANT": "false",
        "HUYING_HEARING": json.dumps({"engine": "canned"}),
        "HUYING_LIMITS": json.dumps({"min_free_bytes": 0}),
        "PYTHONPATH": str(ROOT),
    }
    output = tmp_path / "said"
    with output.open("wb") as out:
        up = subprocess.Popen(
            on_small_disk(home, "700m", [sys.executable, "-c", START, str(HUYING)]),
            env=env,
            stdout=out,
            stderr=out,
            cwd=tmp_path,
        )

    def said() -> str:
        log = seen_by(up.pid, home) / "log" / "huying.log"
        with contextlib.suppress(OSError):
            return output.read_text() + log.read_text(errors="replace")[-4000:]
        return output.read_text()

    def states() -> dict[str, str]:
        assert up.poll() is None, said()
        with contextlib.suppress(httpx.HTTPError, ValueError):
            url = f"http://127.0.0.1:{port}/healthz"
            found = httpx.get(url, trust_env=False, timeout=5).json()["parts"]
            return {name: part["state"] for name, part in found.items() if "state" in part}
        return {}

    def running() -> bool:
        found = states()
        return found.get("worker") == found.get("postgres") == found.get("web") == "running"

    try:
        until(lambda: "Waiting for room." in output.read_text(), START_SECONDS, said)
        assert "The disk of " in output.read_text()
        inside = seen_by(up.pid, home)
        assert not (inside / "run").exists()
        (inside / "filler").unlink()
        until(running, START_SECONDS, said)
        stored = json.loads((inside / "run" / "processes.json").read_text())
        first = {entry["name"]: entry["pid"] for entry in stored["processes"]}
        with Filled(inside):
            for name in ("postgres", "worker", "web"):
                os.kill(first[name], signal.SIGKILL)
            until(lambda: not states(), START_SECONDS, said)
            until(states, START_SECONDS, said)  # the web part is there again, on a full disk
        until(running, START_SECONDS, said)
        stored = json.loads((inside / "run" / "processes.json").read_text())
        again = {entry["name"]: entry["pid"] for entry in stored["processes"]}
        assert all(again[name] != first[name] for name in ("postgres", "worker", "web"))
        up.send_signal(signal.SIGTERM)
        assert up.wait(END_SECONDS) == 0
    finally:
        up.kill()
        up.wait()
        with contextlib.suppress(OSError, IndexError):
            Path(output.read_text().splitlines()[0]).rmdir()
