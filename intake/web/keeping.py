"""Erase a request, and hand out what is held about one home: for supervisors and administrators."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from intake.keeping import handing_out, leftovers
from intake.keeping.erasing import erase as erase_request
from intake.lifecycle import Actor
from intake.service_requests import By
from intake.web import shapes
from intake.web.access import Admin, CurrentParts, SeenVersion, Supervisor, by_number, log_access

log = logging.getLogger("huying.keeping")
router = APIRouter(prefix="/api", tags=["operators"])


class Erase(shapes.Strict):
    """``why`` stays in the tombstone; ``force``: an emergency that is open too."""

    why: Literal["asked", "test", "other"] = "asked"
    force: bool = False


@router.post("/requests/{number}/erase", summary="Erase a request for good")
async def erase(
    parts: CurrentParts,
    operator: Supervisor,
    number: str,
    version: SeenVersion,
    body: Erase,
) -> dict[str, Any]:
    """Recording, words, fields and messages go; number, category, area, times and status stay.

    What another system holds becomes a task for the operators. There is no way back.
    """
    async with parts.sessions.begin() as session:
        found = await by_number(session, number)
        by = By(Actor.OPERATOR, operator.name)
        left = await erase_request(
            session, found.id, by, why=body.why, version=version, force=body.force
        )
        await session.refresh(found)
        await log_access(session, operator, "erase", found)
        answer = {
            name: getattr(found, name)
            for name in ("tracking_number", "status", "version", "erased_at", "erased_why")
        }
    if left is not None:
        try:
            await leftovers.remove(parts.settings, parts.sessions, left)
        except (OSError, SQLAlchemyError) as error:  # its job tries again
            log.warning("what an erase left stays for now: %s", type(error).__name__)
    return answer


@router.get("/households/{household_id}/export", summary="Hand out what is held about a home")
async def export(parts: CurrentParts, operator: Admin, household_id: int) -> FileResponse:
    """A ZIP: a page in plain words, all rows as JSON, the recordings."""
    async with parts.sessions.begin() as session:
        told = await handing_out.gather(session, household_id)
        await log_access(session, operator, f"household {household_id}: export")
    folder = tempfile.TemporaryDirectory(prefix="huying-")
    path = Path(folder.name) / "household.zip"
    try:
        await asyncio.to_thread(
            handing_out.write,
            path,
            told,
            parts.settings.recordings_dir,
            zone=parts.settings.zone,
            category=parts.catalogue.name,
        )
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"household-{household_id}.zip",
        headers={"Cache-Control": "private, no-store"},
        background=BackgroundTask(folder.cleanup),
    )
