"""What is said outside the form: about earlier requests, small talk, what is not understood."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from intake.conversation.context import Answered, Here, Plan
from intake.conversation.form import FIELDS, LIKELY, MISSES, SMALL_TALK, SURE
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


def about_asked(here: Here) -> Answered | None:
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
    answered = about_asked(here) or about_done(here) or about_filed(here)
    if answered is not None:
        return answered
    if here.open and replies.drops(here.text, likely=False):
        return replace(await cancel(here), outcome="answered")
    return _nothing_asked(here)


async def small_talk(here: Here) -> Answered:
    """Small talk, unless it answers what was asked."""
    return about_asked(here) or about_done(here) or about_filed(here) or _nothing_asked(here)


def about_done(here: Here) -> Answered | None:
    """The answer to "is it done?": yes, no, or what she thinks of it."""
    done = next((r for r in here.own if r.status == Status.DONE.value), None)
    code, share = here.read.category or "", here.read.category_confidence
    other = here.parts.catalogue.is_service(code) and share >= SURE
    if done is None or (other and code != done.category):
        return None
    if replies.no(here.text) or replies.not_fixed(here.text):
        told = say("chat.again", here.language, number=done.tracking_number)
        return Answered([told], [{"do": "not_fixed", "id": done.id}], outcome="answered")
    if other:
        return None
    if replies.yes(here.text):
        pending = {"about": "rate", "id": done.id}
        agreed: Plan = [{"do": "agree", "id": done.id}, {"do": "ask", "pending": pending}]
        return Answered([say("chat.rate.ask", here.language)], agreed, outcome="answered")
    return _rated(here) if len(here.text) <= SHORT else None


def _nothing_asked(here: Here) -> Answered:
    """It answers nothing: small talk if it is that for sure, else it was not understood."""
    code, share = here.read.category or "", here.read.category_confidence
    talk = replies.small_talk(here.text, code)
    if talk in ("robot", "rude") or (code in SMALL_TALK and share >= _LEAST.get(code, LIKELY)):
        return Answered(plan=[{"do": "chat"}], outcome="answered", talk=talk)
    ask = say("chat.nothing_open", here.language)
    agrees = code in ("affirm", "deny") and share >= LIKELY
    if agrees or replies.yes(here.text) or replies.no(here.text):
        return Answered([ask], outcome="answered")
    missed = say("chat.not_understood", here.language)
    return _astray(here, Answered([missed, ask], outcome="answered"))


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


def about_filed(here: Here) -> Answered | None:
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
        shown = times_.window(value.value, language) if name == "when" else value.value
        parts.append(say(f"chat.part.{name}", language, value=shown))
    return say("chat.part.comma", language).join(parts)
