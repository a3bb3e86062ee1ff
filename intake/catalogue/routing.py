"""Which backend gets a request: pure rules over category, area and urgency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class RoutingRule(Protocol):
    """One routing rule; a condition that is None always holds."""

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
        if not misfits(rule, category=category, area=area, urgency=urgency):
            return rule.backend
    return default


def misfits(
    rule: RoutingRule, *, category: str | None, area: str | None, urgency: str
) -> tuple[str, ...]:
    """The names of the conditions that don't hold: of category, area, urgency."""
    known = {"category": category, "area": area, "urgency": urgency}
    wanted = {"category": rule.category, "area": rule.area, "urgency": rule.urgency}
    return tuple(n for n, some in wanted.items() if some is not None and known[n] not in some)
