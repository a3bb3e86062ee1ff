"""One service request as a backend is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from intake.backends import Dispatch
from intake.network import signing
from intake.runtime import Parts
from intake.storage.models import Delivery, Recording, ServiceRequest
from intake.understanding.fields import COLUMNS

LINK_DAYS = 14


def dispatch_of(
    parts: Parts,
    delivery: Delivery,
    request: ServiceRequest,
    recording: Recording | None,
    *,
    maybe_sent: bool,
) -> Dispatch:
    """What the next attempt tells: the request as it is now, with its recording and links that end
    after `LINK_DAYS`. ``maybe_sent``: an earlier attempt may have arrived."""
    base, zone = parts.settings.base_url, parts.settings.zone
    until = datetime.now(UTC) + timedelta(days=LINK_DAYS)
    entry = parts.catalogue.entries.get(request.category or "")
    names = {"zh": entry.name_zh, "en": entry.name_en} if entry else {}

    def link(path: str, purpose: str, subject: str) -> str:
        return f"{base}/{path}/{signing.sign_link(parts.link_secrets[0], purpose, subject, until)}"

    subject = f"{request.id}:{delivery.backend}"
    where = [request.place, request.unit]
    return Dispatch(
        delivery_id=str(delivery.id),
        idempotency_key=delivery.idempotency_key,
        kind=delivery.kind,
        tracking_number=request.tracking_number,
        version=request.version,
        category=request.category or "general",
        category_name=names,
        service_hint=entry.routing_hint if entry else None,
        urgency=request.urgency,
        summary=_summary(request, names),
        transcript=request.text or "",
        language=request.language or "zh",
        fields=_fields(request, zone),
        address=" ".join(part for part in where if part) or None,
        latitude=None,
        longitude=None,
        received_at=request.received_at.astimezone(zone),
        deadline_at=request.deadline_at.astimezone(zone) if request.deadline_at else None,
        external_id=delivery.external_id or request.external_id,
        recording_url=link("r", "recording", str(recording.id)) if recording else None,
        recording_path=parts.blobs.path(recording.blob_key) if recording else None,
        recording_name=f"{request.tracking_number}.{recording.suffix}" if recording else None,
        update_url=f"{base}/api/backends/{delivery.backend}/updates",
        update_links={
            action: link("u", f"update-{action}", subject)
            for action in ("accepted", "done", "could_not")
        },
        attempt=delivery.attempts,
        maybe_sent=maybe_sent,
        reason=request.rejected_because if delivery.kind == "cancelled" else None,
    )


def _fields(request: ServiceRequest, zone: ZoneInfo) -> dict[str, str | datetime | None]:
    """The columns that backends are told, times on the residents' clock."""
    values = {column.name: getattr(request, column.name) for column in COLUMNS if column.payload}
    return {
        name: value.astimezone(zone) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _summary(request: ServiceRequest, names: Mapping[str, str]) -> str:
    """One line made of the fields, without the resident's own words: a backend may publish it."""
    name = names.get(request.language or "zh") or request.category or "–"
    parts = [name, request.place, request.unit, request.when_text]
    return " · ".join(part for part in parts if part)
