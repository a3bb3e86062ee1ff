"""The failures page of the desk: what failed and why, with the buttons to retry it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from intake.locale import catalog, say
from intake.pipeline import failures
from intake.pipeline.failures import Failure
from intake.privacy import dead_letters
from intake.web.access_log_throttle import log_look
from intake.web.auth import CurrentParts
from intake.web.desk.clock import Clock
from intake.web.desk.pages import Viewer, page
from intake.web.language import language_of

router = APIRouter()


@router.get("/desk/failures")
async def show(request: Request, parts: CurrentParts, who: Viewer) -> Response:
    """All failures by kind, the latest first, and the messages that are set aside."""
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        found = {kind: await failures.all_of(session, kind) for kind in failures.KINDS}
        await log_look(session, who.operator, "failures")
    lying = await asyncio.to_thread(dead_letters.entries, parts.settings)

    def why(failure: Failure) -> str:
        for key in (f"desk.failures.{failure.kind}.{failure.code}",
                    f"desk.conversations.error.{failure.code}"):  # fmt: skip
            if key in catalog("en"):
                return say(key, language, what=failure.what or "–", detail=failure.detail or "–")
        key = f"desk.failures.{failure.kind}"
        return say(key, language, code=failure.code)

    return page(
        request, "failures.html", who,
        found=found, why=why, count=sum(map(len, found.values())) + len(lying), lying=lying,
        ends={kind for kind, known in failures.KINDS.items() if known.end is not None},
        clock=Clock.of(parts.settings.zone, language),
    )  # fmt: skip
