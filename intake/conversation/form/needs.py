"""Which needs a message holds: one, two, another one instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intake.catalogue.services import Catalogue
from intake.conversation.form.fields import SHARED
from intake.conversation.form.state import FIELDS, SURE, Draft, MessageReading, Ranking, State
from intake.locale import reason
from intake.understanding import replies
from intake.understanding.values import Reason, Understanding

PLAIN = 0.85
"""How sure both of two needs must be when nothing says that there are two."""
OPENS_FROM = 0.3
"""A guess below this opens no request: she is asked what it is."""


def needs_in(said: MessageReading, catalogue: Catalogue) -> list[Understanding]:
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


def switched_to(
    state: State, said: MessageReading, catalogue: Catalogue, found: Mapping[str, Any]
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


def second_need(state: State, said: MessageReading, catalogue: Catalogue) -> Draft | None:
    """One more need, said by the way."""
    if len(state.drafts) > 1 or not replies.adds(said.text):
        return None
    code, share = said.best
    known = state.drafts[0].read
    if share < SURE or code == known.category or not catalogue.is_service(code):
        return None
    shared = {n: said.read.get(n) or known.get(n) for n in SHARED}
    read = said.read.but(category=code, category_confidence=share, **shared)
    return Draft(read, said.text)
