"""What intake answers when the assistant's actions ask: what to say, and what to do about it.

Nothing is written to the database here. What has to be done is a plan, which is returned with
Rasa's replies and carried out by `effects` in the transaction that marks the message as handled. So
an interrupted turn has changed nothing, and the same message, read again, gets the same answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from intake.conversation import followups, phrases
from intake.conversation.clauses import Clauses
from intake.conversation.context import AnswerPlan, MessageContext, listen
from intake.conversation.form import (
    FIELDS,
    LIKELY,
    MessageReading,
    Ranking,
    State,
    respond,
    with_early,
)
from intake.conversation.plan import Drop, Emergency, HandOver, Keep, SmallTalk, Submit
from intake.errors import NotFound
from intake.locale import say
from intake.runtime import Parts
from intake.understanding import replies
from intake.understanding.values import Understanding, Window, window_to_json


async def answer(
    parts: Parts,
    question: str,
    conversation_id: int,
    message_id: int,
    ranking: Ranking,
    danger: float,
    clauses: Clauses = (),
    reading: Understanding | None = None,
) -> AnswerPlan:
    """Answer one question of an action. A message about danger gets the emergency plan instead.

    `question`: a key of `QUESTIONS`. `ranking`: Rasa's intents with their confidence (0..1), the
    likeliest first. `danger`: the classifier's score for danger (0..1). `clauses`: the parts of the
    message, ranked. `reading`: what was read in the message for an earlier question of the same
    turn; None: read it now. Raises `NotFound` for an unknown question or message.
    """
    ask = QUESTIONS.get(question)
    if ask is None:
        raise NotFound("The assistant asks something that we don't know.")
    async with parts.sessions() as session:
        await parts.reload(session)
        here = await listen(
            session, parts, conversation_id, message_id, ranking, danger, clauses, reading
        )
    if here.read.urgency == "emergency":
        return AnswerPlan(outcome="answered", steps=(Emergency(),), reading=here.read)
    return replace(await ask(here), reading=here.read)


async def understand_turn(here: MessageContext) -> AnswerPlan:
    """A turn of the form: the message fills fields, and the next question is chosen.

    Without a draft the message may be about an earlier request, or about nothing known.
    """
    state = here.state
    if not state.drafts:
        elsewhere = (
            followups.about_asked(here) or followups.about_done(here) or followups.about_filed(here)
        )
        if elsewhere is not None:
            return elsewhere
    said = MessageReading(here.text, here.read, here.clauses)
    turn = respond(state, said, here.parts.catalogue)
    first, question = phrases.lines(turn, here.parts.catalogue, here.language)
    if turn.outcome == "none":
        return await followups.answer_turn(here)
    keep = (Keep.of(turn.state),)
    if turn.outcome in ("submit", "drop", "hand_over"):
        return AnswerPlan(first, keep, outcome=turn.outcome, slots=_slots(turn.state))
    asked = turn.state.asked if turn.state.asked in FIELDS else "read_back"
    return AnswerPlan(
        first, keep, asked=asked, question=question, talk=turn.talk, slots=_slots(turn.state)
    )


def _slots(state: State) -> dict[str, str | None]:
    known = state.drafts[0].read if state.drafts else None
    slots: dict[str, str | None] = {}
    for name in FIELDS:
        value = known.get(name) if known else None
        slots[name] = None if value is None else str(_shown(value.value))
    return {**slots, "read_back": None}


def _shown(value: Any) -> Any:
    return "/".join(window_to_json(value).values()) if isinstance(value, Window) else value


async def submit(here: MessageContext) -> AnswerPlan:
    """File the confirmed drafts, and say their tracking numbers."""
    ids = [draft.id for draft in here.state.drafts]
    numbers = [r.tracking_number for r in reversed(here.own) if r.id in ids]
    if not numbers:
        return AnswerPlan([say("chat.nothing_open", here.language)])
    if len(numbers) > 1:
        done = say("chat.submitted_two", here.language, number=numbers[0], other=numbers[1])
    else:
        done = say("chat.submitted", here.language, number=numbers[0])
    return AnswerPlan([done], (Submit(),))


async def drop(here: MessageContext) -> AnswerPlan:
    """Cancel the drafts, and say so."""
    return AnswerPlan([say("chat.dropped", here.language)], (Drop(),))


async def hand_over(here: MessageContext) -> AnswerPlan:
    """Have an operator take over; a resident who only asks if this is a machine gets an answer."""
    if not here.state.drafts and replies.asks_robot(here.text):
        return AnswerPlan(steps=(SmallTalk(),), talk="robot")
    guessed = here.read.category == "handoff" and here.read.category_confidence < LIKELY
    said = MessageReading(here.text, here.read, here.clauses)
    if guessed and not replies.wants_person(here.text) and with_early(here.state, said):
        return await followups.answer_turn(here)  # 13906182245，这个号码打得通
    step = HandOver(because="asked" if here.read.category == "handoff" else "not_understood")
    return AnswerPlan([say("chat.hand_over", here.language)], (step,))


QUESTIONS: dict[str, Callable[[MessageContext], Awaitable[AnswerPlan]]] = {
    "understand": understand_turn,
    "submit": submit,
    "drop": drop,
    "hand_over": hand_over,
    "status": followups.status,
    "cancel": followups.cancel,
    "rate": followups.rate,
    "answer": followups.answer_turn,
    "small_talk": followups.small_talk,
}
