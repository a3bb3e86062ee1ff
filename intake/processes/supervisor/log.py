"""The one log of everything that runs."""

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
    """One log for all: a line with the time and the process's name; a file a day, or more where a
    day fills ``max_bytes``. The newest ``keep`` stay; `intake.privacy.retention` removes them by
    age."""

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
            except OSError:  # nobody reads any more (`huying up | head`): the file still tells
                self.quiet = True


class _PrivateFiles(RotatingFileHandler):
    """Each new file, too, is its owner's alone: lines may hold addresses. A new day begins a new
    file, so that old lines go by their age also where few are written."""

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
