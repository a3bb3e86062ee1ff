"""Operators' tasks at the desk: residents who must be called, and everything else."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.locale import catalog, say
from intake.web.access_log_throttle import log_look
from intake.web.api.tasks import open_tasks
from intake.web.auth import CurrentParts
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()
LISTED = 300


@router.get("/desk/tasks")
async def show(request: Request, parts: CurrentParts, who: Viewer) -> Response:
    """Tasks that are due now, then those that are due later."""
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        rows = await open_tasks(session, parts, LISTED)
        await log_look(session, who.operator, "tasks")

    def kind(code: str) -> str:
        key = f"desk.tasks.kind.{code}"
        return say(key if key in catalog("en") else "desk.tasks.kind.other", language)

    return page(
        request, "tasks.html", who,
        due=[row for row in rows if row["due"]], later=[row for row in rows if not row["due"]],
        kind=kind, clock=Clock.of(parts.settings.zone, language),
    )  # fmt: skip
