"""What runs for a home, written down for ``/healthz`` and for the next start."""

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
    """One process to run. ``ready`` says whether it does its work yet; ``once``: it ends by
    itself and must end well before those that need it start."""

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
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None


@dataclass(slots=True)
class ProcessState:
    """What is known of one process. ``state``: starting, running, waiting, done, stopped."""

    name: str
    state: str = "waiting"
    pid: int | None = None
    created: float | None = None
    restarts: int = 0
    since: float = 0.0
    exit_code: int | None = None
    stop_signal: int = int(signal.SIGTERM)


def state_file(home: Path) -> Path:
    """Where the state of this home's processes lies."""
    return home / "run" / "processes.json"


def read_state(home: Path) -> list[ProcessState]:
    """What the supervisor of this home last wrote; empty when there is none that runs."""
    try:
        stored = json.loads(state_file(home).read_text())
        supervisor = psutil.Process(stored["pid"])
        same = abs(supervisor.create_time() - stored["created"]) < 1
        if not same or supervisor.status() == psutil.STATUS_ZOMBIE:
            return []
        return [ProcessState(**entry) for entry in stored["processes"]]
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return []
