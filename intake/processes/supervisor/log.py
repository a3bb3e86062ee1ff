"""The one log file of all processes."""

from __future__ import annotations

import contextlib
import errno
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
    Nothing here ever fails: a line that can't be written, on a full disk, is lost, and the next one
    that can be is preceded by how many were.
    """

    path: Path
    quiet: bool = False
    max_bytes: int = 10 * 1024 * 1024
    keep: int = 30
    _handler: _PrivateFiles = field(init=False)

    def __post_init__(self) -> None:
        self._handler = _PrivateFiles(
            self.path, maxBytes=self.max_bytes, backupCount=self.keep, encoding="utf-8", delay=True
        )

    def line(self, name: str, text: str) -> None:
        """Write one line of one process."""
        if lost := self._handler.lost:
            self._emit(_stamped("up", f"{lost} lines could not be written to the log"))
            self._handler.lost = 0 if self._handler.lost == lost else lost
        whole = _stamped(name, text[:LONGEST_LINE])
        self._emit(whole)
        if not self.quiet:
            try:
                print(whole, flush=True)
            except OSError as error:
                if error.errno == errno.EPIPE:  # our output's reader has gone (`huying up | head`)
                    self.quiet = True

    def _emit(self, line: str) -> None:
        self._handler.emit(logging.makeLogRecord({"msg": line, "args": None}))


def _stamped(name: str, text: str) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {name:9} {text}"


class _PrivateFiles(RotatingFileHandler):
    """Log files with mode 0600, because lines may hold network addresses.

    A new day begins a new file, so that old lines are removed by age even where few are written.
    ``lost``: the number of lines that could not be written.
    """

    lost = 0
    _day = ""

    def handleError(self, record: logging.LogRecord) -> None:
        self.lost += 1
        stream, self.stream = self.stream, None
        with contextlib.suppress(OSError, ValueError):  # what is in its buffer is lost
            if stream is not None:
                stream.close()

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        written = os.fstat(stream.fileno())
        self._day = _day(written.st_mtime if written.st_size else time.time())
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        if self.stream is None:
            self.stream = self._open()
        return self._day != _day(time.time()) or bool(super().shouldRollover(record))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))
