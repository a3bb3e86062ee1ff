"""A process's sign of life to the supervisor: a byte every few seconds through an inherited pipe.

For processes that nobody can ask, such as the worker. A byte shows that the process's event loop
runs. Nothing is written to the disk, so that a full one is no sign of death.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Never

VARIABLE = "HUYING_HEARTBEAT_FD"
BEAT_SECONDS = 2.0


async def beat() -> Never:
    """Give signs of life until cancelled; without a supervisor that listens, only wait."""
    descriptor = int(os.environ.pop(VARIABLE, "-1"))
    if descriptor >= 0:
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
    while True:
        with contextlib.suppress(OSError):  # the supervisor reads late, or has gone
            if descriptor >= 0:
                os.write(descriptor, b".")
        await asyncio.sleep(BEAT_SECONDS)


class Heartbeat:
    """The supervisor's end of the pipe of one process."""

    def __init__(self) -> None:
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)

    @property
    def environment(self) -> dict[str, str]:
        """What tells the process of its end; the descriptor ``theirs`` must be passed on too."""
        return {VARIABLE: str(self.theirs)}

    def started(self) -> None:
        """The process has its end."""
        os.close(self.theirs)

    async def is_alive(self) -> bool:
        """Was there a sign of life since the last call?"""
        try:
            return bool(os.read(self._ours, 1 << 16))
        except BlockingIOError:
            return False

    def close(self) -> None:
        """The process has ended."""
        os.close(self._ours)
