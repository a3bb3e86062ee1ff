"""What was understood of one message: every field with its evidence and its confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from intake.understanding.fields import BY_NAME, READ, READ_NAMES, Urgency

Evidence = tuple[int, int] | None
"""`[start, end)` in code points of the text that was read; None for a value from elsewhere."""

T = TypeVar("T")
_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Window:
    """A window of local time, naive, to the minute; `end` is never before `start`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One thing that was understood.

    `confidence` is 0..1. `ambiguous` says that `alternatives` are about as likely as `value`,
    so that an operator must choose. `note` is a short code for why the value is in doubt.
    """

    value: T
    evidence: Evidence
    confidence: float
    alternatives: tuple[T, ...] = ()
    ambiguous: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an operator should check a request: a stable code, a sentence in Chinese and one in
    English."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """All that was understood of one message or voicemail.

    `fields` holds the values of fields that have a reader (`fields.READ`), by name; `get` returns
    one of them, None for a field that the message does not give. `category_confidence` is 0..1;
    `category_ranking` is (code, probability) pairs, the likeliest first. `safety_kind` names the
    danger when `urgency` is "emergency" by the rules (see `safety.KINDS`); `danger` is the learned
    chance (0..1) of one. `area` follows from `place`.
    """

    category: str | None
    category_confidence: float
    category_ranking: tuple[tuple[str, float], ...] = ()
    urgency: Urgency = "normal"
    urgency_evidence: Evidence = None
    safety_kind: str | None = None
    danger: float = 0.0
    area: str | None = None
    reasons: tuple[Reason, ...] = ()
    fields: Mapping[str, Field[Any]] = field(default_factory=dict)

    @property
    def place(self) -> Field[str] | None:
        """The place; one of the gazetteer unless its note says otherwise."""
        return self.get("place")

    @property
    def unit(self) -> Field[str] | None:
        """Building, entrance and room, joined by "-"."""
        return self.get("unit")

    @property
    def when(self) -> Field[Window] | None:
        """When help is wanted."""
        return self.get("when")

    @property
    def phone(self) -> Field[str] | None:
        """The telephone number to call back, as digits."""
        return self.get("phone")

    def get(self, name: str) -> Field[Any] | None:
        """The value of a field that has a reader, None if the message does not give it.

        Raises `KeyError` for any other name.
        """
        if name not in READ_NAMES:
            raise KeyError(name)
        return self.fields.get(name)

    def but(self, **changes: Any) -> "Understanding":
        """A copy with other values, of fields that have a reader or of attributes, by name.

        None removes a field.
        """
        read = {name: changes.pop(name) for name in READ_NAMES if name in changes}
        known = {
            name: value for name, value in {**self.fields, **read}.items() if value is not None
        }
        return replace(self, fields=known, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `from_json` reads them back unchanged."""
        return {
            "category": self.category,
            "category_confidence": self.category_confidence,
            "category_ranking": [list(pair) for pair in self.category_ranking],
            "urgency": self.urgency,
            "urgency_evidence": list(self.urgency_evidence) if self.urgency_evidence else None,
            "safety_kind": self.safety_kind,
            "danger": self.danger,
            "area": self.area,
            **{name: _field_to_json(self.get(name)) for name in READ_NAMES},
            "reasons": [{"code": r.code, "zh": r.zh, "en": r.en} for r in self.reasons],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Understanding":
        """The understanding that `to_json` wrote; a field that it lacks was not read.

        Raises `KeyError` or `ValueError` for other JSON.
        """
        read = {row.name: stored[row.name] for row in READ if stored.get(row.name) is not None}
        return cls(
            category=stored["category"],
            category_confidence=float(stored["category_confidence"]),
            category_ranking=tuple((str(k), float(p)) for k, p in stored["category_ranking"]),
            urgency=stored["urgency"],
            urgency_evidence=_evidence(stored["urgency_evidence"]),
            safety_kind=stored["safety_kind"],
            danger=float(stored.get("danger", 0.0)),
            area=stored["area"],
            reasons=tuple(Reason(r["code"], r["zh"], r["en"]) for r in stored["reasons"]),
            fields={name: _field_from_json(name, value) for name, value in read.items()},
        )


def window_to_json(window: Window) -> dict[str, str]:
    """Return ``{"start": …, "end": …}`` with local times like "2026-11-24T09:00"."""
    return {"start": window.start.strftime(_MINUTE), "end": window.end.strftime(_MINUTE)}


def window_from_json(stored: Mapping[str, str]) -> Window:
    """The window that `window_to_json` wrote. Raises `KeyError` or `ValueError` for other JSON."""
    start, end = (datetime.strptime(stored[key], _MINUTE) for key in ("start", "end"))
    return Window(start, end)


def _field_to_json(field: Field[Any] | None) -> dict[str, Any] | None:
    if field is None:
        return None
    plain = [
        window_to_json(value) if isinstance(value, Window) else value
        for value in (field.value, *field.alternatives)
    ]
    return {
        "value": plain[0],
        "evidence": list(field.evidence) if field.evidence else None,
        "confidence": field.confidence,
        "alternatives": plain[1:],
        "ambiguous": field.ambiguous,
        "note": field.note,
    }


def _field_from_json(name: str, stored: Mapping[str, Any]) -> Field[Any]:
    value = window_from_json if BY_NAME[name].is_window else str
    others = tuple(value(item) for item in stored["alternatives"])
    return Field(
        value(stored["value"]),
        _evidence(stored["evidence"]),
        float(stored["confidence"]),
        others,
        bool(stored["ambiguous"]),
        stored["note"],
    )


def _evidence(stored: Sequence[int] | None) -> Evidence:
    return (int(stored[0]), int(stored[1])) if stored else None
