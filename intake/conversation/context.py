"""One message in its conversation: what was read in it, and the plan of its answer.

Nothing is written to the database here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.conversation import state as conversation_state
from intake.conversation.clauses import Clauses
from intake.conversation.form import FIELDS, Ranking, State, moved, on_known_day, same_day
from intake.conversation.plan import Plan, Step
from intake.conversation.state import ConversationState, Pending
from intake.errors import NotFound
from intake.lifecycle import ENDED, Status
from intake.runtime import Parts
from intake.service_requests.understand import HeardWord
from intake.storage.models import Attachment, Conversation, Message, ServiceRequest, Transcript
from intake.understanding import replies, unit
from intake.understanding.readers import understand
from intake.understanding.values import Understanding


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """What an action is to say, and what is to be done about the message.

    `say`: sentences. `steps`: what `effects.carry_out` has to do. `asked` and `question`: the
    form's next slot and the sentence that asks for it; None ends the form, and `outcome` says how.
    `talk`: the kind of small talk that is answered first. `slots`: the values of Rasa's slots by
    name. `reading`: what was read in the message, with Rasa's ranking.
    """

    say: list[str] = field(default_factory=list)
    steps: tuple[Step, ...] = ()
    asked: str | None = None
    question: str | None = None
    outcome: str | None = None
    talk: str | None = None
    slots: dict[str, str | None] = field(default_factory=dict)
    reading: Understanding | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer for the actions, which return `plan` unchanged with Rasa's reply."""
        reading = self.reading.to_json() if self.reading is not None else None
        plan = Plan(steps=self.steps, reading=reading).model_dump() if self.steps else None
        return {
            "say": self.say,
            "plan": plan,
            "asked": self.asked,
            "question": self.question,
            "outcome": self.outcome,
            "talk": self.talk,
            "slots": self.slots,
        }


@dataclass(frozen=True, slots=True)
class MessageContext:
    """One message in its conversation, and what was read in it.

    `own`: the resident's 20 latest requests, the newest first, ended ones and drafts included.
    `clauses`: the parts of the message with their rankings.
    """

    parts: Parts
    conversation: Conversation
    message: Message
    read: Understanding
    own: Sequence[ServiceRequest]
    clauses: Clauses = ()

    @property
    def language(self) -> str:
        """The language to answer in; "zh" where none is known."""
        return self.conversation.language or self.message.language or "zh"

    @property
    def text(self) -> str:
        """The words of the message; "" where it has none."""
        return self.message.text or ""

    @property
    def state(self) -> State:
        """Where the form stands."""
        return self.known.form

    @property
    def known(self) -> ConversationState:
        """Where the conversation stands, the form included."""
        return conversation_state.load(self.conversation)

    @property
    def asked(self) -> Pending | None:
        """What the resident was asked outside the form."""
        return self.known.pending

    @property
    def open(self) -> list[ServiceRequest]:
        """The resident's requests that were filed and have not ended, the newest first."""
        drafts = {draft.id for draft in self.state.requests}
        return [r for r in self.own if Status(r.status) not in ENDED and r.id not in drafts]


async def read(
    parts: Parts,
    session: AsyncSession,
    conversation: Conversation,
    message: Message,
    ranking: Ranking = (),
    danger: float = 0.0,
) -> Understanding:
    """What the readers find in one message. Relative times count from its `received_at`.

    `ranking`: Rasa's intents with their confidence (0..1), the likeliest first; () without Rasa.
    `danger`: the classifier's score for danger (0..1).
    """
    gazetteer = await parts.gazetteer(session)
    received = (message.received_at or message.created_at).astimezone(parts.settings.zone)
    deciding = parts.settings.deciding
    text = message.text or ""
    transcript = await transcript_of(session, message)
    words = [HeardWord(**word) for word in transcript.words] if transcript is not None else []
    # With the intent "yes" or "no" the readers would not take a time for that of a visit, but "no,
    # the day after" answers the question for it. So only a service's ranking is given to them.
    # While a need is being arranged its own kind says whether somebody comes at an agreed time.
    drafts = conversation_state.load(conversation).form.drafts
    kinds = ranking if ranking and parts.catalogue.is_service(ranking[0][0]) else ()
    if drafts and drafts[0].read.category:
        kinds = ((drafts[0].read.category, 1.0),)
    # An answer is short and says little: the learned chance of danger counts from halfway on.
    doubt_from = deciding.doubt_from
    if drafts:
        doubt_from = max(doubt_from, (deciding.alarm_from + deciding.doubt_from) / 2)

    def read_part(start: int, end: int | None = None) -> Understanding:
        return understand(
            text[start:end],
            received_at=received.replace(tzinfo=None),
            ranking=kinds,
            gazetteer=gazetteer,
            language=conversation.language or message.language or "zh",
            words=words,
            danger=danger,
            alarm_from=deciding.alarm_from,
            doubt_from=doubt_from,
            unarranged=parts.catalogue.unarranged,
        )

    whole = await asyncio.to_thread(read_part, 0)
    if ranking:
        code, share = ranking[0]
        whole = replace(whole, category=code, category_confidence=share, category_ranking=ranking)
    start = replies.instead(text)
    if not start:
        return whole
    rest = await asyncio.to_thread(read_part, start)
    head = await asyncio.to_thread(read_part, 0, start)
    return corrected(whole, head, rest, text, start)


def corrected(
    whole: Understanding, head: Understanding, rest: Understanding, text: str, start: int
) -> Understanding:
    """The reading of a message that corrects itself at `start`: "not tomorrow, the day after".

    The fields after the correction replace those before it, of which stays what they leave open:
    the building of another room, the hours of another day.
    """
    found: dict[str, Any] = {n: v for n in FIELDS if (v := rest.get(n)) is not None}
    if "unit" in found and head.unit is not None:
        found["unit"] = unit.continued_field(head.unit, text[:start], found["unit"], text[start:])
    if head.when is not None:
        if "when" in found:
            found["when"] = same_day(head.when, found["when"], text[start:])
        elif (told := on_known_day(head.when, text[start:])) is not None:
            found["when"] = told  # 明天早上行不行？改下午吧
    found = {n: moved(value, start) for n, value in found.items()}
    if rest.place is not None:
        found["area"] = rest.area
    return whole.but(**found)


async def transcript_of(session: AsyncSession, message: Message) -> Transcript | None:
    """The latest transcript of a voice message; None for other messages."""
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


async def listen(
    session: AsyncSession,
    parts: Parts,
    conversation_id: int,
    message_id: int,
    ranking: Ranking,
    danger: float,
    clauses: Clauses,
    reading: Understanding | None,
) -> MessageContext:
    """The message with its conversation, the resident's requests and what was read in it.

    `reading`: what an earlier question of the turn read; None: read it now. Raises `NotFound` for a
    message that is not of this conversation.
    """
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
    found = reading or await read(parts, session, conversation, message, ranking, danger)
    return MessageContext(parts, conversation, message, found, own.all(), clauses)
