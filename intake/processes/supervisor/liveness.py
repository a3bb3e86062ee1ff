"""Is a process ready, does it still answer, and when is it given up?

A slow process is not a dead one: while it starts it is given up only when it no longer works, and
each time that a process was given up for its silence it gets twice the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil

ASK_EVERY_SECONDS = 5.0
ANSWER_SECONDS = 10.0
LONGEST_SILENCE_SECONDS = 1800.0
SHOWN_AFTER = 3  # unanswered questions, after which the state is "silent"
WORK_EVERY_SECONDS = 60.0  # in this time a process that starts must have worked:
LEAST_WORK = 0.01  # this share of a CPU, or something read from the disk or written to it
LONGEST_START_SECONDS = 3600.0
Ask = Callable[[], Awaitable[bool]]


async def answers(ask: Ask) -> bool:
    """Does it answer now? An error and a wait of more than `ANSWER_SECONDS` are none."""
    try:
        return await asyncio.wait_for(ask(), ANSWER_SECONDS)
    except Exception:  # whatever went wrong with the question, it was not answered
        return False


async def becomes_ready(pid: int, ask: Ask, seconds: float) -> bool:
    """True as soon as the process is ready.

    False when it is not after ``seconds``, and then has done nothing in `WORK_EVERY_SECONDS`, or
    after `LONGEST_START_SECONDS`: on a slow machine a start is waited for.
    """
    started = looked = time.monotonic()
    work = worked(pid)
    while not await answers(ask):
        await asyncio.sleep(0.2)
        now = time.monotonic()
        if (window := now - looked) < min(WORK_EVERY_SECONDS, seconds):
            continue
        before, work, looked = work, worked(pid), now
        idle = work[0] - before[0] < LEAST_WORK * window and work[1] == before[1]
        if now - started >= seconds and (idle or now - started > LONGEST_START_SECONDS):
            return False
    return True


def worked(pid: int) -> tuple[float, int]:
    """What a process and its children have done: seconds of CPU, bytes read and written."""
    cpu, moved = 0.0, 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                times = one.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                io: Any = one.io_counters()
                moved += io.read_bytes + io.write_bytes
    return cpu, moved


def patience(seconds: float, given_up: int) -> float:
    """Seconds of silence after which a process is given up that was ``given_up`` times before."""
    return min(seconds * (1 << given_up), max(seconds, LONGEST_SILENCE_SECONDS))


async def falls_silent(ask: Ask, seconds: float, show: Callable[[bool], None]) -> None:
    """Ask again and again; return when nothing was answered for ``seconds``.

    Counted in questions, so that a machine that slept has not been silent. ``show`` is called with
    False when `SHOWN_AFTER` questions were not answered, and with True when one is again.
    """
    missed = 0
    while missed * ASK_EVERY_SECONDS < seconds:
        await asyncio.sleep(ASK_EVERY_SECONDS)
        if await answers(ask):
            if missed >= SHOWN_AFTER:
                show(True)
            missed = 0
            continue
        missed += 1
        if missed == SHOWN_AFTER:
            show(False)


def kill_all(pid: int) -> None:
    """Kill a process that hangs, and all that it started, in whatever group."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (*process.children(recursive=True), process):
            with contextlib.suppress(psutil.Error):
                one.kill()
