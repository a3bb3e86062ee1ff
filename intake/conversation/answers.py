"""What intake answers when the assistant's actions ask: what to say, and what to do about it.

Nothing is written here. What has to be done travels with Rasa's replies as a plan, and is carried
out by `conversing` in the transaction that marks the message as handled; so a turn that dies
half-way has done nothing, and the same message read again gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from intake.conversation import followups, phrases
from intake.conversation.context import Answered, Here, Plan, listen
from intake.conversation.form import FIELDS, Ranking, Said, State, respond
from intake.errors import AssistantError, NotFound
from intake.locale import say
from intake.runtime import Parts
from intake.understanding import replies
from intake.understanding.values import Window, window_to_json

PARTS_AT_MOST = 5
_CLAUSE = re.compile(r"[\s,.;!?，。；！？、]+")


async def answer(
    parts: Parts,
    question: str,
    conversation_id: int,
    message_id: int,
    ranking: Ranking,
    danger: float,
) -> Answered:
    """Answer one question of an action. Raises `NotFound` for an unknown one."""
    ask = QUESTIONS.get(question)
    if ask is None:
        raise NotFound("The assistant asks something that we don't know.")
    async with parts.sessions() as session:
        await parts.reload(session)
        here = await listen(session, parts, conversation_id, message_id, ranking, danger)
    if here.read.urgency == "emergency":
        plan = [{"do": "emergency"}]
        return Answered(outcome="answered", plan=plan)
    return await ask(here)


async def understand_turn(here: Here) -> Answered:
    """A turn of the form: fields are filled, the next question is chosen."""
    state = here.state
    if not state.drafts:
        elsewhere = (
            followups.about_asked(here) or followups.about_done(here) or followups.about_filed(here)
        )
        if elsewhere is not None:
            return elsewhere
    said = Said(here.text, here.read, await _clauses(here, state))
    turn = respond(state, said, here.parts.catalogue)
    first, question = phrases.lines(turn, here.parts.catalogue, here.language)
    if turn.outcome == "none":
        return await followups.answer_turn(here)
    keep: Plan = [{"do": "keep", "state": turn.state.to_json()}]
    if turn.outcome in ("submit", "drop", "hand_over"):
        return Answered(first, keep, outcome=turn.outcome, slots=_slots(turn.state))
    asked = turn.state.asked if turn.state.asked in FIELDS else "read_back"
    return Answered(
        first, keep, asked=asked, question=question, talk=turn.talk, slots=_slots(turn.state)
    )


async def _clauses(here: Here, state: State) -> tuple[tuple[str, Ranking], ...]:
    """The parts of a message that may hold two needs, or put one in place of another."""
    clauses = [c for c in _CLAUSE.split(here.text) if len(c) >= 4][:PARTS_AT_MOST]
    text = here.text
    wanted = not state.drafts or replies.takes_back(text) or replies.adds(text)
    if len(clauses) < 2 or not wanted or here.parts.assistant is None:
        return ()
    found = []
    for clause in clauses:
        try:
            opinion = await here.parts.assistant.parse(clause)
        except AssistantError:
            return ()
        found.append((clause, opinion.ranking))
    return tuple(found)


def _slots(state: State) -> dict[str, str | None]:
    known = state.drafts[0].read if state.drafts else None
    slots: dict[str, str | None] = {}
    for name in FIELDS:
        value = getattr(known, name, None)
        slots[name] = None if value is None else str(_shown(value.value))
    return {**slots, "read_back": None}


def _shown(value: Any) -> Any:
    return "/".join(window_to_json(value).values()) if isinstance(value, Window) else value


async def submit(here: Here) -> Answered:
    """The numbers of what was confirmed."""
    ids = [draft.id for draft in here.state.drafts]
    numbers = [r.tracking_number for r in reversed(here.own) if r.id in ids]
    if not numbers:
        return Answered([say("chat.nothing_open", here.language)])
    if len(numbers) > 1:
        done = say("chat.submitted_two", here.language, number=numbers[0], other=numbers[1])
    else:
        done = say("chat.submitted", here.language, number=numbers[0])
    return Answered([done], [{"do": "submit"}])


async def drop(here: Here) -> Answered:
    """The draft is let go."""
    return Answered([say("chat.dropped", here.language)], [{"do": "drop"}])


async def hand_over(here: Here) -> Answered:
    """A person takes over; unless she only asks whether this is one."""
    if not here.state.drafts and replies.asks_robot(here.text):
        return Answered(plan=[{"do": "chat"}], talk="robot")
    because = "asked" if here.read.category == "handoff" else "not_understood"
    step = {"do": "hand_over", "because": because}
    return Answered([say("chat.hand_over", here.language)], [step])


QUESTIONS: dict[str, Callable[[Here], Awaitable[Answered]]] = {
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
