"""Orders a run's tests, the longest first, and says at its end where the time went.

``tests/durations.json`` holds the seconds of every test and every group of tests (mark
``xdist_group``: its tests share a server, one worker runs them all) that takes more than
three seconds; ``--record-durations`` (``make durations``) writes it anew from the run's own times.
"""

from __future__ import annotations

import json
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

RECORD = Path(__file__).parents[1] / "durations.json"
WORTH_SECONDS = 3.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-durations", action="store_true", help=f"write the run's times to {RECORD.name}"
    )


def group_of(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0] if mark.args else mark.kwargs["name"]) if mark else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, so that no worker is left with one at the end: for xdist's
    ``--dist loadgroup --no-loadscope-reorder``, whose workers must all come to the same order."""
    if not hasattr(config, "workerinput"):
        return
    seconds: dict[str, float] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    units = [group_of(item) or item.nodeid for item in items]
    items[:] = [items[index] for index in in_order(units, seconds)]
    if config.getvalue("loadgroup"):
        for item in items:
            _tell_scheduler(item)


def in_order(units: Sequence[str], seconds: Mapping[str, float]) -> list[int]:
    """The indexes of tests, given the group (or the name) of each and the seconds that groups and
    single tests take: the longest first, a group together, else as they come."""
    first: dict[str, int] = {}
    for index, unit in enumerate(units):
        first.setdefault(unit, index)
    return sorted(
        range(len(units)),
        key=lambda index: (-seconds.get(units[index], 0.0), first[units[index]], index),
    )


def _tell_scheduler(item: pytest.Item) -> None:
    """Put the group's name behind the item's id, where xdist's scheduler reads it.

    xdist 3.8 does that by an attribute that pytest 9.2 no longer has, and groups nothing
    (pytest-dev/pytest-xdist#1386).
    """
    group = group_of(item)
    if group and hasattr(item, "_id"):
        item._id = type(item._id).parse(f"{item.nodeid}@{group}")


def _processor_seconds() -> float:
    """Of this process and of all its descendants that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    now = _processor_seconds()
    report = outcome.get_result()
    report.processor = now - item.config.stash.get(_SEEN, now)  # xdist carries it along
    item.config.stash[_SEEN] = now


_SEEN: pytest.StashKey[float] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    reports = [
        report
        for kind in terminalreporter.stats.values()
        for report in kind
        if isinstance(report, pytest.TestReport)
    ]
    if not reports:
        return
    terminalreporter.section("time by folder", sep="-")
    for line in by_folder(reports):
        terminalreporter.write_line(line)
    if config.getoption("record_durations"):
        record(reports)
        terminalreporter.write_line(f"written: {RECORD}")


def by_folder(reports: Iterable[pytest.TestReport]) -> list[str]:
    """One line a folder: tests, seconds on the clock, seconds of processor."""
    tests, clock, processor = Counter[str](), Counter[str](), Counter[str]()
    for report in reports:
        folder = str(Path(report.nodeid.split("::")[0]).parent)
        for name in (folder, "all"):
            tests[name] += report.when == "call"
            clock[name] += report.duration  # type: ignore[assignment]
            processor[name] += getattr(report, "processor", 0.0)
    return [f"{'tests':>6} {'clock':>8} {'processor':>9}  folder"] + [
        f"{tests[name]:6} {clock[name]:6.0f} s {processor[name]:7.0f} s  {name}"
        for name in sorted(tests, key=lambda name: clock[name])
    ]


def record(reports: Iterable[pytest.TestReport]) -> None:
    """Write the times of what ran; what did not run keeps its own."""
    times: dict[str, float] = defaultdict(float)
    for report in reports:
        test, _, group = report.nodeid.rpartition("@")
        if report.nodeid.rfind("@") < report.nodeid.rfind("]") or not test:
            group = report.nodeid
        times[group] += report.duration
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    kept = {name: seconds for name, seconds in kept.items() if name not in times}
    kept |= {name: round(s, 1) for name, s in times.items() if s >= WORTH_SECONDS}
    RECORD.write_text(json.dumps(dict(sorted(kept.items())), indent=0, ensure_ascii=False) + "\n")
