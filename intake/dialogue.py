"""A conversation about a need, decided pure: what is known, what to ask next, when it is complete.

One thing is asked at a time and each at most once; what is read back can be corrected as often as
the resident likes. Texts are not made here: `wording` finds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from intake.categories import Catalogue
from intake.locale import reason
from intake.understanding import replies
from intake.understanding.values import Field, Reason, Understanding, Window

FIELDS = ("place", "unit", "when", "person", "phone")
SHARED = ("place", "unit", "person", "phone")
"""What two needs of one message have in common, whatever is said later."""
SURE, LIKELY, POSSIBLE = 0.6, 0.5, 0.1
PLAIN = 0.85
"""How sure both of two needs must be when nothing says that there are two."""
OPENS_FROM = 0.3
"""A guess below this opens no request: she is asked what it is."""
SMALL_TALK = frozenset(("greet", "thanks", "out_of_scope"))
MISSES = 2

Outcome = Literal["ask", "read_back", "what_is_wrong", "submit", "drop", "hand_over", "none"]
Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """One need that is being arranged.

    `text`: all that was said about it, in which evidence counts.
    """

    read: Understanding
    text: str
    id: int | None = None

    def knows(self, name: str) -> bool:
        """Is this field known?"""
        return getattr(self.read, name) is not None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it back."""
        return {"id": self.id, "text": self.text, "read": self.read.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Draft:
        """What `to_json` wrote."""
        return cls(Understanding.from_json(stored["read"]), stored["text"], stored["id"])


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. `asked`: a field, "read_back" or "what_is_wrong".

    `questions`: the fields that were asked for. `misses`: messages in a row that nothing was made
    of. `for_other`: it is for somebody else, so the name of who writes is not the name of who is
    helped.
    """

    drafts: tuple[Draft, ...] = ()
    asked: str | None = None
    questions: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    misses: int = 0
    denials: int = 0
    for_other: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; `from_json` reads it back."""
        return {
            "drafts": [draft.to_json() for draft in self.drafts],
            "asked": self.asked,
            "questions": list(self.questions),
            "declined": list(self.declined),
            "misses": self.misses,
            "denials": self.denials,
            "for_other": self.for_other,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> State:
        """What `to_json` wrote; other keys are left out."""
        return cls(
            drafts=tuple(Draft.from_json(draft) for draft in stored.get("drafts", ())),
            asked=stored.get("asked"),
            questions=tuple(stored.get("questions", ())),
            declined=tuple(stored.get("declined", ())),
            misses=int(stored.get("misses", 0)),
            denials=int(stored.get("denials", 0)),
            for_other=bool(stored.get("for_other")),
        )


@dataclass(frozen=True, slots=True)
class Said:
    """One message: what the readers found in it alone, and what kind each of its needs is.

    `clauses`: (words, ranking) of its parts, where it may hold two needs or take one back.
    """

    text: str
    read: Understanding
    clauses: tuple[tuple[str, Ranking], ...] = ()

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest intent with its confidence."""
        return self.read.category_ranking[0] if self.read.category_ranking else ("", 0.0)

    def means(self, intent: str, from_: float = LIKELY) -> bool:
        """Is this its likeliest intent, and likely enough?"""
        return self.best[0] == intent and self.best[1] >= from_


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes of a message. `changed`: a field that was known before has another value now."""

    state: State
    outcome: Outcome
    changed: bool = False
    missed: bool = False
    talk: str | None = None


def respond(state: State, said: Said, catalogue: Catalogue) -> Turn:
    """What a message changes, and what the assistant does next."""
    if not state.drafts:
        return _open(state, said, catalogue)
    found = _answers(state, said)
    declined = tuple(n for n in _declined(state, said, found) if n not in state.declined)
    switched = _switch(state, said, catalogue, found)
    if said.means("handoff") and not (found or declined):
        if replies.asks_robot(said.text):
            return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk="robot")
        return Turn(state, "hand_over")
    # "Never mind" to the question for a phone number is no more than that.
    unneeded = declined and state.asked not in ("place", "unit")
    drops = replies.drops(said.text, said.means("cancel_request"))
    if drops and not (found or unneeded or switched):
        return Turn(state, "drop")
    second = None if switched else _second(state, said, catalogue)
    if not (found or declined or switched or second):
        return _nothing_new(state, said, catalogue)
    changed = any(_differs(state.drafts[0], name, value) for name, value in found.items())
    drafts = _merge(switched or state.drafts, said, found, state.asked)
    if second:
        drafts = (*drafts, second)
    fresh = replace(
        state,
        drafts=drafts,
        declined=(*state.declined, *declined),
        misses=0,
        denials=0,
        for_other=state.for_other or replies.for_other(said.text),
    )
    confirmed = state.asked == "read_back" and replies.yes(said.text) and not changed
    if confirmed and not (switched or second):
        return Turn(fresh, "submit")
    return _next(fresh, catalogue, changed=changed or switched is not None)


def noted(state: State, said: Said) -> State:
    """The same conversation with what a message says of fields, and nothing decided."""
    found = _answers(state, said)
    return replace(state, drafts=_merge(state.drafts, said, found, state.asked))


def certain(draft: Draft) -> Draft:
    """What the resident confirmed: nothing in it is in doubt but a place that nobody knows."""
    fields = {
        name: replace(value, confidence=1.0, ambiguous=False, alternatives=())
        for name in FIELDS
        if (value := getattr(draft.read, name)) is not None and value.note != replies.UNKNOWN
    }
    return replace(draft, read=replace(draft.read, category_confidence=1.0, **fields))


def missing(draft: Draft, catalogue: Catalogue) -> list[str]:
    """The required fields that are not known, in the order in which they are asked."""
    entry = catalogue.entries.get(draft.read.category or "")
    if entry is None:
        return []
    return [n for n in entry.questions if n in entry.required and not draft.knows(n)]


def _open(state: State, said: Said, catalogue: Catalogue) -> Turn:
    needs = _needs(said, catalogue)
    if not needs:
        return Turn(state, "none")
    drafts = [Draft(need, said.text) for need in needs]
    fresh = State(drafts=tuple(drafts), for_other=replies.for_other(said.text))
    declined = tuple(_declined(fresh, said, {}))
    return _next(replace(fresh, declined=declined), catalogue)


def _needs(said: Said, catalogue: Catalogue) -> list[Understanding]:
    """One reading for each need: two where two clauses surely ask for different things."""
    sure = [
        (code, share)
        for _, ranking in said.clauses
        for code, share in ranking[:1]
        if catalogue.is_service(code) and share >= SURE
    ]
    kinds = dict(reversed(sure))
    service = _service(said.read.category_ranking, catalogue)
    if sure and (service is None or service[1] < SURE) and not replies.takes_back(said.text):
        # Over two needs at once the classifier is torn; over each of them it is not.
        service = sure[0]
    if service is None:
        return []
    first = replace(said.read, category=service[0], category_confidence=service[1])
    if len(kinds) != 2 or service[0] not in kinds or replies.takes_back(said.text):
        return [first]
    if not replies.adds(said.text) and min(kinds.values()) < PLAIN:
        doubt = Reason(**reason("chat_second_need"))
        return [replace(first, reasons=(*first.reasons, doubt))]
    other = next(code for code in kinds if code != service[0])
    return [first, replace(first, category=other, category_confidence=kinds[other])]


def _service(ranking: Ranking, catalogue: Catalogue) -> tuple[str, float] | None:
    """The likeliest service, unless something else is surely meant."""
    for code, share in ranking[:3]:
        if catalogue.is_service(code):
            return (code, share) if share >= OPENS_FROM else None
        if share >= SURE:
            return None
    return None


def _switch(
    state: State, said: Said, catalogue: Catalogue, found: Mapping[str, Any]
) -> tuple[Draft, ...] | None:
    """She wants something else instead: the draft with its new kind."""
    draft = state.drafts[0]
    guessed = draft.read.category_confidence < SURE and state.asked in FIELDS
    if guessed and not found and len(state.drafts) == 1:
        # What she began with was a guess; now she comes to the point.
        code, share = said.best
        if share >= SURE and code != draft.read.category and catalogue.is_service(code):
            read = replace(draft.read, category=code, category_confidence=share)
            return (replace(draft, read=read),)
    instead = replies.takes_back(said.text) or state.asked == "what_is_wrong"
    if len(state.drafts) > 1 or not instead:
        return None
    kinds = [ranking[0] for _, ranking in said.clauses if ranking] or [said.best]
    for code, share in reversed(kinds):
        other = code != draft.read.category and catalogue.is_service(code)
        if other and share >= SURE:
            read = replace(draft.read, category=code, category_confidence=share)
            return (replace(draft, read=read),)
    return None


def _second(state: State, said: Said, catalogue: Catalogue) -> Draft | None:
    """One more need, said by the way."""
    if len(state.drafts) > 1 or not replies.adds(said.text):
        return None
    code, share = said.best
    known = state.drafts[0].read
    if share < SURE or code == known.category or not catalogue.is_service(code):
        return None
    shared = {n: getattr(said.read, n) or getattr(known, n) for n in SHARED}
    read = replace(said.read, category=code, category_confidence=share, **shared)
    return Draft(read, said.text)


def _answers(state: State, said: Said) -> dict[str, Field[Any]]:
    """The fields that this message gives, a bare answer to the question included."""
    found = {n: v for n in FIELDS if (v := getattr(said.read, n)) is not None}
    draft = state.drafts[0]
    if "unit" in found and draft.read.unit is not None:
        found["unit"] = replies.whole_unit(draft.read.unit, found["unit"], said.text)
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
    return found


def same_day(old: Field[Window], new: Field[Window], text: str) -> Field[Window]:
    """A time of day said for the day that is known, or another day for the known time."""
    if _whole_day(old.value) and not _whole_day(new.value) and not replies.names_day(text):
        day = old.value.start.date()
    elif _whole_day(new.value) and not _whole_day(old.value):
        day = new.value.start.date()
        new = replace(new, value=old.value)
    else:
        return new
    if new.value.start.date() != new.value.end.date():
        return new
    window = Window(_on(day, new.value.start), _on(day, new.value.end))
    return replace(new, value=window)


def _on(day: Any, moment: datetime) -> datetime:
    return datetime.combine(day, moment.time())


def _whole_day(window: Window) -> bool:
    start, end = window.start, window.end
    same = start.date() == end.date()
    return same and (start.hour, start.minute, end.hour, end.minute) == (0, 0, 23, 59)


def _declined(state: State, said: Said, found: Mapping[str, Any]) -> list[str]:
    asked = state.asked if state.asked in FIELDS else None
    return [name for name in replies.declines(said.text, asked) if name not in found]


def _differs(draft: Draft, name: str, value: Field[Any]) -> bool:
    known = getattr(draft.read, name)
    return known is not None and known.value != value.value


def _merge(
    drafts: Sequence[Draft], said: Said, found: Mapping[str, Field[Any]], asked: str | None
) -> tuple[Draft, ...]:
    """Into every draft what it shares; a time only into the one that it was asked for."""
    merged = []
    for number, draft in enumerate(drafts):
        waits = asked == "when" and not drafts[0].knows("when")
        own = number == 0 if waits or len(drafts) == 1 else not draft.knows("when") or number == 0
        fields = {n: v for n, v in found.items() if n in SHARED or own}
        merged.append(_with(draft, said, fields))
    return tuple(merged)


def _with(draft: Draft, said: Said, fields: Mapping[str, Field[Any]]) -> Draft:
    offset = len(draft.text) + 1
    fresh: dict[str, Any] = {n: moved(value, offset) for n, value in fields.items()}
    if "place" in fresh:
        fresh["area"] = said.read.area
    order = ("normal", "urgent", "emergency")
    urgency = max(draft.read.urgency, said.read.urgency, key=order.index)
    if urgency != draft.read.urgency:
        fresh["reasons"] = said.read.reasons
    read = replace(
        draft.read, urgency=urgency, danger=max(draft.read.danger, said.read.danger), **fresh
    )
    return replace(draft, read=read, text=f"{draft.text}\n{said.text}")


def moved(value: Field[Any], offset: int) -> Field[Any]:
    """The same field in a text that begins `offset` code points earlier."""
    if value.evidence is None:
        return value
    start, end = value.evidence
    return replace(value, evidence=(start + offset, end + offset))


def _nothing_new(state: State, said: Said, catalogue: Catalogue) -> Turn:
    """No field in it: a yes or a no, small talk, more about the need, or not understood."""
    if state.asked == "read_back" and (replies.yes(said.text) or said.means("affirm")):
        return Turn(replace(state, misses=0), "submit")
    if state.asked == "read_back" and (replies.no(said.text) or said.means("deny")):
        if state.denials:
            return Turn(state, "hand_over")
        fresh = replace(state, denials=1, misses=0, asked="what_is_wrong")
        return Turn(fresh, "what_is_wrong")
    talk = said.best[0] if said.best[0] in SMALL_TALK else None
    kind = replies.small_talk(said.text, "")
    if kind and not _tells_more(said, catalogue):
        return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk=kind)
    if talk is None and state.asked in FIELDS and _tells_more(said, catalogue):
        drafts = tuple(_with(draft, said, {}) for draft in state.drafts)
        return _next(replace(state, drafts=drafts, misses=0), catalogue)
    if talk is not None and said.best[1] >= LIKELY:
        return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk=talk)
    if state.misses + 1 >= MISSES or state.asked == "what_is_wrong":
        return Turn(replace(state, misses=state.misses + 1), "hand_over")
    fresh = replace(state, misses=state.misses + 1)
    if state.asked not in FIELDS:
        return Turn(fresh, "read_back", missed=True)
    # Not asked for the same again: a person will see that it is missing, with these words.
    drafts = tuple(_with(draft, said, {}) for draft in state.drafts)
    return replace(_next(replace(fresh, drafts=drafts), catalogue), missed=True)


def _tells_more(said: Said, catalogue: Catalogue) -> bool:
    """More about what is wrong, though no field of it: some service may be meant."""
    may_be = any(
        catalogue.is_service(code) and share >= POSSIBLE
        for code, share in said.read.category_ranking[:3]
    )
    return may_be and len(_WORD.findall(said.text)) >= 4


_WORD = re.compile(r"[\u3400-\u9fff]|[A-Za-z]+")


def _next(state: State, catalogue: Catalogue, *, changed: bool = False) -> Turn:
    """The next question that was not asked yet, or the reading back."""
    for draft in state.drafts:
        for name in missing(draft, catalogue):
            if name not in state.questions and name not in state.declined:
                fresh = replace(state, asked=name, questions=(*state.questions, name))
                return Turn(fresh, "ask", changed)
    return Turn(replace(state, asked="read_back"), "read_back", changed)
