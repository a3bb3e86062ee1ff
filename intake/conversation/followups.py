"""What is said outside the form: about earlier requests, small talk, what is not understood."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from intake.conversation.context import AnswerPlan, MessageContext
from intake.conversation.form import FIELDS, LIKELY, MISSES, SMALL_TALK, SURE
from intake.conversation.plan import (
    Agree,
    AskAbout,
    Cancel,
    Change,
    Feedback,
    HandOver,
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
from intake.understanding import replies

RECENT = timedelta(minutes=60)
SHOWN = 3
SHORT = 12
"""Characters of a message that is nothing but what she thinks of what was done."""
_LEAST = {"out_of_scope": SURE}
"""How sure it must be that it is this kind of small talk, other than `LIKELY`."""


async def status(here: MessageContext) -> AnswerPlan:
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
    return AnswerPlan(lines or [say("chat.status.none", here.language)])


async def cancel(here: MessageContext) -> AnswerPlan:
    """Asks once before an earlier request is cancelled."""
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
    """She agreed that it is cancelled; unless it has ended since she was asked."""
    request = next((r for r in here.own if r.id == number), None)
    if request is None or not _can_be_cancelled(request):
        return AnswerPlan([say("chat.cancel.none", here.language)], outcome="answered")
    told = say("tell.cancelled", here.language, number=request.tracking_number)
    return AnswerPlan([told], (Cancel(id=number),), outcome="answered")


async def rate(here: MessageContext) -> AnswerPlan:
    """What she thinks of what was done; without anything that was done, a person reads it."""
    found = _rated(here)
    if found is not None:
        return found
    unrated = _unrated(here)
    if unrated is None:
        return AnswerPlan([say("chat.rate.none", here.language)], (Feedback(),))
    step = AskAbout(about="rate", id=unrated.id)
    return AnswerPlan([say("chat.rate.ask", here.language)], (step,))


def _unrated(here: MessageContext) -> ServiceRequest | None:
    """What she was asked to rate, else the latest that was done."""
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
    """The answer to what was asked outside the form; not when she surely wants something else."""
    asked, yes = here.asked, replies.yes(here.text)
    code, share = here.read.category or "", here.read.category_confidence
    if asked is None or (here.parts.catalogue.is_service(code) and share >= SURE):
        return None
    if asked.about == "rate":
        return _rated(here)
    if yes:
        return _cancelled(here, asked.id)
    return AnswerPlan([say("chat.cancel.kept", here.language)], outcome="answered")


async def answer_turn(here: MessageContext) -> AnswerPlan:
    """Something said outside the form: it may answer what was asked last."""
    answered = about_asked(here) or about_done(here) or about_filed(here)
    if answered is not None:
        return answered
    if here.open and replies.drops(here.text, likely=False):
        return replace(await cancel(here), outcome="answered")
    return _nothing_asked(here)


async def small_talk(here: MessageContext) -> AnswerPlan:
    """Small talk, unless it answers what was asked."""
    return about_asked(here) or about_done(here) or about_filed(here) or _nothing_asked(here)


def about_done(here: MessageContext) -> AnswerPlan | None:
    """The answer to "is it done?": yes, no, or what she thinks of it."""
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
    """It answers nothing: small talk if it is that for sure, else it was not understood."""
    code, share = here.read.category or "", here.read.category_confidence
    talk = replies.small_talk(here.text, code)
    if talk in ("robot", "rude") or (code in SMALL_TALK and share >= _LEAST.get(code, LIKELY)):
        return AnswerPlan(steps=(SmallTalk(),), outcome="answered", talk=talk)
    ask = say("chat.nothing_open", here.language)
    agrees = code in ("affirm", "deny") and share >= LIKELY
    if agrees or replies.yes(here.text) or replies.no(here.text):
        return AnswerPlan([ask], outcome="answered")
    missed = say("chat.not_understood", here.language)
    return _astray(here, AnswerPlan([missed, ask], outcome="answered"))


def _astray(here: MessageContext, answered: AnswerPlan) -> AnswerPlan:
    """Nothing was made of it: said as `answered`, and the second time in a row a person comes."""
    times = here.known.misunderstood + 1
    if times >= MISSES:
        step = HandOver(because="not_understood")
        return AnswerPlan([say("chat.hand_over", here.language)], (step,), outcome="answered")
    return replace(answered, steps=(*answered.steps, Misunderstood(times=times)))


def _named(here: MessageContext) -> list[ServiceRequest]:
    """Those whose number she says."""
    numbers = {read_tracking_number(m) for m in re.findall(r"[0-9][0-9 -]{3,}[0-9]", here.text)}
    return [r for r in here.own if r.tracking_number in numbers]


def _of_category(here: MessageContext) -> list[ServiceRequest]:
    codes = [code for code, _ in here.read.category_ranking]
    fitting = [r for r in here.open if r.category in codes]
    return sorted(fitting, key=lambda r: codes.index(r.category or ""))


def _name(here: MessageContext, request: ServiceRequest) -> str:
    return here.parts.catalogue.name(request.category or "general", here.language)


def about_filed(here: MessageContext) -> AnswerPlan | None:
    """Not a new need, but something for the request that was just filed."""
    found = {n: v for n in FIELDS if (v := here.read.get(n)) is not None}
    recent = _recent(here)
    if not found or recent is None:
        return None
    code, share = here.read.category_ranking[0] if here.read.category_ranking else ("", 0.0)
    new = here.parts.catalogue.is_service(code) and share >= 0.6 and code != recent.category
    if new or replies.adds(here.text) or not (replies.takes_back(here.text) or share < 0.6):
        return None
    what = _spoken(found, here.language)
    done = say("chat.change.done", here.language, number=recent.tracking_number, what=what)
    return AnswerPlan([done], (Change(id=recent.id),), outcome="answered")


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
