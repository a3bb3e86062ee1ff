"""What several parts of the bench reckon with."""

from __future__ import annotations

from collections.abc import Sequence

import psutil


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the values that so large a share of them (0..1) does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered), max(1, -int(-len(ordered) * share // 1))) - 1]


class Cores:
    """How many cores everything on this machine keeps busy, from its making until `busy`."""

    def __init__(self) -> None:
        self._began = psutil.cpu_times()

    def busy(self, seconds: float) -> float:
        """The mean over the ``seconds`` since then."""
        then, now = self._began, psutil.cpu_times()
        idle = now.idle - then.idle + getattr(now, "iowait", 0) - getattr(then, "iowait", 0)
        return max(0.0, (psutil.cpu_count() or 1) - idle / seconds)
