"""A process's log lines without anything that a resident may have said.

An error's message, a logged object or a printed line of a library may hold a whole message of a
resident. So only the texts of loggers that are named as trusted are written; of all others stay
the level, the logger and the line of code. Of an exception stay its class and where it was raised,
never its message.

Standard library only and no newer syntax than Python 3.10's: Rasa's environment, the action server
and Huying's own processes use it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

MOST_FRAMES = 12
MOST_CAUSES = 5


class WordlessFormatter(logging.Formatter):
    """Formats ``LEVEL logger: text`` for loggers in ``trusted`` and below them, else
    ``LEVEL logger: at module:line``; exceptions by `described`."""

    def __init__(self, trusted: Sequence[str]) -> None:
        super().__init__()
        self.trusted = tuple(trusted)

    def format(self, record: logging.LogRecord) -> str:
        """One record as text. Never raises."""
        lines = [f"{record.levelname} {record.name}: {self._text(record)}"]
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            lines += described(record.exc_info[1])
        return "\n".join(lines)

    def _text(self, record: logging.LogRecord) -> str:
        if any(record.name == name or record.name.startswith(f"{name}.") for name in self.trusted):
            try:
                return record.getMessage().rstrip()
            except Exception:  # arguments that don't fit the text; logging would print them
                return f"unreadable, at {record.module}:{record.lineno}"
        return f"at {record.module}:{record.lineno}"


def described(error: BaseException) -> list[str]:
    """An exception, its causes and its group as lines: classes and places in the code only."""
    lines: list[str] = []
    for number, (one, how) in enumerate(_chain(error)):
        if number >= MOST_CAUSES:
            lines.append("  and more")
            break
        lines.append(f"  {how}{type(one).__module__}.{type(one).__qualname__}")
        frames = traceback.extract_tb(one.__traceback__)
        lines += [f"    {f.filename}:{f.lineno} in {f.name}" for f in frames[-MOST_FRAMES:]]
    return lines


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    waiting, seen = [(error, "")], set()
    while waiting:
        one, how = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one, how
        waiting += [(inner, "one of it: ") for inner in getattr(one, "exceptions", ())]
        below = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if below is not None:
            waiting.append((below, "caused by: "))


def write_wordless(
    level: int | None, trusted: Sequence[str], *, mute_prints: bool
) -> logging.Handler:
    """From now on this process writes what `WordlessFormatter` leaves, to standard error.

    Every handler of every logger is replaced by one, which is returned. Uncaught exceptions,
    warnings and errors within logging take the same way. ``level``: of the root logger; None keeps
    its present one. ``mute_prints``: what libraries print is dropped too (the words of a crashing
    interpreter are not).
    """
    stream: IO[str] = sys.stderr
    if mute_prints:
        stream = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace", buffering=1)
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (as long as we run)
        os.dup2(nowhere.fileno(), 1)
        sys.stdout = sys.stderr = nowhere
    handler = logging.StreamHandler(stream)
    handler.setFormatter(WordlessFormatter(trusted))
    root = logging.getLogger()
    for logger in [root, *logging.Logger.manager.loggerDict.values()]:
        if isinstance(logger, logging.Logger) and logger.handlers:
            logger.handlers = []
            logger.propagate = True
    root.handlers = [handler]
    if level is not None:
        root.setLevel(level)
    logging.lastResort = None
    logging.raiseExceptions = False  # it would print the record's arguments
    logging.captureWarnings(True)
    _catch_the_uncaught(logging.getLogger("uncaught"))
    return handler


def _catch_the_uncaught(log: logging.Logger) -> None:
    def ended(_: Any, error: BaseException, __: Any) -> None:
        if not isinstance(error, KeyboardInterrupt):
            log.critical("", exc_info=error)

    def beside(told: Any) -> None:  # of a thread, or where Python can't raise
        if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
            log.error("", exc_info=told.exc_value)

    sys.excepthook = ended
    threading.excepthook = beside
    sys.unraisablehook = beside
