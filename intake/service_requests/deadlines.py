"""When a request should be answered."""

from __future__ import annotations

from datetime import datetime, timedelta

from intake.catalogue.services import Catalogue
from intake.storage.models import ServiceRequest

EMERGENCY = timedelta(minutes=3)
"""The hotline norm for a message in working hours (GB/T 33358)."""


def time_allowed(category: str | None, urgency: str, catalogue: Catalogue) -> timedelta | None:
    """From when a request was received until its answer: `EMERGENCY`, or what the catalogue says of
    its category. None without a category that the catalogue has."""
    if urgency == "emergency":
        return EMERGENCY
    entry = catalogue.entries.get(category or "")
    return timedelta(minutes=entry.deadline_minutes) if entry is not None else None


def deadline(request: ServiceRequest, catalogue: Catalogue) -> datetime | None:
    """When a request should be answered; None while nobody knows what it is about. What may be
    danger is as pressing as an emergency until a person has listened."""
    urgency = "emergency" if request.listen_first else request.urgency
    allowed = time_allowed(request.category, urgency, catalogue)
    return request.received_at + allowed if allowed is not None else None
