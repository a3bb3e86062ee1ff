"""Messages outside the form: about earlier requests, small talk, and what is not understood."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from intake.conversation.context import AnswerPlan, MessageContext
from intake.conversation.form import (
    FIELDS,
    LIKELY,
    MISSES,
    SMALL_TALK,
    SURE,
    MessageReading,
    with_early,
)
from intake.conversation.plan import (
    Agree,
    AskAbout,
    Cancel,
    Change,
    Feedback,
    HandOver,
    Keep,
    Misunderstood,
    NotFixed,
    Rate,
    SmallTalk,
)
from intake.lifecycle import ENDED, Status
from intake.locale import say
from intake.locale import times as times_
from intake.service_requests.tracking_numbers import read_tracking_number
from intake.storage.models import ServiceRequest
from intake.understanding import remarks, replies

RECENT = timedelta(minutes=60)
"""A message may change a filed request for so long after the request's last change."""
SHOWN = 3
"""Requests of which a resident is told the status at once."""
SHORT = 12
"""The most characters of a message that may be nothing but a rating."""
REACHED_BY = ("phone", "place", "unit")
"""The fields that tell where somebody is to be reached."""
_LEAST = {"out_of_scope": SURE}
"""The confidence that a kind of small talk needs; kinds not named here need `LIKELY`."""


async def status(here: MessageContext) -> AnswerPlan:
    """Say the status of the resident's requests, the newest first."""
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
    return AnswerPlan(lines or [say("chat.status.none", here.language)])


async def cancel(here: MessageContext) -> AnswerPlan:
    """Ask once before an earlier request is cancelled; cancel the one that was asked about.

    One that is only put off is changed.
    """
    moved = about_moved(here)
    if moved is not None:
        return moved
    named = _named(here) or _of_category(here)
    asked = here.asked if here.asked is not None and here.asked.about == "cancel" else None
    request = next(iter(named or here.open), None)
    if asked is not None and (not named or named[0].id == asked.id):
        return _cancelled(here, asked.id)
    if request is None or not _can_be_cancelled(request):
        return AnswerPlan([say("chat.cancel.none", here.language)])
    ask = say(
        "chat.cancel.ask",
        here.language,
        number=request.tracking_number,
        category=_name(here, request),
    )
    return AnswerPlan([ask], (AskAbout(about="cancel", id=request.id),))


def _can_be_cancelled(request: ServiceRequest) -> bool:
    return Status(request.status) not in ENDED and request.status != Status.DONE.value


def _cancelled(here: MessageContext, number: int) -> AnswerPlan:
    """Cancel the request `number`, as the resident agreed, unless it is done or ended by now."""
    request = next((r for r in here.own if r.id == number), None)
    if request is None or not _can_be_cancelled(request):
        return AnswerPlan([say("chat.cancel.none", here.language)], outcome="answered")
    told = say("tell.cancelled", here.language, number=request.tracking_number)
    return AnswerPlan([told], (Cancel(id=number),), outcome="answered")


async def rate(here: MessageContext) -> AnswerPlan:
    """Store a rating or ask for one; without a request that is done, an operator reads it."""
    found = _rated(here)
    if found is not None:
        return found
    unrated = _unrated(here)
    if unrated is None:
        return AnswerPlan([say("chat.rate.none", here.language)], (Feedback(),))
    step = AskAbout(about="rate", id=unrated.id)
    return AnswerPlan([say("chat.rate.ask", here.language)], (step,))


def _unrated(here: MessageContext) -> ServiceRequest | None:
    """The request that the resident was asked to rate, else the latest that was done."""
    over = (Status.DONE.value, Status.CLOSED.value)
    done = [r for r in here.own if r.status in over and r.rating is None]
    asked = here.asked.id if here.asked is not None else None
    return next((r for r in done if r.id == asked), next(iter(done), None))


def _rated(here: MessageContext) -> AnswerPlan | None:
    points, unrated = replies.points(here.text), _unrated(here)
    if points is None or unrated is None:
        return None
    words = "chat.rate.thanks" if points > 2 else "chat.rate.low"
    rated = Rate(id=unrated.id, points=points)
    return AnswerPlan([say(words, here.language)], (rated,), outcome="answered")


def about_asked(here: MessageContext) -> AnswerPlan | None:
    """The answer to the question that was asked outside the form.

    None when nothing was asked, or when the resident surely asks for a service instead.
    """
    asked, yes = here.asked, replies.yes(here.text)
    code, share = here.read.category or "", here.read.category_confidence
    if asked is None or (here.parts.catalogue.is_service(code) and share >= SURE):
        return None
    if asked.about == "rate":
        return _rated(here)
    if asked.about == "change":
        return _changed(here, asked.id)
    if yes:
        return _cancelled(here, asked.id)
    return AnswerPlan([say("chat.cancel.kept", here.language)], outcome="answered")


async def answer_turn(here: MessageContext) -> AnswerPlan:
    """Answer a message outside the form; it may answer a question or concern a filed request."""
    answered = about_asked(here) or about_done(here) or about_filed(here)
    if answered is not None:
        return answered
    if here.open and replies.drops(here.text, likely=False):
        return replace(await cancel(here), outcome="answered")
    return _nothing_asked(here)


async def small_talk(here: MessageContext) -> AnswerPlan:
    """Answer small talk, unless it answers a question or concerns a filed request."""
    return about_asked(here) or about_done(here) or about_filed(here) or _nothing_asked(here)


def about_done(here: MessageContext) -> AnswerPlan | None:
    """The answer to "is it done?": a yes, a no, or a rating; None for anything else."""
    done = next((r for r in here.own if r.status == Status.DONE.value), None)
    code, share = here.read.category or "", here.read.category_confidence
    other = here.parts.catalogue.is_service(code) and share >= SURE
    if done is None or (other and code != done.category):
        return None
    if replies.no(here.text) or replies.not_fixed(here.text):
        told = say("chat.again", here.language, number=done.tracking_number)
        return AnswerPlan([told], (NotFixed(id=done.id),), outcome="answered")
    if other:
        return None
    if replies.yes(here.text):
        agreed = (Agree(id=done.id), AskAbout(about="rate", id=done.id))
        return AnswerPlan([say("chat.rate.ask", here.language)], agreed, outcome="answered")
    return _rated(here) if len(here.text) <= SHORT else None


def _nothing_asked(here: MessageContext) -> AnswerPlan:
    """Answer a message that answers no question: small talk if likely, else not understood."""
    code, share = here.read.category or "", here.read.category_confidence
    talk = replies.small_talk(here.text, code)
    early = with_early(here.state, MessageReading(here.text, here.read, here.clauses))
    # A number or a home said before the need is no small talk, whatever the classifier says.
    tells = early is not None and any(map(here.read.get, REACHED_BY))
    small = (
        code in SMALL_TALK
        and remarks.may_be_small_talk(here.text, code)
        and share >= _LEAST.get(code, LIKELY)
        and not tells
    )
    if small or talk in ("robot", "rude"):
        return AnswerPlan(steps=(SmallTalk(),), outcome="answered", talk=talk)
    ask = say("chat.nothing_open", here.language)
    agrees = code in ("affirm", "deny") and share >= LIKELY
    if agrees or replies.yes(here.text) or replies.no(here.text):
        return AnswerPlan([ask], outcome="answered")
    if early is not None:
        heard = say("chat.noted", here.language)
        noted = AnswerPlan([heard, ask], (Keep.of(early),), outcome="answered")
        # Who goes on without ever naming a need is not understood: a person comes.
        return noted if here.state.early is None else _astray(here, noted)
    missed = say("chat.not_understood", here.language)
    return _astray(here, AnswerPlan([missed, ask], outcome="answered"))


def _astray(here: MessageContext, answered: AnswerPlan) -> AnswerPlan:
    """Count a message that was not understood; after `MISSES` in a row an operator takes over."""
    times = here.known.misunderstood + 1
    if times >= MISSES:
        step = HandOver(because="not_understood")
        return AnswerPlan([say("chat.hand_over", here.language)], (step,), outcome="answered")
    return replace(answered, steps=(*answered.steps, Misunderstood(times=times)))


def _named(here: MessageContext) -> list[ServiceRequest]:
    """The resident's requests whose tracking number the message names."""
    numbers = {read_tracking_number(m) for m in re.findall(r"[0-9][0-9 -]{3,}[0-9]", here.text)}
    return [r for r in here.own if r.tracking_number in numbers]


def _of_category(here: MessageContext) -> list[ServiceRequest]:
    codes = [code for code, _ in here.read.category_ranking]
    fitting = [r for r in here.open if r.category in codes]
    return sorted(fitting, key=lambda r: codes.index(r.category or ""))


def _name(here: MessageContext, request: ServiceRequest) -> str:
    return here.parts.catalogue.name(request.category or "general", here.language)


def about_moved(here: MessageContext) -> AnswerPlan | None:
    """Put a filed request to another time, which is asked for unless the message gives it.

    None if the message puts nothing off, or no request of the resident's is at work.
    """
    if not remarks.moves(here.text) or here.state.drafts:
        return None
    if here.read.when is None and any(map(here.read.get, FIELDS)):
        return None  # something else is changed
    at_work = [r for r in here.open if r.status != Status.DONE.value]
    fitting = [r for r in (*_named(here), *_of_category(here)) if r in at_work]
    request = next(iter(fitting or at_work), None)
    if request is None:
        return None
    if here.read.when is not None:
        return _changed(here, request.id)
    ask = say(
        "chat.change.when",
        here.language,
        number=request.tracking_number,
        category=_name(here, request),
    )
    return AnswerPlan([ask], (AskAbout(about="change", id=request.id),), outcome="answered")


def _changed(here: MessageContext, number: int) -> AnswerPlan | None:
    """Change the request `number` by what the message says; None if it says nothing of it."""
    found = {n: v for n in FIELDS if (v := here.read.get(n)) is not None}
    request = next((r for r in here.open if r.id == number), None)
    if request is None or not found:
        return None
    what = _spoken(found, here.language)
    done = say("chat.change.done", here.language, number=request.tracking_number, what=what)
    return AnswerPlan([done], (Change(id=request.id),), outcome="answered")


def about_filed(here: MessageContext) -> AnswerPlan | None:
    """A change of the request that was just filed, or of an earlier one that is put off; None if
    the message is about something else."""
    moved = about_moved(here)
    if moved is not None:
        return moved
    found = {n: v for n in FIELDS if (v := here.read.get(n)) is not None}
    recent = _recent(here)
    if not found or recent is None:
        return None
    code, share = here.read.category_ranking[0] if here.read.category_ranking else ("", 0.0)
    new = here.parts.catalogue.is_service(code) and share >= 0.6 and code != recent.category
    if new or replies.adds(here.text) or not (replies.takes_back(here.text) or share < 0.6):
        return None
    return _changed(here, recent.id)


def _recent(here: MessageContext) -> ServiceRequest | None:
    now: datetime = here.message.received_at or here.message.created_at
    for request in here.open:
        at_work = request.status != Status.DONE.value
        if at_work and request.conversation_id == here.conversation.id:
            return request if now - request.updated_at < RECENT else None
    return None


def _spoken(found: dict[str, Any], language: str) -> str:
    parts = []
    for name, value in found.items():
        shown = times_.spoken(value.value, language)
        parts.append(say(f"chat.part.{name}", language, value=shown))
    return say("chat.part.comma", language).join(parts)
