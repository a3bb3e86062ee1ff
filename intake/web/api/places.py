"""Supervisors manage the places, one by one or from a CSV file, and see and undo changes.

Every write takes ``If-Match`` with the version of its kind, and is kept in the history.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.catalogue import edits, places, places_csv, routing_rules
from intake.catalogue.place_suggestions import places_like
from intake.catalogue.places import Wrong
from intake.errors import BadField, NotFound, TooLarge
from intake.runtime import Parts
from intake.storage.models import Edit, Operator, Place
from intake.web.api import schemas
from intake.web.auth import CurrentOperator, CurrentParts, SeenVersion, Supervisor, log_access
from intake.web.language import language_of

router = APIRouter(prefix="/api", tags=["supervisors"])
suggestions = APIRouter(prefix="/api", tags=["operators"])
LISTED = 300  # lines of each sort in a preview
Mode = Literal["merge", "whole"]
CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class PlaceBody(schemas.Strict):
    """One place; ``aliases``: other names that people use for it."""

    name: str = Field(max_length=200)
    kind: str = Field(max_length=80)
    area: str | None = Field(None, max_length=200)
    aliases: list[Annotated[str, Field(max_length=200)]] = Field([], max_length=200)


def refuse(request: Request, wrong: Wrong, field: str | None = None) -> BadField:
    """The error that says what is wrong, in the supervisor's language."""
    return BadField(wrong.in_language(language_of(request, None)), code=wrong.code, field=field)


@router.get("/places", summary="List places")
async def list_places(
    parts: CurrentParts,
    operator: Supervisor,
    response: Response,
    text: Annotated[str | None, Query(max_length=80)] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Places with ``text`` in name, alias or area, in the order in which they were added."""
    async with parts.sessions.begin() as session:
        version = await edits.version(session, places.KIND)
        found = await search(session, parts, text, after=after, limit=limit)
        await log_access(session, operator, "places")
    response.headers["ETag"] = f'"{version}"'
    return {"version": version, **found}


async def search(
    session: AsyncSession, parts: Parts, text: str | None, *, after: int = 0, limit: int = 100
) -> dict[str, Any]:
    """``{places, total, next}``: a page of places, each with those that sound like it."""
    statement = select(Place)
    if text:
        part = text.replace("\x00", "").strip()
        columns = (Place.name, Place.area, cast(Place.aliases, Text))
        statement = statement.where(or_(*(c.icontains(part, autoescape=True) for c in columns)))
    total = await session.scalar(select(func.count()).select_from(statement.subquery()))
    rows = list(
        await session.scalars(statement.where(Place.id > after).order_by(Place.id).limit(limit + 1))
    )
    alike = await asyncio.to_thread(places.alike_of, await parts.gazetteer(session))
    return {
        "places": [
            {
                "id": row.id,
                "name": row.name,
                **places.value_of(row),
                "sounds_like": sounds_like(alike.get(row.name, [])),
            }
            for row in rows[:limit]
        ],
        "total": total or 0,
        "next": rows[limit - 1].id if len(rows) > limit else None,
    }


def sounds_like(alike: list[places.Alike]) -> list[dict[str, Any]]:
    """JSON of the places that sound like this one. Between places that sound the same an operator
    decides, never the software."""
    return [{"name": other.other, "exactly": other.exactly} for other in alike]


@router.post("/places", summary="Add a place", status_code=201)
async def add(
    request: Request,
    parts: CurrentParts,
    operator: Supervisor,
    seen: SeenVersion,
    body: PlaceBody,
) -> dict[str, Any]:
    """It is recognised from the next message on."""
    name, value = _tidy(request, body)
    async with parts.sessions.begin() as session:
        await edits.lock(session, places.KIND, seen)
        if (await places.read(session, [name]))[name] is not None:
            raise refuse(request, Wrong("known", {"value": name}), "name")
        return await _save(session, operator, "add", {name: value}, seen)


@router.put("/places/{place_id}", summary="Change a place")
async def put(
    request: Request,
    parts: CurrentParts,
    operator: Supervisor,
    seen: SeenVersion,
    place_id: int,
    body: PlaceBody,
) -> dict[str, Any]:
    """The name can be changed too; earlier requests keep the old name."""
    name, value = _tidy(request, body)
    async with parts.sessions.begin() as session:
        await edits.lock(session, places.KIND, seen)
        before = await _place(session, place_id)
        values: dict[str, Any] = {name: value}
        if name != before.name:
            if (await places.read(session, [name]))[name] is not None:
                raise refuse(request, Wrong("known", {"value": name}), "name")
            values[before.name] = None
        return await _save(session, operator, "change", values, seen)


@router.delete("/places/{place_id}", summary="Remove a place")
async def remove(
    parts: CurrentParts, operator: Supervisor, seen: SeenVersion, place_id: int
) -> dict[str, Any]:
    """It is not recognised any more; earlier requests keep it."""
    async with parts.sessions.begin() as session:
        await edits.lock(session, places.KIND, seen)
        before = await _place(session, place_id)
        return await _save(session, operator, "remove", {before.name: None}, seen)


@router.get("/places.csv", summary="Export the places", response_class=Response)
async def export(parts: CurrentParts, operator: Supervisor) -> Response:
    """A file that `POST /api/places/import` takes."""
    async with parts.sessions.begin() as session:
        known = await places.all_of(session)
        await log_access(session, operator, "places: export")
    headers = {"Content-Disposition": 'attachment; filename="places.csv"'}
    return Response(places_csv.written(known), media_type="text/csv", headers=headers)


@router.post("/places/preview", summary="See what an import would do", openapi_extra=CSV_BODY)
async def preview(
    request: Request, parts: CurrentParts, operator: Supervisor, mode: Mode = "merge"
) -> dict[str, Any]:
    """What would happen to each line; nothing is saved. ``whole``: places that the file lacks are
    removed."""
    lines = await _lines(request)
    async with parts.sessions() as session:
        version = await edits.version(session, places.KIND)
        known = await places.all_of(session)
    found = places_csv.compare(lines, known, whole=mode == "whole")
    after = {name: value for name, value in {**known, **found.values}.items() if value is not None}
    alike = await asyncio.to_thread(places.alike_in, after)
    listed: list[dict[str, Any]] = []
    counts = {what: found.count(what) for what in ("add", "change", "same", "wrong", "remove")}
    left = dict.fromkeys(("add", "change", "wrong"), LISTED)
    for line, what, before in found.lines:
        if left.get(what, 0) > 0:
            left[what] -= 1
            listed.append(
                {
                    "line": line.number,
                    "name": line.name,
                    "what": what,
                    "before": before,
                    "after": line.value,
                    "wrong": line.wrong.to_json() if line.wrong else None,
                    "sounds_like": sounds_like(alike.get(line.name, [])) if what != "wrong" else [],
                }
            )
    removed = [{"name": n, "before": v} for n, v in list(found.removed.items())[:LISTED]]
    return {"version": version, "counts": counts, "lines": listed, "removed": removed}


@router.post("/places/import", summary="Import places", openapi_extra=CSV_BODY)
async def import_places(
    request: Request,
    parts: CurrentParts,
    operator: Supervisor,
    seen: SeenVersion,
    mode: Mode = "merge",
    leave_out_wrong: bool = False,
) -> dict[str, Any]:
    """Does what the preview of the same file showed. A file with wrong lines is refused unless
    ``leave_out_wrong`` is set."""
    lines = await _lines(request)
    async with parts.sessions.begin() as session:
        await edits.lock(session, places.KIND, seen)
        found = places_csv.compare(lines, await places.all_of(session), whole=mode == "whole")
        if found.count("wrong") and not leave_out_wrong:
            raise refuse(request, Wrong("lines", {"count": found.count("wrong")}), "file")
        if found.count("wrong") == len(lines):
            raise refuse(request, Wrong("nothing", {}), "file")
        saved = await _save(session, operator, "import", found.values, seen)
    counts = {what: found.count(what) for what in ("add", "change", "same", "wrong", "remove")}
    return {**saved, "counts": counts}


@router.get("/edits", summary="List changes: by whom, what was before and after")
async def list_edits(
    parts: CurrentParts,
    operator: Supervisor,
    kind: Literal["places", "routing_rules", "catalogue_texts"] | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The newest first; ``versions``: what an undo must send as ``If-Match``, by kind."""
    async with parts.sessions() as session:
        found = await edits.latest(session, kind=kind, before=before, limit=limit)
        versions = await edits.versions(session)
    return {"versions": versions, "edits": [edit_json(edit) for edit in found]}


def edit_json(edit: Edit) -> dict[str, Any]:
    """One change: names → what was before and after."""
    names = ("id", "kind", "action", "who", "before", "after", "undoes_id", "created_at")
    return {name: getattr(edit, name) for name in names}


@router.post("/edits/{edit_id}/undo", summary="Undo a change")
async def undo(
    request: Request, parts: CurrentParts, operator: Supervisor, seen: SeenVersion, edit_id: int
) -> dict[str, Any]:
    """Restores what was before the change. The undo is itself a change that can be undone."""
    async with parts.sessions.begin() as session:
        edit = await edits.get(session, min(edit_id, 2**62))
        if edit.kind == routing_rules.KIND:
            listed = [
                routing_rules.Listed(**rule) for rule in edit.before[routing_rules.LIST] or ()
            ]
            if found := routing_rules.wrong(listed, parts.backends, parts.catalogue.codes):
                raise refuse(request, found[1], "rules")
        version = await edits.undo(session, edit, who=operator.name, seen=seen)
        await log_access(session, operator, f"{edit.kind}: undo {edit.id}")
    return {"version": version}


async def _save(
    session: AsyncSession, operator: Operator, action: str, values: dict[str, Any], seen: int
) -> dict[str, Any]:
    version = await edits.change(session, places.KIND, action, values, who=operator.name, seen=seen)
    if (await session.scalar(select(func.count(Place.id))) or 0) > places.MOST_PLACES:
        raise TooLarge("There would be too many places.", limit=places.MOST_PLACES)
    await log_access(session, operator, f"places: {action}")
    return {"version": version}


async def _place(session: AsyncSession, place_id: int) -> Place:
    found = await session.get(Place, min(place_id, 2**62))
    if found is None:
        raise NotFound("There is no such place.")
    return found


def _tidy(request: Request, body: PlaceBody) -> tuple[str, places.Value]:
    name, value, wrong = places.tidy(body.name, body.kind, body.area, body.aliases)
    if wrong is not None:
        raise refuse(request, wrong)
    return name, value


async def _lines(request: Request) -> list[places_csv.Line]:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > places_csv.MOST_BYTES:
            break
    return await asyncio.to_thread(places_csv.read, bytes(data))


@suggestions.get("/places/suggest", summary="Suggest places for what was typed so far")
async def suggest_places(
    parts: CurrentParts, operator: CurrentOperator, q: Annotated[str, Query(max_length=40)]
) -> list[dict[str, str | None]]:
    """Found by name, alias, pinyin (``xingfuli``) or its initials (``xfl``); the best match
    first."""
    async with parts.sessions.begin() as session:
        gazetteer = await parts.gazetteer(session)
    return await asyncio.to_thread(places_like, gazetteer, q)
