"""All readers over one text: what is needed, how urgently, where, when, for whom."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.person import read_person
from intake.understanding.phone import read_phone
from intake.understanding.place import read_place
from intake.understanding.safety import Safety, read_safety
from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units, read_unit
from intake.understanding.values import Field, Reason, Understanding, Urgency
from intake.understanding.when import read_when

ALARM_FROM, DOUBT_FROM = 0.6, 0.3
"""Chances of danger, as the classifier gives them, that make an emergency and a doubt."""


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
    danger: float = 0.0,
    alarm_from: float = ALARM_FROM,
    doubt_from: float = DOUBT_FROM,
    unarranged: Collection[str] = (),
) -> Understanding:
    """Read everything that `text` says.

    `received_at` is local time, naive (an aware one is taken as its own wall clock). `ranking` is
    the classifier's (category, probability) pairs, the likeliest first; it may be empty. `words`
    are the recogniser's, and mean that the text was spoken. `danger` is the learned chance that
    somebody is in danger: from `alarm_from` it makes an emergency of what the rules let pass, from
    `doubt_from` something urgent for a person to look at. In the categories `unarranged` nobody
    comes at an agreed time, so that a time told is rather when it happened. Never raises on
    account of the text, and takes time linear in its length.
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
    urgency, reasons = _urgency(text, safety, danger, alarm_from, doubt_from)
    emergency = urgency == "emergency"
    when = (
        None
        if emergency
        else read_when(heard, now, arranged=category not in unarranged, taken=taken)
    )
    return Understanding(
        category=category,
        category_confidence=ranking[0][1] if ranking else 0.0,
        category_ranking=tuple((code, float(share)) for code, share in ranking),
        urgency=urgency,
        urgency_evidence=safety.evidence,
        safety_kind=safety.kind,
        danger=danger,
        place=place,
        area=gazetteer.places[place.value].area if place else None,
        unit=unit,
        when=when,
        person=read_person(text, heard, taken),
        phone=phone,
        reasons=reasons,
    )


def _spans(*fields: Field[str] | None) -> list[tuple[int, int]]:
    return [field.evidence for field in fields if field and field.evidence]


def _urgency(
    text: str, safety: Safety, danger: float, alarm_from: float, doubt_from: float
) -> tuple[Urgency, tuple[Reason, ...]]:
    if safety.urgency == "emergency":
        said = text[slice(*safety.evidence)] if safety.evidence else ""
        zh, en = f"可能有危险：“{said}”", f"Someone may be in danger: “{said}”"
        return "emergency", (Reason("life_safety", zh, en),)
    if danger >= alarm_from:
        zh, en = "整段话听着像有人遇险", "The whole message sounds like someone in danger"
        return "emergency", (Reason("life_safety", zh, en),)
    if danger >= doubt_from:
        zh, en = "说不定有人遇险，请先看这一件", "Someone might be in danger: look at this first"
        return "urgent", (Reason("danger_possible", zh, en),)
    return safety.urgency, ()
