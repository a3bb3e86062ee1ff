"""Settings of routing, and of retries of a delivery."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from intake.settings.table import Table


class Rule(Table):
    """One routing rule; the first rule whose every given condition holds is applied."""

    backend: str
    category: list[str] | None = None
    area: list[str] | None = None
    urgency: list[Literal["emergency", "urgent", "normal"]] | None = None


class Routing(Table):
    """Which backend gets which requests."""

    default: str = Field("station", description="the backend when no rule fits")
    rules: list[Rule] = Field(default_factory=list)


class Delivering(Table):
    """How often and how long a delivery is tried."""

    attempts: int = Field(8, ge=1, le=100, description="tries before the operators take over")
    first_wait_seconds: float = Field(5, gt=0, description="wait after the first failure; doubles")
    longest_wait_seconds: float = Field(3600, gt=0)
    poll_seconds: float = Field(300, gt=0, description="between two polls of a backend")
