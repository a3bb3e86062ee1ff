"""One line for each step: what it does, how far it is, how long it took.

On a terminal the lines of the steps that run are drawn again and again; elsewhere a step is one
line when it is done.
"""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
import unicodedata
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

BAR = 20
_PERCENT = re.compile(r"(\d{1,3})\s?%")


@dataclass
class Line:
    """A step that runs: its name, and the last that its program said (a percentage makes a bar)."""

    name: str
    said: str = ""
    began: float = field(default_factory=time.monotonic)


class Board:
    """Where the lines are drawn; use as a context manager."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._drawn = 0
        self._running: list[Line] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._live = out.isatty()
        self._drawer = threading.Thread(target=self._draw_on, daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._drawer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._live:
            self._drawer.join()
            with self._lock:
                self._clear()

    def begin(self, name: str) -> Line:
        """A step has begun."""
        line = Line(name)
        with self._lock:
            self._running.append(line)
        return line

    def end(self, line: Line, mark: str = "✓") -> None:
        """It has ended: well (✓), or not (✗)."""
        with self._lock:
            self._running.remove(line)
            self._clear()
            self._print(f"{mark} {line.name}  ({time.monotonic() - line.began:.0f} s)")

    def _draw_on(self) -> None:
        while not self._ended.wait(0.2):
            with self._lock:
                self._clear()
                width = shutil.get_terminal_size().columns - 1
                for line in self._running:
                    self._print(cut(drawn(line), width))
                self._drawn = len(self._running)

    def _clear(self) -> None:
        if self._drawn:
            self._out.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _print(self, text: str) -> None:
        encoding = self._out.encoding or "ascii"
        self._out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self._out.flush()


def drawn(line: Line) -> str:
    """A step that runs, as one line."""
    seconds = time.monotonic() - line.began
    found = _PERCENT.search(line.said)
    if not found:
        return f"… {line.name}  {seconds:.0f} s"
    share = min(int(found[1]), 100) / 100
    full = round(share * BAR)
    left = ""
    if share > 0.1 and seconds > 5:
        left = f", about {max(1, round(seconds * (1 - share) / share))} s left"
    return f"… {line.name}  {'█' * full}{'░' * (BAR - full)} {share:.0%}  {seconds:.0f} s{left}"


def cut(text: str, width: int) -> str:
    """As much of a text as fits into ``width`` columns."""
    used = 0
    for at, letter in enumerate(text):
        used += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if used > width:
            return text[:at]
    return text
