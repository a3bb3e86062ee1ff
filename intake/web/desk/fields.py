"""The fields of one request as the desk shows them: value, certainty, evidence, alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from intake.catalogue.services import Catalogue
from intake.locale import say
from intake.locale.times import window
from intake.settings import Deciding
from intake.storage.models import ServiceRequest
from intake.understanding.confidence import SEEMS_SURE, Thresholds
from intake.understanding.fields import BY_NAME, READ, RequestField
from intake.understanding.values import Window, window_from_json

URGENCIES = ("normal", "urgent", "emergency")
OTHER_KINDS = 3
SHOWN_AT_MOST = 80  # characters, where no column says how long a value may be
LEAST_SHARE = 0.05  # a category with a lower probability is not offered as an alternative
SURE = 0.9  # the confidence from which a value is shown as sure


@dataclass(frozen=True, slots=True)
class Choice:
    """``value`` is what is saved (for a window of time: two local times with a slash between),
    ``shown`` what the operator reads."""

    value: str
    shown: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field as it is shown.

    ``key``: the digit with which an operator edits it. ``how``: how certain the value is: sure,
    fair, unsure, missing, empty, given (by the sender), home (from the household) or corrected.
    ``confidence``: 0..1 where it was read from the message, else None. ``evidence``:
    ``[start, end)`` in code points of the text.
    """

    name: str
    key: str
    value: str
    shown: str
    how: str
    confidence: float | None = None
    evidence: tuple[int, int] | None = None
    alternatives: tuple[Choice, ...] = ()

    @property
    def length(self) -> int:
        """The most characters that may be typed into it."""
        row = BY_NAME[self.name]
        return row.length if row.read and row.length else SHOWN_AT_MOST

    @property
    def keyboard(self) -> str | None:
        """Which keyboard a phone shows for it."""
        return BY_NAME[self.name].keyboard

    @property
    def doubtful(self) -> bool:
        return self.how in ("unsure", "missing")


def views(
    request: ServiceRequest,
    read: Mapping[str, Any],
    catalogue: Catalogue,
    deciding: Deciding,
    zone: ZoneInfo,
    language: str,
) -> list[FieldView]:
    """All fields but the text, in the order in which they are shown.

    ``read``: the stored understanding (`Understanding.to_json`), empty without one. ``zone``: the
    residents'. ``language``: the operator's.
    """
    entry = catalogue.entries.get(request.category or "")
    required = entry.required if entry else ()
    least = deciding.category_spoken if request.transcript_id else deciding.category
    limits = Thresholds(
        category=min(least, SEEMS_SURE),
        by_category=deciding.categories,
        fields=deciding.fields,
    )
    return [
        _category(request, read, catalogue, limits, language),
        *(
            _field(request, read, row, limits.of(row.name), row.name in required, zone, language)
            for row in READ
        ),
        FieldView(
            "urgency",
            key("urgency"),
            request.urgency,
            say(f"desk.urgency.{request.urgency}", language),
            "corrected" if "urgency" in request.corrected else "fair",
            evidence=_span(read.get("urgency_evidence")),
        ),
    ]


def _category(
    request: ServiceRequest,
    read: Mapping[str, Any],
    catalogue: Catalogue,
    limits: Thresholds,
    language: str,
) -> FieldView:
    ranking = [(code, float(share)) for code, share in read.get("category_ranking") or ()]
    share = dict(ranking).get(request.category or "")
    others = tuple(
        Choice(code, catalogue.name(code, language))
        for code, share in ranking
        if code != request.category and share >= LEAST_SHARE and catalogue.is_service(code)
    )
    code = request.category or ""
    limit = limits.by_category.get(code, limits.category)
    how = _how(request, "category", share, limit, required=True)
    return FieldView(
        "category",
        key("category"),
        code,
        catalogue.name(code, language) if code else "",
        "unsure" if code and not catalogue.is_service(code) else how,
        None if how == "corrected" else share,
        alternatives=others[:OTHER_KINDS],
    )


def _field(
    request: ServiceRequest,
    read: Mapping[str, Any],
    row: RequestField,
    limit: float,
    required: bool,
    zone: ZoneInfo,
    language: str,
) -> FieldView:
    name = row.name
    value, shown = stored(request, name, zone, language)
    found = read.get(name) or {}
    choices = [_choice(item, language) for item in _all(found)]
    others = tuple(choice for choice in choices if choice.value != value)
    of_machine = bool(choices) and choices[0].value == value
    confidence = float(found["confidence"]) if of_machine else None
    how = _how(request, name, confidence, limit, required=required, value=value)
    if how == "sure" and found.get("ambiguous"):
        how = "unsure"
    return FieldView(
        name,
        key(name),
        value,
        shown,
        how,
        None if how in ("corrected", "given", "home") else confidence,
        _span(found.get("evidence")) if of_machine or not value else None,
        others,
    )


def stored(request: ServiceRequest, name: str, zone: ZoneInfo, language: str) -> tuple[str, str]:
    """(the value as it is saved, as it is shown) of one field; empty texts if it is unknown."""
    if not BY_NAME[name].is_window:
        value = getattr(request, name) or ""
        return value, value
    if request.when_start is None or request.when_end is None:
        return "", request.when_text or ""
    both = Window(*(_local(at, zone) for at in (request.when_start, request.when_end)))
    return _of_window(both), window(both, language)


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _of_window(value: Window) -> str:
    return f"{value.start:%Y-%m-%dT%H:%M}/{value.end:%Y-%m-%dT%H:%M}"


def _all(found: Mapping[str, Any]) -> list[Any]:
    return [found["value"], *found["alternatives"]] if found else []


def _choice(value: Any, language: str) -> Choice:
    if isinstance(value, str):
        return Choice(value, value)
    both = window_from_json(value)
    return Choice(_of_window(both), window(both, language))


def _how(
    request: ServiceRequest,
    name: str,
    confidence: float | None,
    limit: float,
    *,
    required: bool,
    value: str | None = None,
) -> str:
    """How certain a value is: one of the words of `FieldView.how`."""
    value = getattr(request, name) if value is None else value
    if BY_NAME[name].column in request.corrected:
        return "corrected"
    if not value:
        return "missing" if required else "empty"
    if request.given.get(name) == value:
        return "given"
    if (request.given.get("household") or {}).get(name) == value:
        return "home"
    if confidence is None or confidence < limit:
        return "unsure"
    return "sure" if confidence >= SURE else "fair"


def key(name: str) -> str:
    """The digit with which an operator edits a field; ``""`` for none."""
    return BY_NAME[name].key or ""


def _span(stored_span: Any) -> tuple[int, int] | None:
    return (int(stored_span[0]), int(stored_span[1])) if stored_span else None
