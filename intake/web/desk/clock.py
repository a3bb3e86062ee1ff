"""Times as the desk shows them: in the residents' time zone, and durations in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from intake.locale import say

MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Clock:
    """Formats times. ``zone``: the residents'. ``language``: the viewer's. ``now`` is aware."""

    zone: ZoneInfo
    language: str
    now: datetime

    @classmethod
    def of(cls, zone: ZoneInfo, language: str) -> Clock:
        return cls(zone, language, datetime.now(UTC))

    def at(self, moment: datetime | None) -> str:
        """Today the time of day, else month, day and time, with the year if it is another one;
        "–" for None."""
        if moment is None:
            return "–"
        try:
            local = moment.astimezone(self.zone)
        except OverflowError:  # a backend may send a time at the end of year 9999
            local = moment
        today = self.now.astimezone(self.zone).date()
        if local.date() == today:
            return f"{local:%H:%M}"
        return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"

    def ago(self, moment: datetime) -> str:
        """How long it is since a moment, or until it, such as "12 min"."""
        return self.lasts(abs((self.now - moment).total_seconds()))

    def lasts(self, seconds: float | None) -> str:
        """A duration in minutes, hours and minutes, or days and hours; "–" for None."""
        if seconds is None:
            return "–"
        if seconds < HOUR:
            return say("desk.clock.minutes", self.language, n=int(seconds // MINUTE))
        if seconds < DAY:
            hours, rest = divmod(int(seconds), HOUR)
            return say("desk.clock.hours", self.language, n=hours, minutes=rest // MINUTE)
        days, rest = divmod(int(seconds), DAY)
        return say("desk.clock.days", self.language, n=days, hours=rest // HOUR)
