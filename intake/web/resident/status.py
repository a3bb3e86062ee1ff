"""The status of a request as the resident is told it: one sentence, and what was understood."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation.phrases import unit_said
from intake.lifecycle import ENDED, Status
from intake.locale import DEFAULT, languages, say
from intake.locale.emergency_numbers import DIAL, EMERGENCY_NUMBERS
from intake.locale.times import spoken
from intake.pipeline import notify
from intake.runtime import Parts
from intake.storage.models import ServiceRequest, Understanding
from intake.understanding.fields import READ, StatusPage
from intake.understanding.values import Window

SAID = {
    Status.CONFIRMED: "confirmed",
    Status.CLOSED: "closed",
}  # other statuses: `notify.sentence`, else "received"


async def of(session: AsyncSession, request: ServiceRequest, parts: Parts) -> dict[str, Any]:
    """The JSON for the resident's page: only what the resident said or is told."""
    await parts.reload(session)
    language = request.language if request.language in languages() else DEFAULT
    status = Status(request.status)
    emergency = request.urgency == "emergency"
    understood = await _understood(session, request, parts, language)
    return {
        "tracking_number": request.tracking_number,
        "status": status.value,
        "sentence": await sentence(session, request, parts),
        "emergency": emergency,
        "dial": list(EMERGENCY_NUMBERS) if emergency else [],
        "understood": understood,
        "category_code": understood["category_code"] if understood else None,
        "may_confirm": understood is not None
        and not emergency
        and request.resident_says is None
        and status not in ENDED | {Status.DONE},
        "may_rate": status in service_requests.RATED,
        "rating": request.rating,
        "received_at": request.received_at.isoformat(),
        "human_phone": parts.settings.human_phone,
        "language": language,
    }


async def sentence(session: AsyncSession, request: ServiceRequest, parts: Parts) -> str:
    """What the resident is told now, in the resident's language."""
    number = request.tracking_number
    if said := await notify.sentence(session, request, parts):
        return said[1]
    if request.urgency == "emergency" and Status(request.status) not in ENDED:
        return say("tell.emergency", request.language, number=number, dial=DIAL)
    code = SAID.get(Status(request.status), "received")
    return say(f"resident.sentence.{code}", request.language, number=number)


async def _understood(
    session: AsyncSession, request: ServiceRequest, parts: Parts, language: str
) -> dict[str, Any] | None:
    """What was understood, in one sentence that is read back; None while nothing is.

    ``when``: local times without zone, as the sentence says them, or None."""
    code = request.category or ""
    if not parts.catalogue.is_service(code):
        return None
    name = parts.catalogue.name(code, language)
    known = [name]
    times: dict[str, str] | None = None
    when: Window | None = None
    if request.when_start and request.when_end:
        start, end = (
            moment.astimezone(parts.settings.zone).replace(tzinfo=None)
            for moment in (request.when_start, request.when_end)
        )
        times = {"start": start.isoformat(), "end": end.isoformat()}
        when = Window(start, end)
    for field in READ:
        value: Any = when if field.is_window else getattr(request, field.column)
        if not value or field.status_page is StatusPage.HIDDEN:
            continue
        if field.status_page is StatusPage.LAST_DIGITS:
            known.append(say(f"resident.part.{field.name}", language, value=value[-4:]))
            continue
        if field.name == "unit":
            value = await _in_her_words(session, request, "unit")
        known.append(say(f"chat.part.{field.name}", language, value=spoken(value, language)))
    what = say("chat.part.comma", language).join(known)
    return {
        "category": name,
        "category_code": code,
        "sentence": say("resident.heard", language, what=what),
        "when": times,
    }


async def _in_her_words(session: AsyncSession, request: ServiceRequest, name: str) -> str:
    """A field in the resident's own words, which are easier to recognise than the stored form."""
    value: str = getattr(request, name)
    row = await session.get(Understanding, request.understanding_id or 0)
    field = row.fields.get(name) if row is not None else None
    if not field or field["value"] != value or not field["evidence"] or name in request.corrected:
        return value
    start, end = field["evidence"]
    return unit_said((request.text or "")[start:end], value)
