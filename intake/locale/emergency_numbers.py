"""Whom to ring when somebody is in danger: the numbers of mainland China."""

from __future__ import annotations

from intake.locale import say

EMERGENCY_NUMBERS = {"120": "dial.medical", "119": "dial.fire", "110": "dial.police"}
"""Number → key of its label, in the order in which they are shown."""
DIAL = " / ".join(EMERGENCY_NUMBERS)
"""The numbers as they stand in a sentence."""


def labelled(language: str | None) -> list[tuple[str, str]]:
    """Each number with its label, such as "120 ambulance"."""
    return [(number, say(key, language)) for number, key in EMERGENCY_NUMBERS.items()]
