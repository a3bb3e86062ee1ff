"""Turns what operators confirmed or corrected into the labels of a labelled set.

Only what an operator checked becomes a label: of a confirmed request every field, of one that was
only corrected the corrected fields. What the sender filled in besides the message was perhaps never
said, so it becomes no label unless an operator wrote it again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from intake.evaluation.confirmed_requests import Checked
from intake.evaluation.dataset import DIALOGUES, SPOKEN, TYPED
from intake.storage.models import ServiceRequest
from intake.understanding.fields import READ_NAMES, READ_TEXTS
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.simplified import plain
from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units, read_unit
from intake.understanding.values import Window, window_to_json

CHINA = 86
NAMES = ("category", "urgency", *READ_NAMES)
_PARTS_OF_WHEN = frozenset(("when_start", "when_end"))
_JOINS = re.compile(r"[-‐-―−#/\s]+")
_UNIT = re.compile(r"(?:[0-9]{1,4}|[A-Z])(?:-[0-9]{1,4}){0,2}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `file`. `remarks`: which fields could not become labels, and why."""

    file: str
    values: dict[str, Any]
    remarks: tuple[str, ...] = ()


def line(checked: Checked, *, zone: ZoneInfo, gazetteer: Gazetteer, audio: str | None) -> Line:
    """The line that stands for one request.

    `audio`: the recording's path within the set; without it a voicemail becomes a typed message.
    The transcription of a recording is written as ``heard``, which is not evaluated, and not as
    ``text``: else the recogniser would be measured against itself.
    """
    request = checked.request
    labels, remarks = _labels(checked, zone, gazetteer)
    head: dict[str, Any] = {"id": request.tracking_number}
    middle = {
        "language": request.language or "zh",
        "received_at": _local(request.received_at, zone).isoformat(timespec="minutes"),
        "channel": request.channel,
    }
    if audio is not None:
        words = {"text" if checked.transcribed else "heard": request.text or ""}
        return Line(SPOKEN, {**head, "audio": audio, **words, **middle, **labels}, remarks)
    turns = checked.typed or (request.text or "",)
    if len(turns) == 1:
        return Line(TYPED, {**head, "text": turns[0], **middle, **labels}, remarks)
    return Line(DIALOGUES, {**head, "turns": list(turns), **middle, "expect": labels}, remarks)


def why_not(found: Line) -> str | None:
    """Why nothing can be measured with this line; None when something can."""
    values = found.values
    if found.file == TYPED and not values["text"].strip():
        return "without words"
    labels = values.get("expect", values)
    if labels.keys().isdisjoint(NAMES) and not (found.file == SPOKEN and "text" in values):
        return "corrected in nothing that a set labels"
    return None


def known_names(checked: Checked) -> frozenset[str]:
    """The fields whose right value an operator gave, be it empty."""
    request = checked.request
    corrected = set(request.corrected)
    if not corrected.isdisjoint(_PARTS_OF_WHEN):
        corrected.add("when")
    if not checked.confirmed:
        return frozenset(corrected.intersection(NAMES))
    unsure = {name for name, value in request.given.items() if value}
    unsure |= (request.given.get("household") or {}).keys()
    if checked.merged_in:
        unsure.add("urgency")
    return frozenset(corrected.union(set(NAMES) - unsure).intersection(NAMES))


def _labels(
    checked: Checked, zone: ZoneInfo, gazetteer: Gazetteer
) -> tuple[dict[str, Any], tuple[str, ...]]:
    labels: dict[str, Any] = {}
    remarks: list[str] = []
    known = known_names(checked)
    for name, written, value in _values(checked.request, zone, gazetteer):
        if name not in known:
            continue
        if written and value is None:
            remarks.append(
                f"{name}: {written} is left out: it can't be brought into a label's form"
            )
        elif value is not None or name not in ("category", "urgency"):
            labels[name] = value
    return labels, tuple(remarks)


def _values(
    request: ServiceRequest, zone: ZoneInfo, gazetteer: Gazetteer
) -> Iterator[tuple[str, str, Any]]:
    """(name, what was written, the label)."""
    forms: dict[str, Callable[[str], str | None]] = {
        "place": lambda written: as_place(written, gazetteer),
        "unit": as_unit,
        "phone": as_phone,
    }
    for name in ("category", "urgency", *READ_TEXTS):
        written = (getattr(request, name) or "").strip()
        yield name, written, forms[name](written) if name in forms else written or None
    start, end = request.when_start, request.when_end
    ends = " to ".join(_local(t, zone).isoformat(" ", "minutes") for t in (start, end) if t)
    yield "when", ends, _window(start, end, zone)


def as_place(written: str, gazetteer: Gazetteer) -> str | None:
    """The place's name in the gazetteer; the text itself if it has none; None if it is empty."""
    name = written.strip()
    if not name or name in gazetteer.places:
        return name or None
    names = {spelling.place.name for spelling in gazetteer.written(plain(name))}
    return names.pop() if len(names) == 1 else name


def as_unit(written: str) -> str | None:
    """Digits of building, entrance and room joined by "-"; None if the text holds more than
    that."""
    joined = _JOINS.sub("-", plain(written).strip()).upper()
    if _UNIT.fullmatch(joined):
        return joined
    heard = Heard.of(written)
    found = read_unit(heard, find_units(heard), 0)
    if found is None or _digits(joined) not in ("", _digits(found.value)):
        return None
    return found.value


def as_phone(written: str) -> str | None:
    """The digits to dial within China, else all digits; None without digits."""
    dialled = plain(written).strip()
    if dialled.startswith(("+", "00")):
        with contextlib.suppress(phonenumbers.NumberParseException):
            # Within China a leading + is dialled as 00.
            number = phonenumbers.parse(dialled, "CN")
            if number.country_code == CHINA:
                dialled = phonenumbers.format_number(
                    number, phonenumbers.PhoneNumberFormat.NATIONAL
                )
    return _digits(dialled) or None


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _window(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> dict[str, str] | None:
    if start is None or end is None:
        return None
    window = Window(_local(start, zone), _local(end, zone))
    return window_to_json(window) if window.start <= window.end else None


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
