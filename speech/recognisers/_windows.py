"""Cut a recording, where nobody speaks, into windows short enough for Whisper (30 s)."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speech.audio import RATE, Samples
from speech.speech_detection import Region


@dataclass(frozen=True, slots=True)
class Window:
    """Some stretches of speech joined; ``regions`` are their places in the sound.

    ``samples``: 16 kHz, of shape (n,).
    """

    samples: Samples
    regions: tuple[Region, ...]

    def floats(self) -> npt.NDArray[np.float32]:
        """The samples from -1 to 1."""
        return self.samples.astype(np.float32) / np.float32(32768)

    def to_sound(self, start: float, end: float) -> tuple[float, float]:
        """Seconds in this window as seconds in the sound it was cut from.

        Both ends are taken to lie in the stretch that holds their middle.
        """
        which = self.region_at((start + end) / 2)
        region = self.regions[which]
        shift = region.start - self._begins()[which]
        low, high = region.start / RATE, region.end / RATE
        times = [min(max(t + shift / RATE, low), high) for t in (start, end)]
        return round(times[0], 2), round(max(times), 2)

    def region_at(self, seconds: float) -> int:
        """The index in ``regions`` of the stretch at this time (seconds) of the window."""
        return max(0, bisect.bisect_right(self._begins(), seconds * RATE) - 1)

    def voiced_share(self, start: float, end: float) -> float:
        """How much (0..1) of these seconds of the window is sound at all and not padding."""
        length = max(end - start, 0.01)
        covered = min(end, len(self.samples) / RATE) - start
        return min(max(covered / length, 0.0), 1.0)

    def _begins(self) -> list[int]:
        begins, at = [], 0
        for region in self.regions:
            begins.append(at)
            at += region.end - region.start
        return begins


def cut_windows(
    samples: Samples,
    speech: Sequence[Region],
    most_seconds: float,
    good_seconds: float | None = None,
) -> tuple[Window, ...]:
    """Windows of at most ``most_seconds`` that hold all stretches of speech, in order.

    Only a single stretch makes a window longer than ``good_seconds`` (None: as ``most_seconds``).
    """
    most = int(most_seconds * RATE)
    good = most if good_seconds is None else min(most, int(good_seconds * RATE))
    windows: list[Window] = []
    group: list[Region] = []
    length = 0
    for region in _split_long(speech, most):
        size = region.end - region.start
        if group and length + size > good:
            windows.append(_window(samples, group))
            group, length = [], 0
        group.append(region)
        length += size
    if group:
        windows.append(_window(samples, group))
    return tuple(windows)


def _split_long(speech: Sequence[Region], most: int) -> list[Region]:
    pieces: list[Region] = []
    for region in speech:
        for at in range(region.start, region.end, most):
            pieces.append(Region(at, min(at + most, region.end)))
    return pieces


def _window(samples: Samples, group: list[Region]) -> Window:
    parts = [samples[region.start : region.end] for region in group]
    return Window(np.concatenate(parts), tuple(group))
