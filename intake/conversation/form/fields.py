"""The fields that a message gives, and how they are merged into the drafts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from intake.conversation.form.state import FIELDS, Draft, MessageReading, State
from intake.conversation.form.times import on_known_day, same_day
from intake.understanding import replies, unit
from intake.understanding.fields import READ
from intake.understanding.names import common_surname, is_surname
from intake.understanding.phonetics import fuzzy_syllables
from intake.understanding.place import PASSING
from intake.understanding.remainder import UNEXPLAINED
from intake.understanding.values import Field

SHARED = tuple(row.name for row in READ if row.shared)
"""Names of the fields that two needs of one conversation share, such as the place."""


def answers(state: State, said: MessageReading) -> dict[str, Field[Any]]:
    """The fields that this message gives; also a text that is nothing but the asked value."""
    found = {n: v for n in FIELDS if (v := said.read.get(n)) is not None}
    draft = state.drafts[0]
    passing = "place" in found and found["place"].note == PASSING
    if passing and draft.read.place is not None and state.asked != "place":
        del found["place"]  # 周六要去妈祖宫: the home stays where it is
    elif "place" in found and draft.read.place and _is_destination(draft, said.text, found):
        del found["place"]  # 州医院，星期四早上八点半, once the home is known
    moved_home = "place" in found and _elsewhere(draft.read.place, found["place"])
    timed = draft.knows("when") or "when" in found or state.asked == "unit"
    home = _home(draft, said.text, found.get("unit"), moved_home, timed=timed)
    if home is not None:
        found["unit"] = home
    if (known := draft.read.when) is not None:
        if "when" in found:
            found["when"] = same_day(known, found["when"], said.text)
        elif (told := on_known_day(known, said.text)) is not None:
            found["when"] = told
    if state.for_other and (helped := replies.helped_name(said.text)):
        found["person"] = helped
    elif "person" in found and state.for_other and replies.own_name(said.text):
        del found["person"]
    if (asked := state.asked) in FIELDS and asked not in found and said.best[0] != "handoff":
        bare = replies.bare(str(asked), said.text, others=bool(found))
        if bare is not None:
            found[str(asked)] = bare
    if "person" not in found and (name := _signed(draft, said.text, found, asked)) is not None:
        found["person"] = name
    return found


_FAMILIAR = re.compile(
    "[小老阿][\u3400-\u9fff](?:[伯叔婆嫂哥姐妹姨公爷]|师傅)?|阿[\u3400-\u9fff]{2}"
)
_SPELLED = re.compile(
    "(?:我?姓|免贵姓?)?(?P<name>[\u3400-\u9fff])[,，\\s]{1,2}(?:就是)?[\u3400-\u9fff]{2,4}的(?P=name)(?:字|那个字)?"
)
_CLAUSE = re.compile("[,，。;；!！\\s]+")


def _signed(
    draft: Draft, text: str, found: Mapping[str, Field[Any]], asked: str | None
) -> Field[str] | None:
    """A name as an answer that nobody asked for: 小蒋, or 阿荣伯 behind a home; None for none."""
    alone = text.strip(" 。.")
    if not found and asked == "read_back" and is_surname(alone) and not replies.yes(alone):
        return Field(alone, (0, len(text)), 0.6)
    if (spelled := _SPELLED.fullmatch(alone)) and is_surname(spelled["name"]):
        return Field(spelled["name"], (0, len(text)), 0.7)  # 钟，钟表的钟
    clauses = [clause for clause in _CLAUSE.split(text) if clause]
    last = clauses[-1] if clauses else ""
    if draft.knows("person") or (len(clauses) > 1 and "unit" not in found):
        return None
    familiar = _FAMILIAR.fullmatch(last) and (common_surname(last[1]) or last[0] == "阿")
    if not familiar or asked == "person":
        return None
    start = text.rindex(last)
    return Field(last, (start, start + len(last)), 0.6)


_VISITED = re.compile("(?:医院|卫生院|诊所|门诊部?|保健院|车站|机场|码头|银行|法院|派出所|医务室)$")
_LIVES = re.compile("住|家|搬|[改换]|接|在.{0,8}等|地址|错|不是|不对")


def _is_destination(draft: Draft, text: str, found: Mapping[str, Field[Any]]) -> bool:
    """Whether the place is where the resident is going, while the home is known to the room."""
    known = draft.read.place
    return (
        known is not None
        and draft.read.unit is not None
        and "unit" not in found
        and _VISITED.search(found["place"].value) is not None
        and _VISITED.search(known.value) is None
        and _LIVES.search(text) is None
    )


def _elsewhere(known: Field[str] | None, found: Field[str]) -> bool:
    """Whether the place is another one, and not the same one spelled right (安新苑, not 安馨苑)."""
    return known is not None and fuzzy_syllables(known.value) != fuzzy_syllables(found.value)


_ROOM = re.compile(r"\s*(?:就?是)?(\d{3,4})[室号房]?[。.!！]?\s*")
_HOUSE = re.compile(r"\s*(?:就?是|门牌)?(\d{1,4})号(?P<yard>院|门牌)?(?=[\s,，。;；!！]|$)")


def _home(
    draft: Draft, text: str, found: Field[str] | None, moved: bool, *, timed: bool
) -> Field[str] | None:
    """The draft's home with what this message gives of it; None if it gives nothing of one.

    `moved`: the message names another place than the draft's. `timed`: 22号 at its beginning is no
    day, as the day is known, told besides, or not what was asked for.
    """
    known = draft.read.unit
    if known is None and found is None and (whole := _ROOM.fullmatch(text)):
        return Field(whole[1], whole.span(1), 0.7)
    if known is None and found is None and draft.read.place:
        house = _HOUSE.match(text)  # 25号，敖锦泉: no day, as that is known
        if house and (house["yard"] or timed):
            return Field(house[1], house.span(1), 0.7)
    if known is None or (moved and found is not None):
        return found
    return unit.continued_field(known, draft.text, found, text)


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
