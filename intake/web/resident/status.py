"""How a request stands, as its resident is told: one sentence now, and what was understood."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake import service_requests
from intake.conversation.phrases import unit_said
from intake.lifecycle import ENDED, Status
from intake.locale import DEFAULT, languages, say
from intake.locale.emergency_numbers import DIAL, EMERGENCY_NUMBERS
from intake.locale.times import window
from intake.pipeline import notify
from intake.runtime import Parts
from intake.storage.models import ServiceRequest, Understanding
from intake.understanding.values import Window

SAID = {
    Status.CONFIRMED: "confirmed",
    Status.CLOSED: "closed",
}  # the others: received, or what `telling` says


async def of(session: AsyncSession, request: ServiceRequest, parts: Parts) -> dict[str, Any]:
    """The JSON that the resident's page shows; nothing in it that she did not say or is told."""
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
    """What she is told now, in her language."""
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
    """What was understood, in one sentence that is read back; None while it is nothing.

    ``when``: local times without zone, as the sentence says them, or None."""
    code = request.category or ""
    if not parts.catalogue.is_service(code):
        return None
    name = parts.catalogue.name(code, language)
    known = [name]
    times: dict[str, str] | None = None
    if request.place:
        known.append(say("chat.part.place", language, value=request.place))
    if request.unit:
        unit = await _in_her_words(session, request, "unit")
        known.append(say("chat.part.unit", language, value=unit))
    if request.when_start and request.when_end:
        start, end = (
            moment.astimezone(parts.settings.zone).replace(tzinfo=None)
            for moment in (request.when_start, request.when_end)
        )
        when = window(Window(start, end), language)
        known.append(say("chat.part.when", language, value=when))
        times = {"start": start.isoformat(), "end": end.isoformat()}
    if request.phone:
        known.append(say("resident.part.phone", language, value=request.phone[-4:]))
    what = say("chat.part.comma", language).join(known)
    return {
        "category": name,
        "category_code": code,
        "sentence": say("resident.heard", language, what=what),
        "when": times,
    }


async def _in_her_words(session: AsyncSession, request: ServiceRequest, name: str) -> str:
    """A field as she said it, which is easier to know again than our short form."""
    value: str = getattr(request, name)
    row = await session.get(Understanding, request.understanding_id or 0)
    field = row.fields.get(name) if row is not None else None
    if not field or field["value"] != value or not field["evidence"] or name in request.corrected:
        return value
    start, end = field["evidence"]
    return unit_said((request.text or "")[start:end], value)
