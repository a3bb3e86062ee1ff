"""What it takes to run another program and to be sure that it ends."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127  # what a shell says too


def die_with_parent(number: int) -> Callable[[], None] | None:
    """For the child, between fork and exec: get ``number`` when our process dies (Linux only).

    The kernel looks at the parent *thread*, so processes are started from the main one.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask to be told
            os._exit(NOT_STARTED)

    return arrange


def as_user(user: str | None) -> dict[str, Any]:
    """What to start a program with, so that it runs as this user and in no other group."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


async def exit_of(child: asyncio.subprocess.Process) -> int:
    """The exit code as soon as there is one. ``child.wait()`` would (before Python 3.13) also
    wait for everybody who holds its output open: its own children, which we have yet to end."""
    while child.returncode is None:  # noqa: ASYNC110 (asyncio tells of it too late)
        await asyncio.sleep(0.05)
    return child.returncode


def kill_group(pid: int, number: int) -> None:
    """Send a signal to a process and all in its session, if it still lives."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def ended(code: int) -> str:
    """How it ended, in a word: the signal's name, or its exit code."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
