"""``huying erase``: delete all personal data of one request, or of a household."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.app import database_url
from intake.errors import BadField, HuyingError
from intake.lifecycle import Actor
from intake.privacy import erase_household, external_data
from intake.privacy.erase_request import WHYS, erase
from intake.service_requests import Author
from intake.settings import Settings, load
from intake.storage.db import connect
from intake.storage.models import AccessLog, Household, ServiceRequest
from intake.web.auth import by_number

WHO = "command line"


def erase_command(
    number: Annotated[
        str | None, typer.Argument(help="The tracking number, such as 1-0000-9.")
    ] = None,
    household: Annotated[
        int | None, typer.Option(help="Instead: this household with all its requests.")
    ] = None,
    why: Annotated[str, typer.Option(help=f"One of {', '.join(WHYS)}.")] = "asked",
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    force: Annotated[bool, typer.Option(help="Also an emergency that is open.")] = False,
) -> None:
    """Delete recording, words, fields and messages; a row without personal data stays for the
    statistics.

    This can be undone only from a backup, and backups expire too.
    """
    if (number is None) == (household is None):
        raise BadField("Name one tracking number, or one --household.")
    if why not in WHYS:
        raise BadField(f"--why must be one of {', '.join(WHYS)}.")
    what = number or f"household {household} with all its requests"
    if not yes:
        typer.confirm(f"Erase {what} for good?", abort=True)
    typer.echo(asyncio.run(_erase(load(), number, household, why, force=force)))


async def _erase(
    settings: Settings, number: str | None, household: int | None, why: str, *, force: bool
) -> str:
    engine, sessions = connect(database_url(settings), pool_size=2)
    by = Author(Actor.OPERATOR, WHO)
    try:
        async with sessions.begin() as session:
            ids = await _which(session, number, household)
            left = [await erase(session, found, by, why=why, force=force) for found in ids]
            session.add_all(
                AccessLog(who=WHO, action="erase", service_request_id=found) for found in ids
            )
            if household is not None:
                await erase_household.remove(session, household)
                session.add(AccessLog(who=WHO, action=f"household {household}: erase"))
        for leftover_id in filter(None, left):
            await external_data.remove(settings, sessions, leftover_id)
    finally:
        await engine.dispose()
    erased = sum(found is not None for found in left)
    return f"Erased {erased} of {len(ids)}." if erased else "This was erased before."


async def _which(session: AsyncSession, number: str | None, household: int | None) -> list[int]:
    if number is not None:
        return [(await by_number(session, number)).id]
    if await session.get(Household, household) is None:
        raise HuyingError("There is no such household.", code="not_found")
    found = select(ServiceRequest.id).where(ServiceRequest.household_id == household)
    return list(await session.scalars(found.order_by(ServiceRequest.id)))
