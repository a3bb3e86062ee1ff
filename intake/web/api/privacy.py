"""Erase a request or a household, and export what is held about a household: for supervisors and
administrators."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from intake.accounts import households
from intake.lifecycle import Actor
from intake.privacy import erase_household, external_data
from intake.privacy import export as household_export
from intake.privacy.erase_request import erase as erase_request
from intake.service_requests import Author
from intake.storage.models import Household
from intake.web.access_log_throttle import log_look
from intake.web.api import schemas
from intake.web.auth import Admin, CurrentParts, SeenVersion, Supervisor, by_number, log_access

log = logging.getLogger("huying.keeping")
router = APIRouter(prefix="/api", tags=["operators"])


class Erase(schemas.Strict):
    """``why`` is kept with the erased request; ``force``: erase even an open emergency."""

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
    """Recording, words, fields and messages are deleted; number, category, area, times and status
    stay, so that statistics stay right.

    What another system holds becomes a task for the operators. It can't be undone.
    """
    async with parts.sessions.begin() as session:
        found = await by_number(session, number)
        by = Author(Actor.OPERATOR, operator.name)
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
            await external_data.remove(parts.settings, parts.sessions, left)
        except (OSError, SQLAlchemyError) as error:  # the job tries again
            log.warning("an erasure left files, the job tries again: %s", type(error).__name__)
    return answer


class EraseHome(Erase):
    """``requests``: how many requests the household has, as `GET …/erasure` said; another number is
    refused."""

    requests: int = Field(ge=0, le=2**31)


@router.get("/households/{household_id}/erasure", summary="What erasing a household would delete")
async def erasure(parts: CurrentParts, operator: Supervisor, household_id: int) -> dict[str, Any]:
    """How many requests, recordings and conversations; while the erasure runs, its progress."""
    async with parts.sessions.begin() as session:
        home = await households.find(session, household_id)
        await log_look(session, operator, f"household {home.id}: erasure")
        return await _erasure(session, home)


@router.post(
    "/households/{household_id}/erase", summary="Erase a household for good", status_code=202
)
async def erase_home(
    parts: CurrentParts, operator: Supervisor, household_id: int, body: EraseHome
) -> dict[str, Any]:
    """All of its requests, as `POST /api/requests/{number}/erase` does it, then the household.

    Its links stop working at once; the rest is done in the background, and `GET …/erasure` answers
    404 when it is done. It can't be undone.
    """
    by = Author(Actor.OPERATOR, operator.name)
    async with parts.sessions.begin() as session:
        home = await erase_household.begin(
            session, household_id, by, why=body.why, force=body.force, seen=body.requests
        )
        await log_access(session, operator, f"household {home.id}: order erase")
        return await _erasure(session, home)


async def _erasure(session: AsyncSession, home: Household) -> dict[str, Any]:
    order = home.erasing
    names = ("why", "total", "since", "stopped")
    return {
        **asdict(await erase_household.held(session, home.id)),
        "erasing": {name: order[name] for name in names} if order is not None else None,
    }


@router.get("/households/{household_id}/export", summary="Export what is held about a household")
async def export(parts: CurrentParts, operator: Admin, household_id: int) -> FileResponse:
    """A ZIP: a page in plain words, all rows as JSON, the recordings."""
    async with parts.sessions.begin() as session:
        told = await household_export.gather(session, household_id)
        await log_access(session, operator, f"household {household_id}: export")
    folder = tempfile.TemporaryDirectory(prefix="huying-")
    path = Path(folder.name) / "household.zip"
    try:
        await asyncio.to_thread(
            household_export.write,
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
