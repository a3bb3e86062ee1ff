"""What a message changes, and what the assistant does next."""

from __future__ import annotations

import re
from dataclasses import replace

from intake.catalogue.services import Catalogue
from intake.conversation.form.fields import (
    after_early,
    answers,
    declines,
    differs,
    merged,
    with_more,
)
from intake.conversation.form.needs import needs_in, second_need, switched_to
from intake.conversation.form.state import (
    FIELDS,
    LIKELY,
    MISSES,
    SMALL_TALK,
    Draft,
    MessageReading,
    State,
    Turn,
    missing,
)
from intake.locale import reason
from intake.understanding import remarks, replies
from intake.understanding.values import Reason

POSSIBLE = 0.1
"""The confidence from which a message may be about a service."""
UNRELATED = 0.8
"""How sure it must be that a message in a form has nothing to do with the need."""


def respond(state: State, said: MessageReading, catalogue: Catalogue) -> Turn:
    """What a message changes, and what the assistant does next."""
    if not state.drafts:
        return _open(state, said, catalogue)
    found = answers(state, said)
    declined = tuple(n for n in declines(state, said, found) if n not in state.declined)
    switched = switched_to(state, said, catalogue, found)
    if said.means("handoff") and not (found or declined):
        if replies.asks_robot(said.text):
            return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk="robot")
        return Turn(state, "hand_over")
    # "Never mind" to the question for a phone number declines the number, not the whole request.
    unneeded = declined and state.asked not in ("place", "unit")
    drops = replies.drops(said.text, said.means("cancel_request"))
    if drops and not (found or unneeded or switched):
        return Turn(state, "drop")
    second = None if switched else second_need(state, said, catalogue)
    if not (found or declined or switched or second):
        return _nothing_new(state, said, catalogue)
    changed = any(differs(state.drafts[0], name, value) for name, value in found.items())
    drafts = merged(switched or state.drafts, said, found, state.asked)
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


def _open(state: State, said: MessageReading, catalogue: Catalogue) -> Turn:
    """The first turn of a form: a draft for each need; outcome "none" without a need."""
    needs = needs_in(said, catalogue)
    if not needs:
        return Turn(state, "none")
    drafts = [after_early(state.early, Draft(need, said.text)) for need in needs]
    drafts = [drafts[0], *(replace(other, id=None) for other in drafts[1:])]
    fresh = State(drafts=tuple(drafts), for_other=replies.for_other(said.text))
    declined = tuple(declines(fresh, said, {}))
    return _next(replace(fresh, declined=declined), catalogue)


def _nothing_new(state: State, said: MessageReading, catalogue: Catalogue) -> Turn:
    """The turn of a message that gives no field and no need.

    It is a yes or a no, small talk, more about the need, or it was not understood.
    """
    if state.asked == "read_back" and (replies.yes(said.text) or said.means("affirm")):
        return Turn(replace(state, misses=0), "submit")
    if state.asked == "read_back" and (replies.no(said.text) or said.means("deny")):
        if state.denials:
            return Turn(state, "hand_over")
        fresh = replace(state, denials=1, misses=0, asked="what_is_wrong")
        return Turn(fresh, "what_is_wrong")
    talk = said.best[0] if said.best[0] in SMALL_TALK else None
    if talk is not None and not remarks.may_be_small_talk(said.text, talk):
        talk = None
    asks = remarks.asks_fact(said.text)
    told = state.asked not in FIELDS and not asks and _tells_more(said, catalogue)
    if talk == "out_of_scope" and (told or said.best[1] < UNRELATED):
        talk = None  # 轮椅能折: what is told once all is asked may belong to the need
    kind = replies.small_talk(said.text, "")
    if kind and not (_may_be_service(said, catalogue) and _tells_more(said, catalogue)):
        return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk=kind)
    if asks and talk is None:
        drafts = tuple(_asked(draft, said) for draft in state.drafts)
        fresh = replace(state, drafts=drafts, misses=0)
        return Turn(fresh, "ask" if state.asked in FIELDS else "read_back", asks=True)
    if talk is None and state.asked != "what_is_wrong" and _tells_more(said, catalogue):
        drafts = tuple(with_more(draft, said, {}) for draft in state.drafts)
        if state.asked not in FIELDS:
            return Turn(replace(state, drafts=drafts), "read_back", noted=True)
        return _next(replace(state, drafts=drafts, misses=0), catalogue)
    if talk is not None and said.best[1] >= LIKELY:
        return Turn(state, "ask" if state.asked in FIELDS else "read_back", talk=talk)
    if state.misses + 1 >= MISSES or state.asked == "what_is_wrong":
        return Turn(replace(state, misses=state.misses + 1), "hand_over")
    fresh = replace(state, misses=state.misses + 1)
    if state.asked not in FIELDS:
        return Turn(fresh, "read_back", missed=True)
    # The same field is not asked for again; an operator sees that it is missing, and these words.
    drafts = tuple(with_more(draft, said, {}) for draft in state.drafts)
    return replace(_next(replace(fresh, drafts=drafts), catalogue), missed=True)


def _asked(draft: Draft, said: MessageReading) -> Draft:
    """The draft with a question that a person has to answer."""
    draft = with_more(draft, said, {})
    doubt = Reason(**reason("chat_question", said=said.text.strip()[:_QUOTED]))
    return replace(draft, read=draft.read.but(reasons=(*draft.read.reasons, doubt)))


def _tells_more(said: MessageReading, catalogue: Catalogue) -> bool:
    """Whether the message says more about the need.

    It has 3 different Chinese characters or words, 4 where no service is likely, and its writer is
    not lost.
    """
    least = 3 if _may_be_service(said, catalogue) else 4
    return len(set(_WORD.findall(said.text))) >= least and not remarks.is_lost(said.text)


def _may_be_service(said: MessageReading, catalogue: Catalogue) -> bool:
    return any(
        catalogue.is_service(code) and share >= POSSIBLE
        for code, share in said.read.category_ranking[:3]
    )


_QUOTED = 60
"""The most characters of a question that are quoted to an operator."""
_WORD = re.compile(r"[\u3400-\u9fff]|[A-Za-z]+")


def _next(state: State, catalogue: Catalogue, *, changed: bool = False) -> Turn:
    """The turn with the next question that was not asked yet, or with the reading back."""
    for draft in state.drafts:
        for name in missing(draft, catalogue):
            if name not in state.questions and name not in state.declined:
                fresh = replace(state, asked=name, questions=(*state.questions, name))
                return Turn(fresh, "ask", changed)
    return Turn(replace(state, asked="read_back"), "read_back", changed)
