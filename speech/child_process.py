"""A child process of this package: how it is started, and what it does first.

A child is started by ``python -c`` and not forked: native libraries hold threads and locks that a
fork breaks. It ends when its parent ends, even by kill -9.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MAX_MESSAGE = 64 * 1024 * 1024
"""The most bytes of one message on the pipe, in either direction."""
PR_SET_PDEATHSIG = 1


def start(
    module: str, *arguments: int, **environment: str
) -> tuple[subprocess.Popen[bytes], Connection]:
    """Start ``module.main()`` in a process of its own; the process, and our end of its pipe.

    It finds in ``sys.argv`` its end's file descriptor, our pid, and ``arguments``. ``environment``:
    variables beside ours.
    """
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    ours, theirs = socket.socketpair()
    numbers = map(str, (theirs.fileno(), os.getpid(), *arguments))
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", f"from {module} import main; main()", *numbers],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, **environment},
        )
    return process, Connection(ours.detach())


def die_with(parent: int) -> None:
    """End this process when its parent ends, even by kill -9.

    Linux only; elsewhere the end of the pipe tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before prctl took effect
        os._exit(0)


def write_no_words() -> None:
    """Keep what was said off standard error: of an exception only its class is written."""

    def write_class(kind: type[BaseException], *_: Any) -> None:
        os.write(2, f"recogniser: {kind.__name__}\n".encode())

    def write_class_of(told: Any) -> None:  # raised in a thread, or where Python can't raise
        write_class(told.exc_type)

    sys.excepthook = write_class
    threading.excepthook = sys.unraisablehook = write_class_of
    logging.lastResort = None  # warnings of libraries, which would go to standard error
    warnings.simplefilter("ignore")


def be_first_to_go() -> None:
    """Have the kernel end this process before others when memory runs out (Linux)."""
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        path.write_text("1000")


def limit_memory(most: int | None) -> None:
    """Allow this process at most ``most`` bytes of data (RLIMIT_DATA); None: no limit."""
    if most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
