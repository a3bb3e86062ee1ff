"""The assistant's sentences about a draft: the question for a field, and the reading back."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from intake.catalogue.services import Both, Catalogue
from intake.conversation.form import FIELDS, Draft, Turn, missing
from intake.locale import say
from intake.locale.times import spoken
from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units, joined
from intake.understanding.values import Field

_UNIT_WORDS = re.compile(
    r"\s*(?=\S)(?:[\s\d\-—–#/,，、零〇一二三四五六七八九十百幺两号楼栋幢座单元门室户层院区期弄支东西南北中左右边头家的]"
    r"|[a-z])*",
    re.I,
)


def question(name: str, draft: Draft, catalogue: Catalogue, language: str | None) -> str:
    """The catalogue's question for the field `name` in the draft's category."""
    questions: Mapping[Any, Both] = catalogue.get(draft.read.category or "").questions
    return questions[name].in_language(language or "zh")


def read_back(
    drafts: Sequence[Draft],
    catalogue: Catalogue,
    language: str | None,
    declined: Collection[str] = (),
) -> str:
    """One sentence with all that is known and what is missing; it asks whether that is right.

    `declined`: fields that the resident does not want to give; they are not called missing.
    """
    kinds = [catalogue.name(d.read.category or "", language or "zh") for d in drafts]
    known = [say("chat.part.and", language).join(kinds)]
    first = drafts[0]
    for name in FIELDS:
        if (found := first.read.get(name)) is not None:
            words = _words(first, found) if name == "unit" else spoken(found.value, language)
            known.append(say(f"chat.part.{name}", language, value=words))
    joined = say("chat.part.comma", language).join(known)
    lacks = [n for d in drafts for n in missing(d, catalogue) if n not in declined]
    if not lacks:
        return say("chat.read_back", language, what=joined)
    names = [say(f"chat.field.{name}", language) for name in dict.fromkeys(lacks)]
    left_out = say("chat.part.comma", language).join(names)
    return say("chat.read_back_lacks", language, what=joined, lacks=left_out)


def _words(draft: Draft, value: Field[str]) -> str:
    """A unit in the resident's own words, which say what is the building and what the room."""
    if value.evidence is None:
        return value.value
    start, end = value.evidence
    return unit_said(draft.text[start:end], value.value)


def unit_said(words: str, value: str) -> str:
    """`words`, the resident's own, if all of them describe a unit and name all of it; else the
    read `value`.

    Other words among them are probably errors of the recogniser, and a home may have been told in
    several messages.
    """
    if not _UNIT_WORDS.fullmatch(words):
        return value
    named = [joined(mention.parts) for mention in find_units(Heard.of(words))]
    whole = value in named if named else not words.strip().isdigit()
    return words.strip() if whole else value


def lines(turn: Turn, catalogue: Catalogue, language: str | None) -> tuple[list[str], str | None]:
    """(sentences said first, the question or None) of a turn of the form."""
    first = []
    if turn.changed:
        first.append(say("chat.changed", language))
    if turn.noted:
        first.append(say("chat.noted", language))
    if turn.asks:
        first.append(say("chat.asks", language))
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
