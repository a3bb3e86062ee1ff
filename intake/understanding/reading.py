"""All readers over one text: what is needed, how urgently, where, when, for whom."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.hearing import Heard
from intake.understanding.phone import read_phone
from intake.understanding.place import read_place
from intake.understanding.safety import read_safety
from intake.understanding.unit import find_units, read_unit
from intake.understanding.values import Evidence, Field, Reason, Understanding
from intake.understanding.when import read_when
from intake.understanding.who import read_person


class Word(Protocol):
    """One recognised word; only its place in the text and its confidence matter here."""

    @property
    def start(self) -> float:
        """When it was said, in seconds."""

    @property
    def confidence(self) -> float | None:
        """How sure the recogniser was, 0..1; None when it doesn't say."""


def understand(
    text: str,
    *,
    received_at: datetime,
    ranking: Sequence[tuple[str, float]],
    gazetteer: Gazetteer,
    language: str = "zh",
    words: Sequence[Word] = (),
) -> Understanding:
    """Read everything that `text` says.

    `received_at` is local time, naive (an aware one is taken as its own wall clock). `ranking` is
    the classifier's (category, probability) pairs, the likeliest first; it may be empty. `words`
    are the recogniser's, and mean that the text was spoken. Never raises on account of the text,
    and takes time linear in its length.
    """
    now = received_at.replace(tzinfo=None, second=0, microsecond=0)
    heard = Heard.of(text, spoken=bool(words))
    safety = read_safety(heard)
    category = ranking[0][0] if ranking else None
    phone = read_phone(heard)
    taken = [phone.evidence] if phone and phone.evidence else []
    mentions = find_units(heard, taken)
    place = read_place(heard, gazetteer, [m.start for m in mentions], taken)
    unit = read_unit(heard, mentions, place.evidence[1] if place and place.evidence else None)
    taken += [(m.start, m.end) for m in mentions]
    taken += _spans(place, unit)
    emergency = safety.urgency == "emergency"
    when = None if emergency else read_when(heard, now, category=category, taken=taken)
    return Understanding(
        category=category,
        category_confidence=ranking[0][1] if ranking else 0.0,
        category_ranking=tuple((code, float(share)) for code, share in ranking),
        urgency=safety.urgency,
        urgency_evidence=safety.evidence,
        safety_kind=safety.kind,
        place=place,
        area=gazetteer.places[place.value].area if place else None,
        unit=unit,
        when=when,
        person=read_person(text, heard, taken),
        phone=phone,
        reasons=_safety_reason(text, safety.evidence) if emergency else (),
    )


def _spans(*fields: Field[str] | None) -> list[tuple[int, int]]:
    return [field.evidence for field in fields if field and field.evidence]


def _safety_reason(text: str, evidence: Evidence) -> tuple[Reason, ...]:
    said = text[evidence[0] : evidence[1]] if evidence else ""
    return (Reason("life_safety", f"可能有危险：“{said}”", f"Someone may be in danger: “{said}”"),)
