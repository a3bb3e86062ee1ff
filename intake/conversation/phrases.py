"""The assistant's sentences about a request: the question, the reading back, the number."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from intake.catalogue.services import Both, Catalogue
from intake.conversation.form import Draft, Turn, missing
from intake.locale import say
from intake.understanding.values import Field, Window

_UNIT_WORDS = re.compile(
    r"\s*(?=\S)(?:[\s\d\-—–#/,，、零〇一二三四五六七八九十百幺两号楼栋幢座单元门室户层院区期弄支东西南北中左右边头家的]"
    r"|[a-z])*",
    re.I,
)
WEEKDAYS = "一二三四五六日"
DAY_PARTS = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
"""(the hour until which it lasts, what it is called)"""


def question(name: str, draft: Draft, catalogue: Catalogue, language: str | None) -> str:
    """How the catalogue asks for a field of this category."""
    questions: Mapping[Any, Both] = catalogue.get(draft.read.category or "").questions
    return questions[name].in_language(language or "zh")


def read_back(
    drafts: Sequence[Draft],
    catalogue: Catalogue,
    language: str | None,
    declined: Collection[str] = (),
) -> str:
    """All that is known, in one sentence, with a yes or no at its end; and what is missing."""
    kinds = [catalogue.name(d.read.category or "", language or "zh") for d in drafts]
    known = [say("chat.part.and", language).join(kinds)]
    first = drafts[0]
    if place := first.read.place:
        known.append(say("chat.part.place", language, value=place.value))
    if first.read.unit:
        known.append(say("chat.part.unit", language, value=_words(first, first.read.unit)))
    if first.read.when:
        spoken = window(first.read.when.value, language)
        known.append(say("chat.part.when", language, value=spoken))
    if first.read.person:
        known.append(say("chat.part.person", language, value=first.read.person.value))
    if first.read.phone:
        known.append(say("chat.part.phone", language, value=first.read.phone.value))
    joined = say("chat.part.comma", language).join(known)
    lacks = [n for d in drafts for n in missing(d, catalogue) if n not in declined]
    if not lacks:
        return say("chat.read_back", language, what=joined)
    names = [say(f"chat.field.{name}", language) for name in dict.fromkeys(lacks)]
    left_out = say("chat.part.comma", language).join(names)
    return say("chat.read_back_lacks", language, what=joined, lacks=left_out)


def _words(draft: Draft, value: Field[str]) -> str:
    """In her own words, which say what is the building and what the room."""
    if value.evidence is None:
        return value.value
    start, end = value.evidence
    return unit_said(draft.text[start:end], value.value)


def unit_said(words: str, value: str) -> str:
    """`words`, in which she will know her home again, unless the recogniser misspelled them."""
    return words.strip() if _UNIT_WORDS.fullmatch(words) else value


def window(when: Window, language: str | None) -> str:
    """A stretch of time as people say it: "11月3日周二下午2点到6点", "Tuesday … 14:00–18:00"."""
    start, end = when.start, when.end
    day = _day(start, language)
    from_midnight, to_midnight = (start.hour, start.minute) == (0, 0), end.hour == 23
    if start.date() != end.date():
        last = _day(end, language)
        if language == "en":
            return f"{day} {start:%H:%M} – {last} {end:%H:%M}"
        first = day if from_midnight else day + _clock(start)
        return f"{first}到{last if to_midnight else last + _clock(end)}"
    if from_midnight and to_midnight:
        return day
    if language == "en":
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    if to_midnight:
        return f"{day}{_clock(start)}以后"
    same = _part(start) == _part(end - timedelta(minutes=1))  # 下午2点到6点, though 6 is evening
    return f"{day}{_clock(start)}到{_clock(end, part=not same)}"


def at(moment: datetime, language: str | None) -> str:
    """A moment on the residents' clock as people say it: "11月3日周二下午2点"."""
    day = _day(moment, language)
    return f"{day} {moment:%H:%M}" if language == "en" else day + _clock(moment)


def _part(moment: datetime) -> str:
    return next(name for until, name in DAY_PARTS if moment.hour < until)


def _clock(moment: datetime, *, part: bool = True) -> str:
    """晚上7点半: the part of the day, and the hour as it is said."""
    hour = moment.hour if moment.hour <= 12 else moment.hour - 12
    minutes = {0: "", 30: "半"}.get(moment.minute, f"{moment.minute}分")
    return f"{_part(moment) if part else ''}{hour}点{minutes}"


def _day(moment: datetime, language: str | None) -> str:
    if language == "en":
        return f"{moment:%A} {moment.day} {moment:%B}"
    return f"{moment.month}月{moment.day}日周{WEEKDAYS[moment.weekday()]}"


def lines(turn: Turn, catalogue: Catalogue, language: str | None) -> tuple[list[str], str | None]:
    """(what is said first, the question) of a turn of the form."""
    first = []
    if turn.changed:
        first.append(say("chat.changed", language))
    if turn.missed:
        first.append(say("chat.not_understood", language))
    if turn.outcome == "what_is_wrong":
        return first, say("chat.what_is_wrong", language)
    if turn.outcome == "read_back":
        return first, read_back(turn.state.drafts, catalogue, language, turn.state.declined)
    if turn.outcome != "ask" or turn.state.asked is None:
        return first, None
    name = turn.state.asked
    asking = [d for d in turn.state.drafts if not d.knows(name)] or list(turn.state.drafts)
    able = [d for d in asking if name in catalogue.get(d.read.category or "").questions]
    return first, question(name, (able or asking)[0], catalogue, language)
