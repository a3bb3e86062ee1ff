"""Which needs a message holds: one, two, or one that replaces the draft's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intake.catalogue.services import Catalogue
from intake.conversation.form.fields import SHARED
from intake.conversation.form.state import FIELDS, SURE, Draft, MessageReading, Ranking, State
from intake.locale import reason
from intake.understanding import remarks, replies
from intake.understanding.values import Reason, Understanding

PLAIN = 0.85
"""The confidence that both of two needs must have where no words such as "also" join them."""
WANTED = 0.35
"""How sure the category of a clause must be that asks for something after another need was taken
back."""
OPENS_FROM = 0.3
"""A category with less confidence opens no request: the resident is asked what is needed."""


def needs_in(said: MessageReading, catalogue: Catalogue) -> list[Understanding]:
    """One reading for each need, two at most; [] where no service is likely enough.

    Two where two clauses surely ask for different services.
    """
    sure = [
        (code, share)
        for _, ranking in said.clauses
        for code, share in ranking[:1]
        if catalogue.is_service(code) and share >= SURE
    ]
    kinds = dict(reversed(sure))
    service = _service(said.read.category_ranking, catalogue)
    if sure and (service is None or service[1] < SURE) and not replies.takes_back(said.text):
        # Of a message with two needs the classifier is sure of neither; of one clause it is.
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
    """The likeliest service of the first three intents; None if another intent is surely meant."""
    for code, share in ranking[:3]:
        if catalogue.is_service(code):
            return (code, share) if share >= OPENS_FROM else None
        if share >= SURE:
            return None
    return None


def switched_to(
    state: State, said: MessageReading, catalogue: Catalogue, found: Mapping[str, Any]
) -> tuple[Draft, ...] | None:
    """The draft with another category, if the resident wants that instead; else None.

    `found`: the fields that the message gives.
    """
    draft = state.drafts[0]
    code, share = said.best
    other = code != draft.read.category and catalogue.is_service(code)
    if len(state.drafts) == 1 and state.asked in FIELDS and not found and other and share >= SURE:
        guessed = draft.read.category_confidence < SURE
        # The draft's category was a guess, or this message asks for another one more surely.
        if guessed or (replies.asks_for(said.text) and share > draft.read.category_confidence):
            return (_with_category(draft, code, share),)
    if not replies.takes_back(said.text) and state.asked != "what_is_wrong":
        return None
    if len(state.drafts) > 1:
        return _one_of(state.drafts, said)
    # 改成礼拜六吧，那天要抽血: only the time is another one.
    only_time = remarks.moves(said.text) and "when" in found
    clauses = said.clauses or ((said.text, (said.best,)),)
    # What is asked for says more than what is told beside it: 他怕黑，换成修灯可以吗.
    for asked, least in ((True, WANTED), (False, SURE)):
        for text, ranking in () if only_time and not asked else reversed(clauses):
            if asked is not (replies.asks_for(text) and not replies.drops(text, False)):
                continue
            code, share = next(iter(ranking), ("", 0.0))
            if code != draft.read.category and catalogue.is_service(code) and share >= least:
                return (_with_category(draft, code, share),)
    return None


def _with_category(draft: Draft, code: str, share: float) -> Draft:
    read = replace(draft.read, category=code, category_confidence=share)
    return replace(draft, read=read)


def _one_of(drafts: tuple[Draft, ...], said: MessageReading) -> tuple[Draft, ...] | None:
    """The one of two drafts that stays when the message takes the other back; None if unclear."""
    named = [d.read.category for d in drafts]
    for gone in (True, False):  # what is taken back says more than what is asked for
        for text, ranking in said.clauses:
            if not (replies.drops(text, False) if gone else replies.asks_for(text)):
                continue
            sure = (code for code, share in ranking[:2] if code in named and share >= WANTED)
            code = next(sure, None)
            if code is not None:
                return tuple(d for d in drafts if (d.read.category != code) is gone)
    return None


def second_need(state: State, said: MessageReading, catalogue: Catalogue) -> Draft | None:
    """A draft for one more need that the resident mentions ("by the way"); None without one."""
    if len(state.drafts) > 1 or not replies.adds(said.text):
        return None
    code, share = said.best
    known = state.drafts[0].read
    if share < SURE or code == known.category or not catalogue.is_service(code):
        return None
    shared = {n: said.read.get(n) or known.get(n) for n in SHARED}
    read = said.read.but(category=code, category_confidence=share, **shared)
    return Draft(read, said.text)
