"""What was understood of one message: every field with its evidence and how sure we are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

Evidence = tuple[int, int] | None
"""`[start, end)` in code points of the text that was read; None when no words stand behind it."""

Urgency = Literal["emergency", "urgent", "normal"]
T = TypeVar("T")
_MINUTE = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of local time, naive, to the minute; `end` is never before `start`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One thing that was understood.

    `confidence` is 0..1. `ambiguous` says that `alternatives` are about as likely as `value`,
    so that a person must choose. `note` is a short code for why the value is in doubt.
    """

    value: T
    evidence: Evidence
    confidence: float
    alternatives: tuple[T, ...] = ()
    ambiguous: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person should look: a stable code, and one sentence in Chinese and in English."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """All that one message or voicemail says; what it does not say is None.

    `category_ranking` is (code, probability) pairs, the likeliest first. `safety_kind` names the
    danger when `urgency` is "emergency" by the rules (see `safety.KINDS`); `danger` is the learned
    chance of one. `area` follows from `place`.
    """

    category: str | None
    category_confidence: float
    category_ranking: tuple[tuple[str, float], ...] = ()
    urgency: Urgency = "normal"
    urgency_evidence: Evidence = None
    safety_kind: str | None = None
    danger: float = 0.0
    place: Field[str] | None = None
    area: str | None = None
    unit: Field[str] | None = None
    when: Field[Window] | None = None
    person: Field[str] | None = None
    phone: Field[str] | None = None
    reasons: tuple[Reason, ...] = ()

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
            "place": _field_to_json(self.place),
            "area": self.area,
            "unit": _field_to_json(self.unit),
            "when": _field_to_json(self.when),
            "person": _field_to_json(self.person),
            "phone": _field_to_json(self.phone),
            "reasons": [{"code": r.code, "zh": r.zh, "en": r.en} for r in self.reasons],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Understanding":
        """Read what `to_json` wrote; raises KeyError or ValueError on anything else."""
        return cls(
            category=stored["category"],
            category_confidence=float(stored["category_confidence"]),
            category_ranking=tuple((str(k), float(p)) for k, p in stored["category_ranking"]),
            urgency=stored["urgency"],
            urgency_evidence=_evidence(stored["urgency_evidence"]),
            safety_kind=stored["safety_kind"],
            danger=float(stored.get("danger", 0.0)),
            place=_text_field(stored["place"]),
            area=stored["area"],
            unit=_text_field(stored["unit"]),
            when=_window_field(stored["when"]),
            person=_text_field(stored["person"]),
            phone=_text_field(stored["phone"]),
            reasons=tuple(Reason(r["code"], r["zh"], r["en"]) for r in stored["reasons"]),
        )


def window_to_json(window: Window) -> dict[str, str]:
    """Return {"start", "end"} as local times like "2026-11-24T09:00"."""
    return {"start": window.start.strftime(_MINUTE), "end": window.end.strftime(_MINUTE)}


def window_from_json(stored: Mapping[str, str]) -> Window:
    """Read what `window_to_json` wrote."""
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


def _text_field(stored: Mapping[str, Any] | None) -> Field[str] | None:
    if stored is None:
        return None
    return _with(stored, str(stored["value"]), tuple(map(str, stored["alternatives"])))


def _window_field(stored: Mapping[str, Any] | None) -> Field[Window] | None:
    if stored is None:
        return None
    others = tuple(window_from_json(item) for item in stored["alternatives"])
    return _with(stored, window_from_json(stored["value"]), others)


def _with(stored: Mapping[str, Any], value: T, alternatives: tuple[T, ...]) -> Field[T]:
    return Field(
        value,
        _evidence(stored["evidence"]),
        float(stored["confidence"]),
        alternatives,
        bool(stored["ambiguous"]),
        stored["note"],
    )


def _evidence(stored: Sequence[int] | None) -> Evidence:
    return (int(stored[0]), int(stored[1])) if stored else None
