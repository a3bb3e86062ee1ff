"""Supervisors override what the catalogue's files say: names, questions, deadlines, urgency."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from intake.catalogue import edits, text_overrides
from intake.catalogue.services import Category
from intake.errors import NotFound
from intake.runtime import Parts
from intake.web.api.places import refuse
from intake.web.auth import CurrentParts, SeenVersion, Supervisor, log_access

router = APIRouter(prefix="/api/catalogue", tags=["supervisors"])
SHOWN = ("name", "description", "questions", "deadline_minutes", "at_least")


@router.get("", summary="The catalogue's texts")
async def read(parts: CurrentParts, operator: Supervisor, response: Response) -> dict[str, Any]:
    """For each category: the values in use, those of the file, and those that supervisors set."""
    async with parts.sessions.begin() as session:
        version = await edits.version(session, text_overrides.KIND)
        own = await text_overrides.all_of(session)
        await log_access(session, operator, "catalogue")
    response.headers["ETag"] = f'"{version}"'
    held = text_overrides.overlay(parts.files, own)
    return {
        "version": version,
        "categories": {
            code: {
                "now": shown(entry),
                "default": shown(parts.files.get(code)),
                "own": own.get(code),
            }
            for code, entry in held.entries.items()
        },
    }


def shown(entry: Category) -> dict[str, Any]:
    """What of a category can be overridden."""
    return entry.model_dump(mode="json", include=set(SHOWN))


@router.put("/{code}", summary="Override a category's texts")
async def put(
    request: Request,
    parts: CurrentParts,
    operator: Supervisor,
    seen: SeenVersion,
    code: str,
    body: text_overrides.Texts,
) -> dict[str, Any]:
    """Replaces every earlier override of this category; the assistant's next answer uses it."""
    own, wrong = text_overrides.differing(_file(parts, code), body)
    if wrong is not None:
        raise refuse(request, wrong)
    async with parts.sessions.begin() as session:
        version = await edits.change(
            session, text_overrides.KIND, "change", {code: own}, who=operator.name, seen=seen
        )
        await log_access(session, operator, f"catalogue: {code[:40]}")
    return {"version": version, "own": own}


@router.delete("/{code}", summary="Back to the file's texts")
async def reset(
    parts: CurrentParts, operator: Supervisor, seen: SeenVersion, code: str
) -> dict[str, Any]:
    """Removes every override of this category: the values of its file are used again."""
    _file(parts, code)
    async with parts.sessions.begin() as session:
        version = await edits.change(
            session, text_overrides.KIND, "reset", {code: None}, who=operator.name, seen=seen
        )
        await log_access(session, operator, f"catalogue: {code[:40]} reset")
    return {"version": version, "own": None}


def _file(parts: Parts, code: str) -> Category:
    if not parts.files.is_service(code):
        raise NotFound("There is no such category.")
    return parts.files.get(code)
