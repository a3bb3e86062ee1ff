"""Who gets it: pure rules over category, area and urgency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RoutingRule(Protocol):
    """One rule; a condition that is None holds always."""

    @property
    def backend(self) -> str: ...
    @property
    def category(self) -> Sequence[str] | None: ...
    @property
    def area(self) -> Sequence[str] | None: ...
    @property
    def urgency(self) -> Sequence[str] | None: ...


def choose_backend(
    rules: Sequence[RoutingRule],
    default: str,
    *,
    category: str | None,
    area: str | None,
    urgency: str,
) -> str:
    """Name the backend of the first rule whose every condition holds, else ``default``."""
    for rule in rules:
        if (
            _holds(rule.category, category)
            and _holds(rule.area, area)
            and _holds(rule.urgency, urgency)
        ):
            return rule.backend
    return default


def _holds(wanted: Sequence[str] | None, value: str | None) -> bool:
    return wanted is None or value in wanted
