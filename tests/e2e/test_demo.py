"""What a new user sees first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from intake.settings import ROOT
from tests.support import demo_stack as stacks

SAMPLES = [json.loads(line) for line in (ROOT / "data" / "demo" / "voicemails.jsonl").open()]


@pytest.mark.timeout(1200)
def test_the_demo_runs_with_no_network_but_loopback(tmp_path: Path) -> None:
    """Every network interface is down but loopback, where the machine lets us take them down."""
    can = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    inside = ["unshare", "-rn"] if can.returncode == 0 else []
    if os.geteuid() == 0:
        inside = ["unshare", "-n"]
    demo = f"{sys.executable} -m tools.demo --once"
    command = f"ip link set lo up && {demo}" if inside else demo
    env = {
        **os.environ,
        "HUYING_HOME": str(tmp_path / "home"),
        "HUYING_PORT": str(stacks.free_ports()),
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [*inside, "sh", "-c", command],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{len(SAMPLES)} of {len(SAMPLES)} ended as expected" in done.stdout
