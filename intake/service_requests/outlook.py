"""What would become of a request: its backend, what is missing, what resembles it.

And the next request that an operator works on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue.routing import choose_backend
from intake.catalogue.services import Catalogue
from intake.runtime import Parts
from intake.service_requests import duplicates, worklist
from intake.service_requests.areas import area_of
from intake.service_requests.duplicates import Alike
from intake.service_requests.worklist import Filters, Group, Line
from intake.storage.models import ServiceRequest, Understanding
from intake.understanding.fields import READ

AHEAD = 20  # requests that are searched for one that no colleague has open


async def following(
    session: AsyncSession, parts: Parts, seen: ServiceRequest | None, me: str
) -> str | None:
    """The number of the request that ``me`` works on after ``seen``; None when nothing waits."""
    waiting = Filters(group=Group.WAITING)

    async def others(after: str | None) -> list[Line]:
        page = await worklist.page(session, waiting, parts.catalogue, after=after, limit=AHEAD)
        return [line for line in page.lines if seen is None or line.request.id != seen.id]

    ahead = await others(None)
    if seen is not None:
        pressing = [
            line
            for line in ahead
            if line.request.urgency == "emergency" and seen.urgency != "emergency"
        ]
        ahead = pressing + await others(worklist.place(seen, Group.WAITING)) + ahead
    free = [line for line in ahead if not set(line.looking) - {me}]
    first = next(iter(free or ahead), None)
    return first.request.tracking_number if first is not None else None


async def outlook(
    session: AsyncSession, request: ServiceRequest, parts: Parts, changes: dict[str, Any]
) -> dict[str, Any]:
    """The JSON of `read_outlook`; ``changes``: what is about to be saved."""
    now = {
        name: changes.get(name, getattr(request, name))
        for name in ("category", "urgency", "place", "unit", "phone")
    }
    area = request.area
    if "place" in changes:
        area = await area_of(session, parts, now["place"])
    name = choose_backend(
        parts.rules,
        parts.settings.routing.default,
        category=now["category"],
        area=area,
        urgency=now["urgency"],
    )
    entry = parts.catalogue.entries.get(now["category"] or "")
    has = {row.name: now.get(row.name, getattr(request, row.column)) for row in READ}
    row = await session.get(Understanding, request.understanding_id or 0)
    at_home = about_one_home(parts.catalogue)
    need = duplicates.of(request, at_home, row.fields if row else None, changes)
    alike = await duplicates.resembling(session, request, need, at_home)
    own = await duplicates.earlier(session, request, need)
    shown = {found.request.id for found in alike}
    return {
        "backend": name,
        "backend_title": title_of(parts, name),
        "area": area,
        "lacks": [field for field in (entry.required if entry else ()) if not has[field]],
        "is_service": entry is not None,
        "resembling": [_alike(found) for found in alike],
        "earlier": [_line(row) for row in own if row.id not in shown],
    }


def about_one_home(catalogue: Catalogue) -> frozenset[str]:
    """The categories for which the unit must be known: they are about one home."""
    return frozenset(code for code, entry in catalogue.entries.items() if "unit" in entry.required)


def title_of(parts: Parts, backend: str) -> str:
    """What people call a backend."""
    return str(parts.settings.backends.get(backend, {}).get("title") or backend)


def _alike(found: Alike) -> dict[str, Any]:
    return {**_line(found.request), "score": round(found.score, 2), "why": list(found.why)}


def _line(row: ServiceRequest) -> dict[str, Any]:
    return {
        "tracking_number": row.tracking_number,
        "status": row.status,
        "category": row.category,
        "place": row.place,
        "unit": row.unit,
        "person": row.person,
        "text": (row.text or "")[:120],
        "received_at": row.received_at,
        "when_start": row.when_start,
        "backend": row.backend,
    }
