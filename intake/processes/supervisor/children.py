"""Helpers for starting child processes and for making sure that they end."""

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
NOT_STARTED = 127  # the exit code that a shell gives for a program that it can't start


def die_with_parent(number: int) -> Callable[[], None] | None:
    """A ``preexec_fn`` that has the kernel send signal ``number`` to the child when we die.

    None except on Linux. The kernel watches the parent *thread*, so children must be started from
    the main thread.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the prctl call
            os._exit(NOT_STARTED)

    return arrange


def as_user(user: str | None) -> dict[str, Any]:
    """Arguments for subprocess that run a program as this user and in no other group."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


async def exit_of(child: asyncio.subprocess.Process) -> int:
    """The exit code as soon as the child has ended.

    Before Python 3.13 ``child.wait()`` also waits for every process that holds the child's output
    open, such as its own children, which are ended only afterwards.
    """
    while child.returncode is None:  # noqa: ASYNC110 (asyncio's own event is set too late)
        await asyncio.sleep(0.05)
    return child.returncode


def kill_group(pid: int, number: int) -> None:
    """Send a signal to a process and all others in its process group, if it still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def ended(code: int) -> str:
    """How a process ended: the signal's name, such as SIGKILL, or "exit code N"."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
