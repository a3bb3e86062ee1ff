"""The fields that a message gives, and how they are merged into the drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from intake.conversation.form.state import FIELDS, Draft, MessageReading, State
from intake.understanding import replies, unit
from intake.understanding.fields import READ
from intake.understanding.names import is_surname
from intake.understanding.phonetics import fuzzy_syllables
from intake.understanding.place import PASSING
from intake.understanding.remainder import UNEXPLAINED
from intake.understanding.values import Field, Window
from intake.understanding.when import names_day

SHARED = tuple(row.name for row in READ if row.shared)
"""Names of the fields that two needs of one conversation share, such as the place."""


def answers(state: State, said: MessageReading) -> dict[str, Field[Any]]:
    """The fields that this message gives; also a text that is nothing but the asked value."""
    found = {n: v for n in FIELDS if (v := said.read.get(n)) is not None}
    draft = state.drafts[0]
    passing = "place" in found and found["place"].note == PASSING
    if passing and draft.read.place is not None and state.asked != "place":
        del found["place"]  # 周六要去妈祖宫: the home stays where it is
    moved_home = "place" in found and _elsewhere(draft.read.place, found["place"])
    home = _home(draft, said.text, found.get("unit"), moved_home)
    if home is not None:
        found["unit"] = home
    if "when" in found and draft.read.when is not None:
        found["when"] = same_day(draft.read.when, found["when"], said.text)
    if state.for_other and (helped := replies.helped_name(said.text)):
        found["person"] = helped
    elif "person" in found and state.for_other and replies.own_name(said.text):
        del found["person"]
    if (asked := state.asked) in FIELDS and asked not in found and said.best[0] != "handoff":
        bare = replies.bare(str(asked), said.text, others=bool(found))
        if bare is not None:
            found[str(asked)] = bare
    alone = said.text.strip(" 。.")
    if not found and asked == "read_back" and is_surname(alone) and not replies.yes(alone):
        found["person"] = Field(alone, (0, len(said.text)), 0.6)
    return found


def _elsewhere(known: Field[str] | None, found: Field[str]) -> bool:
    """Whether the place is another one, and not the same one spelled right (安新苑, not 安馨苑)."""
    return known is not None and fuzzy_syllables(known.value) != fuzzy_syllables(found.value)


_ROOM = re.compile(r"\s*(?:就?是)?(\d{3,4})[室号房]?[。.!！]?\s*")
_HOUSE = re.compile(r"\s*(?:就?是|门牌)?(\d{1,4})号(?P<yard>院|门牌)?(?=[\s,，。;；!！]|$)")


def _home(draft: Draft, text: str, found: Field[str] | None, moved: bool) -> Field[str] | None:
    """The draft's home with what this message gives of it; None if it gives nothing of one.

    `moved`: the message names another place than the draft's.
    """
    known = draft.read.unit
    if known is None and found is None and (whole := _ROOM.fullmatch(text)):
        return Field(whole[1], whole.span(1), 0.7)
    if known is None and found is None and draft.read.place:
        house = _HOUSE.match(text)  # 25号，敖锦泉: no day, as that is known
        if house and (house["yard"] or draft.read.when):
            return Field(house[1], house.span(1), 0.7)
    if known is None or (moved and found is not None):
        return found
    return unit.continued_field(known, draft.text, found, text)


def same_day(old: Field[Window], new: Field[Window], text: str) -> Field[Window]:
    """A new time of day on the known day, or the known time of day on a new day.

    `new` unchanged where the two can't be combined. `text`: the message of `new`.
    """
    if not names_day(text):
        if not (_one_day(old.value) and _one_day(new.value)):
            return new
        return replace(new, value=_moved(_like(old.value, new.value, text), old.value.start.date()))
    new = replace(new, value=_in_week(old.value, new.value, text))
    keeps = _SAME_HOUR.search(text) or _whole_day(new.value)
    if keeps and _one_day(old.value) and _one_day(new.value) and not _whole_day(old.value):
        return replace(new, value=_moved(old.value, new.value.start.date()))
    return new


_SAME_HOUR = re.compile(
    "(?:钟点|时间|点儿?|时辰|几点)(?:都|也|还)?(?:没[动变改]|不[动变改]|照[旧原]|一样)"
    "|还?(?:是|按)?(?:那个|原来的?|同样的?|这个)(?:钟?点|时间|时候|时辰)|same time|same hour"
)
_WEEKDAY = re.compile("(?<![下这上每本个])(?:周|星期|礼拜)[一二三四五六日天]")
_PART_OF_DAY = re.compile("[早晚晨夜晌]|[上下中]午|傍|凌|[ap]\\.?m\\b|morning|noon|evening|tonight")


def _one_day(window: Window) -> bool:
    return window.start.date() == window.end.date()


def _moved(window: Window, day: date) -> Window:
    days = day - window.start.date()
    return Window(window.start + days, window.end + days)


def _like(old: Window, new: Window, text: str) -> Window:
    """八点 after 晚上 is eight in the evening: the half of the day that was known, unless said."""
    half = timedelta(hours=12)
    if _whole_day(old) or _PART_OF_DAY.search(text):
        return new
    for later in (half, -half):
        start = (new.start + later).time()
        if old.start.time() <= start < old.end.time() and not (
            old.start.time() <= new.start.time() < old.end.time()
        ):
            other = Window(new.start + later, new.end + later)
            return other if _one_day(other) else new
    return new


def _in_week(old: Window, new: Window, text: str) -> Window:
    """周三 after 下周 is the Wednesday of that week."""
    week = timedelta(weeks=1)
    inside = old.start <= new.start + week <= old.end and new.start < old.start
    several = old.end - old.start > timedelta(days=1)
    if several and inside and _WEEKDAY.search(text):
        return Window(new.start + week, new.end + week)
    return new


def _whole_day(window: Window) -> bool:
    start, end = window.start, window.end
    same = start.date() == end.date()
    return same and (start.hour, start.minute, end.hour, end.minute) == (0, 0, 23, 59)


def declines(state: State, said: MessageReading, found: Mapping[str, Any]) -> list[str]:
    """The fields that the resident does not want to give and has not given in this message."""
    asked = state.asked if state.asked in FIELDS else None
    return [name for name in replies.declines(said.text, asked) if name not in found]


def differs(draft: Draft, name: str, value: Field[Any]) -> bool:
    """Whether the draft knows another value of the field than this one."""
    known = draft.read.get(name)
    return known is not None and known.value != value.value


def merged(
    drafts: Sequence[Draft],
    said: MessageReading,
    found: Mapping[str, Field[Any]],
    asked: str | None,
) -> tuple[Draft, ...]:
    """The drafts with the fields of one message. `asked`: the field that was asked for.

    Shared fields go into every draft. A time goes into the first draft and into each other draft
    without a time; if it answers the question for the first draft's time, into that one only.
    """
    merged = []
    for number, draft in enumerate(drafts):
        waits = asked == "when" and not drafts[0].knows("when")
        own = number == 0 if waits or len(drafts) == 1 else not draft.knows("when") or number == 0
        fields = {n: v for n, v in found.items() if n in SHARED or own}
        merged.append(with_more(draft, said, fields))
    return tuple(merged)


def with_more(draft: Draft, said: MessageReading, fields: Mapping[str, Field[Any]]) -> Draft:
    """The draft with the words of one more message, these fields of it, and the higher urgency."""
    offset = len(draft.text) + 1
    fresh: dict[str, Any] = {n: moved(value, offset) for n, value in fields.items()}
    if "place" in fresh:
        fresh["area"] = said.read.area
    order = ("normal", "urgent", "emergency")
    urgency = max(draft.read.urgency, said.read.urgency, key=order.index)
    if urgency != draft.read.urgency:
        fresh["reasons"] = said.read.reasons
    read = draft.read.but(urgency=urgency, danger=max(draft.read.danger, said.read.danger), **fresh)
    return replace(draft, read=read, text=f"{draft.text}\n{said.text}")


def moved(value: Field[Any], offset: int) -> Field[Any]:
    """The field with its evidence moved on by `offset` code points."""
    if value.evidence is None:
        return value
    start, end = value.evidence
    return replace(value, evidence=(start + offset, end + offset))


def certain(draft: Draft) -> Draft:
    """The draft as the resident confirmed it: only danger, and a place that is not in the
    gazetteer, stay in doubt."""
    fields = {
        name: replace(value, confidence=1.0, ambiguous=False, alternatives=())
        for name in FIELDS
        if (value := draft.read.get(name)) is not None and value.note != replies.UNKNOWN
    }
    reasons = tuple(r for r in draft.read.reasons if r.code not in UNEXPLAINED)
    return replace(draft, read=draft.read.but(category_confidence=1.0, reasons=reasons, **fields))


def with_early(state: State, said: MessageReading) -> State | None:
    """The state with the fields of a message that names no need; None if it gives none."""
    found = {n: v for n in FIELDS if (v := said.read.get(n)) is not None}
    if not found or state.drafts:
        return None
    if state.early is None:
        read = said.read.but(category=None, category_confidence=0.0, category_ranking=())
        return replace(state, early=Draft(read, said.text))
    return replace(state, early=with_more(state.early, said, found))


def after_early(early: Draft | None, draft: Draft) -> Draft:
    """A new draft with the fields that were given before its need was named."""
    if early is None:
        return draft
    offset = len(early.text) + 1
    fields = {
        n: moved(value, offset) if (value := draft.read.get(n)) is not None else early.read.get(n)
        for n in FIELDS
    }
    area = draft.read.area or early.read.area
    read = draft.read.but(area=area, **fields)
    return replace(draft, read=read, text=f"{early.text}\n{draft.text}", id=early.id)


def noted(state: State, said: MessageReading) -> State:
    """The state with the fields of a message merged in; no next step is chosen."""
    found = answers(state, said)
    return replace(state, drafts=merged(state.drafts, said, found, state.asked))
