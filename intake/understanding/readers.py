"""Runs all readers over one text: need, urgency, place, time, person and telephone number."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import datetime
from typing import Any, Protocol

from intake.understanding import remarks
from intake.understanding.fields import READ_NAMES, Urgency
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.person import read_person
from intake.understanding.phone import read_phone
from intake.understanding.place import read_place, spelled_places
from intake.understanding.remainder import unexplained
from intake.understanding.safety import Safety, read_safety
from intake.understanding.spoken_text import Heard, cover
from intake.understanding.unit import Mention, Setting, find_units, read_unit
from intake.understanding.values import Field, Reason, Understanding, Window
from intake.understanding.when import read_when

# Behind these a number with 号 is rather a day, and no sign that the words before are a place.
_BEFORE_DAY = frozenset(" ,，。.、的月周年天是到在前后从等约")
_NUMERAL = re.compile(r"[\d一二三四五六七八九十百千]")
ALARM_FROM, DOUBT_FROM = 0.6, 0.1
"""The chances of danger (0..1, from the classifier) from which a message is an emergency, or is
doubtful and urgent."""
DOUBT_EXPLAINED_FROM = 0.9
"""The chance from which a message is doubtful that tells what sounded like danger."""


_CALLED_OFF = frozenset(
    ("cancel_request", "handoff", "thanks", "greet", "affirm", "deny", "inform")
)
FEWEST_LETTERS = 4
"""Letters beside the fields of a message of which no more is asked than whether it is danger."""
LISTEN_FIRST = "danger_possible"
"""The code of the reason that a message may be danger, so that a person listens to it first."""


@dataclass(slots=True)
class Reading:
    """A message while the readers run over it, and what they have found so far.

    `now` is naive local time. `arranged`: in this category somebody comes at an agreed time.
    `taken`: spans of the text that a reader has used and that mean nothing else. `found`: fields by
    name.
    """

    text: str
    heard: Heard
    now: datetime
    gazetteer: Gazetteer
    emergency: bool = False
    arranged: bool = True
    taken: list[tuple[int, int]] = dataclass_field(default_factory=list)
    found: dict[str, Field[Any]] = dataclass_field(default_factory=dict)
    _units: list[Mention] | None = None

    def units(self) -> list[Mention]:
        """Every mention of a building, entrance or room outside the spans that were `taken` when
        this was first called."""
        if self._units is None:
            names = [
                (start, end)
                for start, end, _ in spelled_places(self.heard, self.gazetteer)
                if _NUMERAL.search(self.heard.text, start, end)
            ]
            self._units = find_units(self.heard, self.taken, names)
        return self._units

    def only_answers(self) -> bool:
        """Whether the text says next to nothing besides the fields that were found, as an answer
        does ("我姓庞 13900551182"): too little to learn from it that somebody is in danger."""
        spans = (field.evidence for field in self.found.values() if field.evidence is not None)
        covered = cover(len(self.text), spans)
        rest = sum(c.isalpha() and not used for c, used in zip(self.text, covered, strict=True))
        return bool(self.found) and rest <= FEWEST_LETTERS

    def explained(self) -> list[tuple[int, int]]:
        """The spans of all that was found, and of homes that say no more than the one found."""
        spans = [field.evidence for field in self.found.values() if field.evidence is not None]
        unit = self.found.get("unit")
        parts = set(unit.value.split("-")) if unit is not None else set()
        same = [m for m in self.units() if parts.issuperset(m.parts.values())]
        return [*spans, *((mention.start, mention.end) for mention in same)]

    def take(self, field: Field[Any] | None) -> None:
        """Exclude this field's words from the readers that follow."""
        if field is not None and field.evidence is not None:
            self.taken.append(field.evidence)


def _phone(message: Reading) -> Field[str] | None:
    phone = read_phone(message.heard)
    message.take(phone)
    return phone


def _place(message: Reading) -> Field[str] | None:
    text = message.heard.text
    starts = [
        unit.start
        for unit in message.units()
        if unit.needs != "place" or (unit.start and text[unit.start - 1] not in _BEFORE_DAY)
    ]
    return read_place(message.heard, message.gazetteer, starts, message.taken)


def _unit(message: Reading) -> Field[str] | None:
    units, place = message.units(), message.found.get("place")
    setting = Setting()
    if place and place.evidence:
        start, end = place.evidence
        others = (
            stop
            for _, stop, name in spelled_places(message.heard, message.gazetteer)
            if name != place.value
        )
        kind = message.gazetteer.places[place.value].kind
        setting = Setting(start, end, kind, frozenset(others))
    unit = read_unit(message.heard, units, setting.end, place=setting)
    message.taken += [(mention.start, mention.end) for mention in units if not mention.needs]
    message.take(place)
    message.take(unit)
    return unit


def _when(message: Reading) -> Field[Window] | None:
    """None in an emergency: a time in such a message is no appointment."""
    if message.emergency:
        return None
    return read_when(message.heard, message.now, arranged=message.arranged, taken=message.taken)


def _person(message: Reading) -> Field[str] | None:
    return read_person(
        message.text,
        message.heard,
        message.taken,
        emergency=message.emergency,
        places=message.gazetteer.spelled,
    )


Reader = Callable[[Reading], Field[Any] | None]
READERS: Mapping[str, Reader] = {
    "phone": _phone,
    "place": _place,
    "unit": _unit,
    "when": _when,
    "person": _person,
}
"""The reader of each field, in the order in which they run: each may leave out the spans that an
earlier one has taken."""


class Word(Protocol):
    """One recognised word of a recording."""

    @property
    def start(self) -> float:
        """When it was said, in seconds from the beginning of the recording."""

    @property
    def confidence(self) -> float | None:
        """The recogniser's confidence, 0..1; None if it gives none."""


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

    `received_at` is local time, naive (of an aware one the time zone is dropped). `ranking` is the
    classifier's (category, probability) pairs, the likeliest first; it may be empty. `words` are
    the recogniser's; with any, `text` is a transcript. `danger` is the learned chance (0..1) that
    somebody is in danger: where the rules find no emergency, one from `alarm_from` makes it an
    emergency, one from `doubt_from` urgent, for an operator to check. In the categories
    `unarranged` nobody comes at an agreed time, so that a time in the text is rather when something
    happened. Never raises because of the text, and takes time linear in its length.
    """
    heard = Heard.of(text, spoken=bool(words))
    safety = read_safety(heard)
    category = ranking[0][0] if ranking else None
    urgency, reasons = _urgency(text, safety, danger, alarm_from, doubt_from)
    message = Reading(
        text=text,
        heard=heard,
        now=received_at.replace(tzinfo=None, second=0, microsecond=0),
        gazetteer=gazetteer,
        emergency=urgency == "emergency",
        arranged=category not in unarranged,
    )
    for name, reader in READERS.items():
        field = reader(message)
        if field is not None:
            message.found[name] = field
    place = message.found.get("place")
    learned_alone = bool(reasons) and not (safety.evidence or safety.doubt)
    if learned_alone and danger < (alarm_from + doubt_from) / 2 and message.only_answers():
        urgency, reasons = safety.urgency, ()
    if category is not None and category not in _CALLED_OFF and remarks.calls_off(text):
        zh, en = "可能是要取消或推掉，不是要服务", "This may call something off, not ask for it"
        reasons += (Reason("perhaps_called_off", zh, en),)
    timed = "when" in message.found or not message.arranged or message.emergency
    reasons += unexplained(heard, message.explained(), timed=timed)
    return Understanding(
        category=category,
        category_confidence=ranking[0][1] if ranking else 0.0,
        category_ranking=tuple((code, float(share)) for code, share in ranking),
        urgency=urgency,
        urgency_evidence=safety.evidence or safety.doubt,
        safety_kind=safety.kind,
        danger=danger,
        area=gazetteer.places[place.value].area if place else None,
        reasons=reasons,
        fields={name: message.found[name] for name in READ_NAMES if name in message.found},
    )


def _urgency(
    text: str, safety: Safety, danger: float, alarm_from: float, doubt_from: float
) -> tuple[Urgency, tuple[Reason, ...]]:
    """How urgent the message is, and why, from the rules and the learned chance of danger.

    What the rules are sure of is an emergency. A learned chance is one from `alarm_from`; from
    halfway between that and `doubt_from` where the rules doubt too; from halfway between that and
    certainty where a chore is asked for; never where the text itself tells that nothing is wrong.
    Whatever else leaves a doubt is urgent: a person listens first.
    """
    at = safety.evidence if safety.urgency == "emergency" else safety.doubt
    said = text[slice(*at)] if at else ""
    if safety.urgency == "emergency":
        zh, en = f"可能有危险：“{said}”", f"Someone may be in danger: “{said}”"
        return "emergency", (Reason("life_safety", zh, en),)
    halfway = (alarm_from + doubt_from) / 2
    needed = halfway if said else (1 + alarm_from) / 2 if safety.chore else alarm_from
    if danger >= needed and not safety.calm and not safety.explained:
        zh, en = "整段话听着像有人遇险", "The whole message sounds like someone in danger"
        return "emergency", (Reason("life_safety", zh, en),)
    if said:
        zh = f"说不定有人遇险：“{said}”，请先看这一件"
        en = f"Someone might be in danger: “{said}”. Look at this first"
        return "urgent", (Reason(LISTEN_FIRST, zh, en),)
    doubted = halfway if safety.calm or safety.chore else doubt_from
    if danger >= (DOUBT_EXPLAINED_FROM if safety.explained else doubted):
        zh, en = "说不定有人遇险，请先看这一件", "Someone might be in danger: look at this first"
        return "urgent", (Reason(LISTEN_FIRST, zh, en),)
    return safety.urgency, ()
