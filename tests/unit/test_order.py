"""The tests' own order: groups stay together, the longest come first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.timing import in_order

ROOT = Path(__file__).parents[2]
CONFTEST = 'pytest_plugins = ["tests.support.timing"]\n'
TESTS = """
import os, pathlib, pytest

@pytest.mark.xdist_group("shares a server")
@pytest.mark.parametrize("number", range(6))
def test_grouped(number):
    place = pathlib.Path(__file__).parent / os.environ["PYTEST_XDIST_WORKER"]
    place.open("a").write("x")
"""


def test_the_longest_comes_first_and_a_group_stays_together() -> None:
    units = ["short", "a server", "long", "a server", "unknown", "unknown too"]
    order = in_order(units, {"short": 1.0, "long": 60.0, "a server": 30.0})
    assert [units[index] for index in order] == [
        "long", "a server", "a server", "short", "unknown", "unknown too"
    ]  # fmt: skip


def test_one_worker_runs_all_of_a_group(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    order = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *order, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [path.read_text() for path in tmp_path.glob("gw*")] == ["x" * 6]
