"""Reads a stored request: its text goes to the pure readers, the fields that they find are stored.

What the sender filled in (`given`) and what a person corrected count more than anything read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rapidfuzz.distance import Levenshtein
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.lifecycle import ENDED, Status
from intake.locale import reason
from intake.runtime import Parts
from intake.service_requests import alarms
from intake.service_requests.areas import area_of
from intake.service_requests.deadlines import deadline
from intake.service_requests.decision import Verdict, judge
from intake.settings import Deciding
from intake.storage import models
from intake.storage.models import ServiceRequest, Transcript
from intake.understanding import confidence as field_confidence
from intake.understanding import safety
from intake.understanding.fields import READ_TEXTS
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import LISTEN_FIRST, understand
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Field, Understanding, Window

ANSWERED_IN_WRITING = {"webchat", "wechat"}
MISHEARD = 0.6  # of 11 digits, four may be wrong; numbers by chance share fewer
MAILED = {"written_mail", "mail_recording_unreadable"}
"""Reasons with which a mail waits for a person; its words are read all the same."""
AGAIN = {"assistant_unreachable", "emergency", *MAILED}


@dataclass(frozen=True, slots=True)
class HeardWord:
    """One word of a stored transcript, as the readers want it: seconds, confidence 0..1."""

    text: str
    start: float
    end: float
    confidence: float


def untouched(request: ServiceRequest) -> bool:
    """Whether a request in review waits only to be read again, so that a rule may still decide."""
    return not request.corrected and {r["code"] for r in request.reasons} <= AGAIN


def wants_reading(request: ServiceRequest) -> bool:
    """Newly transcribed; or in review only because Rasa was away or as it is a mail that nothing
    has read yet, and no person has touched it."""
    if request.status == Status.TRANSCRIBED.value:
        return True
    codes = {reason["code"] for reason in request.reasons}
    if request.understanding_id is None and codes & MAILED and untouched(request):
        return request.status == Status.NEEDS_REVIEW.value
    return (
        request.status == Status.NEEDS_REVIEW.value
        and bool(request.reasons)
        and untouched(request)
        and any(r["code"] == "assistant_unreachable" for r in request.reasons)
    )


def is_emergency(text: str, alternatives: Sequence[str] = (), *, spoken: bool = True) -> bool:
    """Whether the life-safety rules alone find danger in the text; `spoken`: a transcript.

    Alternative transcripts may reveal danger that the best one garbles: one of them is enough.
    """
    return any(
        safety.read_safety(Heard.of(said, spoken=spoken)).urgency == "emergency"
        for said in (text, *alternatives)
    )


async def alternatives_of(session: AsyncSession, request: ServiceRequest) -> list[str]:
    """The other texts that the request's recording may hold; none for one edited or typed."""
    if request.transcript_id is None:
        return []
    transcript = await session.get(Transcript, request.transcript_id)
    return transcript.alternatives if transcript and transcript.text == request.text else []


async def words_of(session: AsyncSession, request: ServiceRequest) -> list[HeardWord]:
    """The words behind the request's text, with times and confidence."""
    if request.transcript_id is None:
        return []
    transcript = await session.get(Transcript, request.transcript_id)
    return [HeardWord(**word) for word in transcript.words] if transcript else []


def read(
    request: ServiceRequest,
    words: Sequence[HeardWord],
    ranking: Sequence[tuple[str, float]],
    gazetteer: Gazetteer,
    parts: Parts,
    *,
    danger: float = 0.0,
) -> Understanding:
    """Pure reading of the request's text; relative times count from when it was recorded."""
    local = request.received_at.astimezone(parts.settings.zone).replace(tzinfo=None)
    return understand(
        request.text or "",
        received_at=local,
        ranking=ranking,
        gazetteer=gazetteer,
        language=request.language or "zh",
        words=words,
        danger=danger,
        alarm_from=parts.settings.deciding.alarm_from,
        doubt_from=parts.settings.deciding.doubt_from,
        unarranged=parts.catalogue.unarranged,
    )


async def keep(
    session: AsyncSession, request: ServiceRequest, read: Understanding, parts: Parts
) -> None:
    """Store an understanding and fill the fields of a locked request from it."""
    row = models.Understanding(
        service_request_id=request.id,
        transcript_id=request.transcript_id,
        category=read.category,
        confidence=read.category_confidence,
        fields=read.to_json(),
    )
    session.add(row)
    await session.flush()
    request.understanding_id = row.id
    corrected = set(request.corrected)
    found: dict[str, Any] = {
        "category": read.category,
        "urgency": "emergency" if request.urgency == "emergency" else _urgency(read, parts),
        **{name: _value(read.get(name)) for name in READ_TEXTS},
        **_window(read.when, request, parts),
    }
    found.update(_from_home(request, read, parts.settings.deciding))
    found.update({k: v for k, v in request.given.items() if k in READ_TEXTS and v})
    found["area"] = await area_of(session, parts, found["place"])
    for name, value in found.items():
        if name not in corrected:
            setattr(request, name, value)
    if any(doubt.code == LISTEN_FIRST for doubt in read.reasons) and not request.listen_first:
        await alarms.listen_first(session, request, parts)
    request.deadline_at = deadline(request, parts.catalogue)
    if not parts.catalogue.is_service(request.category or ""):
        request.related_to_id = await _earlier(session, request)


def _urgency(read: Understanding, parts: Parts) -> str:
    """As urgent as the words say, and as its kind is at least."""
    entry = parts.catalogue.entries.get(read.category or "")
    return entry.at_least if entry is not None and read.urgency == "normal" else read.urgency


def _from_home(request: ServiceRequest, read: Understanding, limits: Deciding) -> dict[str, str]:
    """Details of the household whose link was used, for every field that the resident did not say,
    and for what was heard almost like them but not surely.

    The resident may speak for a neighbour: with another place, the household's unit does not hold.
    """
    home: dict[str, str] = request.given.get("household") or {}
    thresholds = field_confidence.Thresholds(fields=limits.fields)

    def differs(name: str) -> bool:
        heard = read.get(name)
        if heard is None or heard.value == home[name]:
            return False
        sure = not heard.ambiguous and heard.confidence >= thresholds.of(name)
        return sure or Levenshtein.normalized_similarity(heard.value, home[name]) < MISHEARD

    said = {name for name in home if differs(name)}
    if "place" in said and read.place is not None and read.place.value != home["place"]:
        said.add("unit")
    return {name: value for name, value in home.items() if name not in said}


async def decide(session: AsyncSession, request: ServiceRequest, parts: Parts) -> Verdict:
    """`judge` of a stored request, with what its sender gave and people corrected."""
    row = await session.get_one(models.Understanding, request.understanding_id)
    notes: Collection[str] = ()
    engine = None
    if request.transcript_id is not None:
        transcript = await session.get_one(Transcript, request.transcript_id)
        notes, engine = transcript.notes, transcript.engine
    mailed = await _mailed(session, request)
    verdict = judge(
        _with_given(Understanding.from_json(row.fields), request),
        reachable=request.channel in ANSWERED_IN_WRITING,
        spoken=request.transcript_id is not None,
        engine=engine,
        category=request.category,
        urgency=request.urgency,
        notes=notes,
        catalogue=parts.catalogue,
        limits=parts.settings.deciding,
    )
    return Verdict(False, [*mailed, *verdict.reasons]) if mailed else verdict


async def _mailed(session: AsyncSession, request: ServiceRequest) -> list[dict[str, str]]:
    """Why a mail without a recording that we can play waits for a person; [] for anything else."""
    if request.channel != "email" or request.recording_id is not None:
        return []
    unheard = await session.scalar(
        select(models.Attachment.id)
        .join(models.Message, models.Message.id == models.Attachment.message_id)
        .where(
            models.Message.service_request_id == request.id,
            models.Attachment.media_type.startswith("audio/"),
        )
        .limit(1)
    )
    return [reason("written_mail" if unheard is None else "mail_recording_unreadable")]


def _with_given(read: Understanding, request: ServiceRequest) -> Understanding:
    """`read` with what the sender filled in, what agrees with the household and what a person
    corrected as certain."""
    certain: dict[str, Any] = {}
    home: dict[str, str] = request.given.get("household") or {}
    for name in READ_TEXTS:
        value = getattr(request, name)
        given = request.given.get(name) or name in request.corrected
        if value and (given or home.get(name) == value):
            certain[name] = Field(value, None, 1.0)
    return read.but(**certain)


async def _earlier(session: AsyncSession, request: ServiceRequest) -> int | None:
    """The latest open request of the same phone: what "how far is it" probably means."""
    if not request.phone:
        return None
    statement = (
        select(ServiceRequest.id)
        .where(
            ServiceRequest.phone == request.phone,
            ServiceRequest.id != request.id,
            ServiceRequest.status.not_in([s.value for s in ENDED]),
        )
        .order_by(ServiceRequest.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


def _value(field: Field[str] | None) -> str | None:
    return field.value if field is not None else None


def _window(
    when: Field[Window] | None, request: ServiceRequest, parts: Parts
) -> dict[str, datetime | str | None]:
    if when is None:
        return {"when_start": None, "when_end": None, "when_text": None}
    text = request.text or ""
    words = text[when.evidence[0] : when.evidence[1]] if when.evidence else None
    zone = parts.settings.zone
    return {
        "when_start": when.value.start.replace(tzinfo=zone),
        "when_end": when.value.end.replace(tzinfo=zone),
        "when_text": words,
    }
