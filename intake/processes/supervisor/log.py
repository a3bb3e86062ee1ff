"""The one log file of all processes."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, field
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

LONGEST_LINE = 4000  # characters; a longer one is cut


@dataclass
class Log:
    """The log of all processes: each line has the time and the process's name.

    A new file begins each day, and when one reaches ``max_bytes``. The newest ``keep`` finished
    files stay; `intake.privacy.retention` removes them by age. ``quiet``: don't print the lines.
    """

    path: Path
    quiet: bool = False
    max_bytes: int = 10 * 1024 * 1024
    keep: int = 30
    _handler: logging.Handler = field(init=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handler = _PrivateFiles(
            self.path, maxBytes=self.max_bytes, backupCount=self.keep, encoding="utf-8"
        )

    def line(self, name: str, text: str) -> None:
        """Write one line of one process."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        whole = f"{stamp} {name:9} {text[:LONGEST_LINE]}"
        self._handler.emit(logging.makeLogRecord({"msg": whole, "args": None}))
        if not self.quiet:
            try:
                print(whole, flush=True)
            except OSError:  # the reader of our output has gone (`huying up | head`)
                self.quiet = True


class _PrivateFiles(RotatingFileHandler):
    """Log files with mode 0600, because lines may hold network addresses.

    A new day begins a new file, so that old lines are removed by age even where few are written.
    """

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        written = os.fstat(stream.fileno())
        self._day = _day(written.st_mtime if written.st_size else time.time())
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        return self._day != _day(time.time()) or bool(super().shouldRollover(record))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))
