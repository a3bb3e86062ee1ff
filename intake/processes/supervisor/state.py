"""The state of an installation's processes, stored for ``/healthz`` and for the next start."""

from __future__ import annotations

import json
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

MARK = "HUYING_UP_HOME"


@dataclass(frozen=True, slots=True)
class Process:
    """One process to run.

    ``needs``: the names of processes that must be ready before it starts. ``ready``: asked until it
    returns True; when it has not after ``ready_seconds`` and the process no longer does anything,
    it is killed. ``alive`` (default: ``ready``): asked from then on; after ``hang_seconds`` without
    True the process is killed and started anew. ``heartbeat``: it gives signs of life
    (`intake.processes.heartbeat`), which stand for both. ``once``: it ends by itself, and must exit
    with 0 before those that need it start. ``before`` and ``after``: called in a thread before it
    starts and when it is ready.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]] | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    cwd: Path | None = None
    ready_seconds: float = 180
    alive: Callable[[], Awaitable[bool]] | None = None
    hang_seconds: float = 60
    heartbeat: bool = False
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None


@dataclass(slots=True)
class ProcessState:
    """The state of one process. ``state``: starting, running, silent (it does not answer now),
    waiting, done or stopped.

    ``created`` (from psutil) and ``since``: its start in Unix seconds.
    """

    name: str
    state: str = "waiting"
    pid: int | None = None
    created: float | None = None
    restarts: int = 0
    since: float = 0.0
    exit_code: int | None = None
    stop_signal: int = int(signal.SIGTERM)


def state_file(home: Path) -> Path:
    """The file in the data folder ``home`` that holds the state of its processes."""
    return home / "run" / "processes.json"


def read_state(home: Path) -> list[ProcessState]:
    """What the supervisor of this data folder last wrote; empty when no supervisor runs."""
    try:
        stored = json.loads(state_file(home).read_text())
        supervisor = psutil.Process(stored["pid"])
        same = abs(supervisor.create_time() - stored["created"]) < 1
        if not same or supervisor.status() == psutil.STATUS_ZOMBIE:
            return []
        return [ProcessState(**entry) for entry in stored["processes"]]
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return []
