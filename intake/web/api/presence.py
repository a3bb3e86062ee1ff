"""Who looks at a request just now: said by open pages, shown to the others."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from intake.accounts import presence
from intake.web.api.schemas import Strict
from intake.web.auth import CurrentOperator, CurrentParts, by_number

router = APIRouter(prefix="/api/requests", tags=["operators"])


class Looks(Strict):
    """``leaving``: the page is closed."""

    leaving: bool = Field(False, description="the page is closed")


class There(Strict):
    """``looking``: the names of all who look at it, who came first first. ``others``: without the
    operator who asks."""

    looking: list[str]
    others: list[str]


@router.get("/{number}/looking", summary="Who looks at it just now")
async def there(parts: CurrentParts, operator: CurrentOperator, number: str) -> There:
    """Who has said so in the last 40 seconds."""
    async with parts.sessions() as session:
        found = await by_number(session, number)
        names = (await presence.at(session, [found.id])).get(found.id, ())
    return There(looking=list(names), others=[n for n in names if n != operator.name])


@router.post("/{number}/looking", summary="I look at it, or have gone on")
async def look(parts: CurrentParts, operator: CurrentOperator, number: str, body: Looks) -> There:
    """Say it again every 15 seconds; the answer names the others."""
    async with parts.sessions.begin() as session:
        found = await by_number(session, number)
        if body.leaving:
            await presence.leave(session, found.id, operator.id)
        else:
            await presence.enter(session, found.id, operator.id)
        names = (await presence.at(session, [found.id])).get(found.id, ())
    return There(looking=list(names), others=[n for n in names if n != operator.name])
