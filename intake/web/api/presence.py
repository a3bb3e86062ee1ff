"""Which operators have a request open: their pages report it, and it is shown to the others."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from intake.accounts import presence
from intake.web.api.schemas import Strict
from intake.web.auth import CurrentOperator, CurrentParts, by_number

router = APIRouter(prefix="/api/requests", tags=["operators"])


class Looks(Strict):
    """``leaving``: the page is being closed."""

    leaving: bool = Field(False, description="the page is closed")


class There(Strict):
    """``looking``: the names of the operators who have it open, in the order in which they opened
    it. ``others``: the same without the operator who asks."""

    looking: list[str]
    others: list[str]


@router.get("/{number}/looking", summary="Who has it open")
async def there(parts: CurrentParts, operator: CurrentOperator, number: str) -> There:
    """The operators whose pages reported it in the last 40 seconds."""
    async with parts.sessions() as session:
        found = await by_number(session, number)
        names = (await presence.at(session, [found.id])).get(found.id, ())
    return There(looking=list(names), others=[n for n in names if n != operator.name])


@router.post("/{number}/looking", summary="Report that one has it open, or has closed it")
async def look(parts: CurrentParts, operator: CurrentOperator, number: str, body: Looks) -> There:
    """To be repeated every 15 seconds; the answer names the others."""
    async with parts.sessions.begin() as session:
        found = await by_number(session, number)
        if body.leaving:
            await presence.leave(session, found.id, operator.id)
        else:
            await presence.enter(session, found.id, operator.id)
        names = (await presence.at(session, [found.id])).get(found.id, ())
    return There(looking=list(names), others=[n for n in names if n != operator.name])
