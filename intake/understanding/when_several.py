"""Several times said together: a range, a choice of neighbouring days, a list of weekdays."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from intake.understanding.values import Window
from intake.understanding.when_chinese import Moment
from intake.understanding.when_window import window_of

_RANGE = re.compile("\\s?(?:到|至|-|~)\\s?")
_LIST = re.compile("[\\s、,，和或跟及者]{0,3}")
_EITHER = re.compile("[\\s、,，]?(?:或者?是?|还是|和|跟)?[\\s,，]?")
_ANY = re.compile("[^。!！?？;；]{0,6}(?:都|也|均|哪天|任|随便|皆|行|可以)")


@dataclass(frozen=True, slots=True)
class Several:
    """The times of a message that may be said together."""

    view: str
    moments: Sequence[Moment]
    now: datetime

    def window(self, moment: Moment) -> Window | None:
        """Return the window of the times that `moment` is said together with; None if of none."""
        chain = self._chain(moment)
        if len(chain) < 2:
            return None
        first, last = chain[0], chain[-1]
        if len(chain) == 2 and _RANGE.fullmatch(self.view[first.end : last.start]):
            return self._through(first, last)
        if any(one.clock for one in chain[:-1]):
            return None
        return self._list(chain)

    def through_parts(self, moment: Moment, window: Window) -> Window:
        """The window to the end of the part of the day that will do as well: 上午或者下午都行."""
        for other in self.moments:
            if other.start < moment.end or other.day is not None or not other.part or other.clock:
                continue
            joined = _EITHER.fullmatch(self.view, moment.end, other.start)
            until = window_of(other.with_day(moment), self.now)
            if joined and _ANY.match(self.view, other.end) and until and until.end > window.end:
                return Window(window.start, until.end)
        return window

    def _chain(self, moment: Moment) -> list[Moment]:
        days = [m for m in self.moments if m.day is not None]
        at = next((i for i, m in enumerate(days) if m.start == moment.start), None)
        if at is None:
            return []
        start, end = at, at
        while start and self._joined(days[start - 1], days[start]):
            start -= 1
        while end + 1 < len(days) and self._joined(days[end], days[end + 1]):
            end += 1
        return days[start : end + 1]

    def _joined(self, one: Moment, other: Moment) -> bool:
        between = self.view[one.end : other.start]
        return bool(_RANGE.fullmatch(between) or _LIST.fullmatch(between))

    def _through(self, first: Moment, last: Moment) -> Window | None:
        if first.clock or last.clock:
            return None
        begin, end = window_of(first, self.now), window_of(last, self.now)
        if begin is None or end is None:
            return None
        later = timedelta(weeks=1) if end.end < begin.start else timedelta()
        if end.end + later < begin.start:
            return None
        return Window(begin.start, end.end + later)

    def _list(self, chain: Sequence[Moment]) -> Window | None:
        """The first of the days, or all of them where they follow each other and any will do."""
        last = chain[-1]
        same = [m if m.part or m.clock else replace(m, part=last.part, clock=last.clock)
                for m in chain]  # fmt: skip
        found = [window_of(m, self.now) for m in same]
        windows = sorted((w for w in found if w is not None), key=lambda w: w.start)
        if not windows:
            return None
        recurs = chain[0].recurs
        days = [w.start.date() for w in windows]
        adjoining = all((b - a) == timedelta(days=1) for a, b in itertools.pairwise(days))
        either = "或" in self.view[chain[0].end : last.start]
        if adjoining and not recurs and (either or _ANY.match(self.view, last.end)):
            return Window(windows[0].start, windows[-1].end)
        if recurs or adjoining:
            return windows[0]
        return None
