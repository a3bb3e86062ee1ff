"""What intake answers when the assistant's actions ask: what to say, and what to do about it.

Nothing is written here. What has to be done travels with Rasa's replies as a plan, and is carried
out by `conversing` in the transaction that marks the message as handled; so a turn that dies
half-way has done nothing, and the same message read again gives the same answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake import wording
from intake.dialogue import FIELDS, MISSES, SMALL_TALK, SURE, Ranking, Said, State, moved, respond
from intake.errors import AssistantError, NotFound
from intake.lifecycle import ENDED, Status
from intake.locale import say
from intake.models import Attachment, Conversation, Message, ServiceRequest, Transcript
from intake.parts import Parts
from intake.reading import HeardWord
from intake.tracking import read_tracking_number
from intake.understanding import replies
from intake.understanding.reading import understand
from intake.understanding.values import Understanding, Window, window_to_json

RECENT = timedelta(minutes=60)
SHOWN = 3
PARTS_AT_MOST = 5
_CLAUSE = re.compile(r"[\s,.;!?，。；！？、]+")
Plan = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to an action.

    `say`: sentences. `asked` and `question`: the form's next slot and how to ask for it; None ends
    the form, and `outcome` says how. `talk`: small talk to be answered first. `plan`: what
    `conversing.carry_out` has to do.
    """

    say: list[str] = field(default_factory=list)
    plan: Plan = field(default_factory=list)
    asked: str | None = None
    question: str | None = None
    outcome: str | None = None
    talk: str | None = None
    slots: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Here:
    """One message in its conversation, and what was read in it. `own`: her latest requests,
    newest first, ended ones and drafts included."""

    parts: Parts
    conversation: Conversation
    message: Message
    read: Understanding
    own: Sequence[ServiceRequest]

    @property
    def language(self) -> str:
        return self.conversation.language or self.message.language or "zh"

    @property
    def text(self) -> str:
        return self.message.text or ""

    @property
    def state(self) -> State:
        return State.from_json(self.conversation.state)

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked outside the form: ``{"about": "cancel"|"rate"|"done", "id": …}``."""
        found: dict[str, Any] = self.conversation.state.get("pending") or {}
        return found

    @property
    def open(self) -> list[ServiceRequest]:
        drafts = {draft.id for draft in self.state.drafts}
        return [r for r in self.own if Status(r.status) not in ENDED and r.id not in drafts]


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
        here = await _here(session, parts, conversation_id, message_id, ranking, danger)
    if here.read.urgency == "emergency":
        plan = [{"do": "emergency"}]
        return Answered(outcome="answered", plan=plan)
    return await ask(here)


async def read(
    parts: Parts,
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    ranking: Ranking = (),
    danger: float = 0.0,
) -> Understanding:
    """What the readers find in one message; its relative times count from when it was sent."""
    gazetteer = await parts.gazetteer(session)
    received = (message.received_at or message.created_at).astimezone(parts.settings.zone)
    deciding = parts.settings.deciding
    text = message.text or ""
    transcript = await transcript_of(session, message)
    words = [HeardWord(**word) for word in transcript.words] if transcript is not None else []
    # Of a yes or a no the readers take no time; here "no, the day after" answers a question.
    service = bool(ranking) and parts.catalogue.is_service(ranking[0][0])

    def read_from(start: int) -> Understanding:
        return understand(
            text[start:],
            received_at=received.replace(tzinfo=None),
            ranking=ranking if service else (),
            gazetteer=gazetteer,
            language=conversation.language or message.language or "zh",
            words=words,
            danger=danger,
            alarm_from=deciding.alarm_from,
            doubt_from=deciding.doubt_from,
            unarranged=parts.catalogue.unarranged,
        )

    whole = await asyncio.to_thread(read_from, 0)
    if ranking:
        code, share = ranking[0]
        whole = replace(whole, category=code, category_confidence=share, category_ranking=ranking)
    start = replies.instead(text)
    if not start:
        return whole
    # "Not tomorrow, the day after": what stands behind holds, whatever stands before.
    rest = await asyncio.to_thread(read_from, start)
    found: dict[str, Any] = {
        n: moved(v, start) for n in FIELDS if (v := getattr(rest, n)) is not None
    }
    if rest.place is not None:
        found["area"] = rest.area
    return replace(whole, **found)


async def transcript_of(session: AsyncSession, message: Message) -> Transcript | None:
    """What was last heard in a voice message; None for others."""
    if message.kind != "voice":
        return None
    found: Transcript | None = await session.scalar(
        select(Transcript)
        .join(Attachment, Attachment.recording_id == Transcript.recording_id)
        .where(Attachment.message_id == message.id)
        .order_by(Transcript.id.desc())
        .limit(1)
    )
    return found


async def _here(
    session: AsyncSession,
    parts: Parts,
    conversation_id: int,
    message_id: int,
    ranking: Ranking,
    danger: float,
) -> Here:
    conversation = await session.get(Conversation, conversation_id)
    message = await session.get(Message, message_id)
    if conversation is None or message is None or message.conversation_id != conversation.id:
        raise NotFound("There is no such message.")
    own = await session.scalars(
        select(ServiceRequest)
        .where(ServiceRequest.contact_point_id == conversation.contact_point_id)
        .order_by(ServiceRequest.id.desc())
        .limit(20)
    )
    found = await read(parts, session, conversation, message, ranking, danger)
    return Here(parts, conversation, message, found, own.all())


async def understand_turn(here: Here) -> Answered:
    """A turn of the form: fields are filled, the next question is chosen."""
    state = here.state
    if not state.drafts:
        elsewhere = _about_asked(here) or _about_earlier(here)
        if elsewhere is not None:
            return elsewhere
    said = Said(here.text, here.read, await _clauses(here, state))
    turn = respond(state, said, here.parts.catalogue)
    first, question = wording.lines(turn, here.parts.catalogue, here.language)
    if turn.outcome == "none":
        return await answer_turn(here)
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


def _about_earlier(here: Here) -> Answered | None:
    """Not a new need, but something for the request that was just filed."""
    found = {n: v for n in FIELDS if (v := getattr(here.read, n)) is not None}
    recent = _recent(here)
    if not found or recent is None:
        return None
    code, share = here.read.category_ranking[0] if here.read.category_ranking else ("", 0.0)
    new = here.parts.catalogue.is_service(code) and share >= 0.6 and code != recent.category
    if new or replies.adds(here.text) or not (replies.takes_back(here.text) or share < 0.6):
        return None
    what = _spoken(found, here.language)
    done = say("chat.change.done", here.language, number=recent.tracking_number, what=what)
    change = {"do": "change", "id": recent.id, "message_id": here.message.id}
    return Answered([done], [change], outcome="answered")


def _recent(here: Here) -> ServiceRequest | None:
    now: datetime = here.message.received_at or here.message.created_at
    for request in here.open:
        at_work = request.status != Status.DONE.value
        if at_work and request.conversation_id == here.conversation.id:
            return request if now - request.updated_at < RECENT else None
    return None


def _spoken(found: dict[str, Any], language: str) -> str:
    parts = []
    for name, value in found.items():
        shown = wording.window(value.value, language) if name == "when" else value.value
        parts.append(say(f"chat.part.{name}", language, value=shown))
    return say("chat.part.comma", language).join(parts)


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
    """A person takes over."""
    return Answered([say("chat.hand_over", here.language)], [{"do": "hand_over"}])


async def status(here: Here) -> Answered:
    """How it stands with her requests, the newest first."""
    found = _named(here) or here.open[:SHOWN] or list(here.own)[:1]
    lines = [
        say(
            "chat.status.line",
            here.language,
            number=request.tracking_number,
            category=_name(here, request),
            status=say(f"status.{request.status}", here.language),
        )
        for request in found
    ]
    return Answered(lines or [say("chat.status.none", here.language)])


async def cancel(here: Here) -> Answered:
    """Asks once before an earlier request is cancelled."""
    named = _named(here) or _of_category(here)
    asked = here.asked if here.asked.get("about") == "cancel" else {}
    request = next(iter(named or here.open), None)
    if asked and (not named or named[0].id == asked["id"]):
        return _cancelled(here, asked["id"])
    if request is None or not _can_be_cancelled(request):
        return Answered([say("chat.cancel.none", here.language)])
    ask = say(
        "chat.cancel.ask",
        here.language,
        number=request.tracking_number,
        category=_name(here, request),
    )
    pending = {"about": "cancel", "id": request.id}
    return Answered([ask], [{"do": "ask", "pending": pending}])


def _can_be_cancelled(request: ServiceRequest) -> bool:
    return Status(request.status) not in ENDED and request.status != Status.DONE.value


def _cancelled(here: Here, number: int) -> Answered:
    """She agreed that it is cancelled; unless it has ended since she was asked."""
    request = next((r for r in here.own if r.id == number), None)
    if request is None or not _can_be_cancelled(request):
        return Answered([say("chat.cancel.none", here.language)], outcome="answered")
    told = say("tell.cancelled", here.language, number=request.tracking_number)
    return Answered([told], [{"do": "cancel", "id": number}], outcome="answered")


async def rate(here: Here) -> Answered:
    """What she thinks of what was done; without anything that was done, a person reads it."""
    found = _rated(here)
    if found is not None:
        return found
    unrated = _unrated(here)
    if unrated is None:
        return Answered([say("chat.rate.none", here.language)], [{"do": "feedback"}])
    pending = {"about": "rate", "id": unrated.id}
    return Answered([say("chat.rate.ask", here.language)], [{"do": "ask", "pending": pending}])


def _unrated(here: Here) -> ServiceRequest | None:
    """What she was asked to rate, else the latest that was done."""
    over = (Status.DONE.value, Status.CLOSED.value)
    done = [r for r in here.own if r.status in over and r.rating is None]
    return next((r for r in done if r.id == here.asked.get("id")), next(iter(done), None))


def _rated(here: Here) -> Answered | None:
    points, unrated = replies.points(here.text), _unrated(here)
    if points is None or unrated is None:
        return None
    words = "chat.rate.thanks" if points > 2 else "chat.rate.low"
    rated = {"do": "rate", "id": unrated.id, "points": points, "words": here.text}
    return Answered([say(words, here.language)], [rated], outcome="answered")


def _about_asked(here: Here) -> Answered | None:
    """The answer to what was asked outside the form; not when she surely wants something else."""
    about, yes = here.asked.get("about"), replies.yes(here.text)
    code, share = here.read.category or "", here.read.category_confidence
    if about is None or (here.parts.catalogue.is_service(code) and share >= SURE):
        return None
    if about == "rate":
        return _rated(here)
    if yes:
        return _cancelled(here, here.asked["id"])
    return Answered([say("chat.cancel.kept", here.language)], outcome="answered")


async def answer_turn(here: Here) -> Answered:
    """Something said outside the form: it may answer what was asked last."""
    asked = _about_asked(here) or _about_earlier(here)
    if asked is not None:
        return asked
    yes = replies.yes(here.text)
    done = next((r for r in here.own if r.status == Status.DONE.value), None)
    if done is not None and yes:
        pending = {"about": "rate", "id": done.id}
        agreed: Plan = [{"do": "agree", "id": done.id}, {"do": "ask", "pending": pending}]
        return Answered([say("chat.rate.ask", here.language)], agreed, outcome="answered")
    if done is not None and replies.no(here.text):
        told = say("chat.again", here.language, number=done.tracking_number)
        return Answered([told], [{"do": "not_fixed", "id": done.id}], outcome="answered")
    return _nothing_asked(here)


async def small_talk(here: Here) -> Answered:
    """Small talk, unless it answers what was asked."""
    agrees = here.read.category == "thanks" and replies.yes(here.text)
    if here.asked or agrees or _about_earlier(here) is not None:
        return await answer_turn(here)
    return _nothing_asked(here)


def _nothing_asked(here: Here) -> Answered:
    """It answers nothing: small talk if it is that for sure, else it was not understood."""
    code, share = here.read.category or "out_of_scope", here.read.category_confidence
    if code in ("greet", "thanks") or (code == "out_of_scope" and share >= SURE):
        return Answered(plan=[{"do": "chat"}], outcome="answered", talk=code)
    nothing = Answered([say("chat.nothing_open", here.language)], outcome="answered")
    if code in ("affirm", "deny") or replies.yes(here.text) or replies.no(here.text):
        return nothing
    return _astray(here, Answered(outcome="answered", talk=code) if code in SMALL_TALK else nothing)


def _astray(here: Here, answered: Answered) -> Answered:
    """Nothing was made of it: said as `answered`, and the second time in a row a person comes."""
    times = int(here.conversation.state.get("astray", 0)) + 1
    if times >= MISSES:
        step = {"do": "hand_over", "because": "not_understood"}
        return Answered([say("chat.hand_over", here.language)], [step], outcome="answered")
    return replace(answered, plan=[*answered.plan, {"do": "astray", "times": times}])


def _named(here: Here) -> list[ServiceRequest]:
    """Those whose number she says."""
    numbers = {read_tracking_number(m) for m in re.findall(r"[0-9][0-9 -]{3,}[0-9]", here.text)}
    return [r for r in here.own if r.tracking_number in numbers]


def _of_category(here: Here) -> list[ServiceRequest]:
    codes = [code for code, _ in here.read.category_ranking]
    fitting = [r for r in here.open if r.category in codes]
    return sorted(fitting, key=lambda r: codes.index(r.category or ""))


def _name(here: Here, request: ServiceRequest) -> str:
    return here.parts.catalogue.name(request.category or "general", here.language)


QUESTIONS: dict[str, Callable[[Here], Awaitable[Answered]]] = {
    "understand": understand_turn,
    "submit": submit,
    "drop": drop,
    "hand_over": hand_over,
    "status": status,
    "cancel": cancel,
    "rate": rate,
    "answer": answer_turn,
    "small_talk": small_talk,
}
