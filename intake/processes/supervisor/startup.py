"""Checks before the start: no second supervisor, a free port, no leftover processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil

from intake.errors import HuyingError
from intake.processes.supervisor.state import MARK, ProcessState, state_file

LEFTOVER_SECONDS = 5.0
Say = Callable[[str], None]


def only_one(home: Path) -> IO[str]:
    """Lock the data folder ``home``; the lock is held while the returned file is open.

    Raises `HuyingError` (``already_up``) when another supervisor holds it.
    """
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise HuyingError(
            f"Another `huying up` runs on {home}; stop it or set HUYING_HOME.", code="already_up"
        ) from None
    return file


def check_port(host: str, port: int) -> None:
    """Raise `HuyingError` (``port_in_use``) that names the setting to change, if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise HuyingError(
                f"Port {port} on {host} can't be used ({error.strerror}); "
                "set HUYING_PORT to another, say 8400.",
                code="port_in_use",
            ) from None


def end_leftovers(home: Path, say: Say) -> None:
    """End the processes that an earlier supervisor of this data folder left when it was killed.

    A pid counts only together with the stored start time, because pids are reused.
    """
    try:
        stored = json.loads(state_file(home).read_text())
        entries = [ProcessState(**entry) for entry in stored["processes"]]
    except (OSError, ValueError, KeyError, TypeError):
        entries = []
    left: dict[psutil.Process, int] = {}
    for entry in entries:
        with contextlib.suppress(psutil.Error, TypeError):
            process = psutil.Process(entry.pid)
            if entry.created and abs(process.create_time() - entry.created) < 1:
                left[process] = entry.stop_signal
                for child in process.children(recursive=True):
                    # PostgreSQL (another stop signal) ends its own children; a signal sent to one
                    # of them would look like a crash to it.
                    if entry.stop_signal == signal.SIGTERM:
                        left.setdefault(child, signal.SIGTERM)
    family = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid not in family and process.environ().get(MARK) == str(home):
                left.setdefault(process, signal.SIGTERM)
    if not left:
        return
    say(f"ending {len(left)} processes that an earlier run left")
    for process, number in left.items():
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
    _, alive = psutil.wait_procs(list(left), timeout=LEFTOVER_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=LEFTOVER_SECONDS)
