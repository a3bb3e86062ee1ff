"""Erase a request, and hand out what is held about one home: for supervisors and administrators."""

from __future__ import annotations

import logging
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError

from intake.errors import Forbidden
from intake.keeping import leftovers
from intake.keeping.erasing import erase as erase_request
from intake.lifecycle import Actor
from intake.models import Operator
from intake.service_requests import By
from intake.web import shapes
from intake.web.access import CurrentOperator, CurrentParts, SeenVersion, by_number, log_access

log = logging.getLogger("huying.keeping")
router = APIRouter(prefix="/api", tags=["operators"])
ROLES = ("supervisor", "admin")


class Erase(shapes.Strict):
    """``why`` stays in the tombstone; ``force``: an emergency that is open too."""

    why: Literal["asked", "test", "other"] = "asked"
    force: bool = False


def _check(operator: Operator) -> None:
    if operator.role not in ROLES:
        raise Forbidden("This needs a supervisor or an administrator.")


@router.post("/requests/{number}/erase", summary="Erase a request for good")
async def erase(
    parts: CurrentParts,
    operator: CurrentOperator,
    number: str,
    version: SeenVersion,
    body: Erase,
) -> dict[str, Any]:
    """Recording, words, fields and messages go; number, category, area, times and status stay.

    What another system holds becomes a task for the operators. There is no way back.
    """
    _check(operator)
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
