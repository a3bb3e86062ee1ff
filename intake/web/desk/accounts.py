"""Administrators' page of accounts: who may sign in, with which role, and their tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from intake.accounts.operators import ROLES, SignedIn
from intake.errors import NotFound
from intake.web.api import operators
from intake.web.auth import CurrentParts, log_access
from intake.web.desk.pages import page, viewer_at_least

router = APIRouter()
AdminViewer = Annotated[SignedIn, viewer_at_least("admin")]


@router.get("/desk/accounts")
async def show(request: Request, parts: CurrentParts, who: AdminViewer) -> Response:
    """All accounts, and the form for a new one."""
    async with parts.sessions.begin() as session:
        lines = await operators.lines(session)
        await log_access(session, who.operator, "operators")
    return page(request, "accounts.html", who, accounts=lines, roles=ROLES)


@router.get("/desk/accounts/{operator_id}")
async def show_one(
    request: Request,
    parts: CurrentParts,
    who: AdminViewer,
    operator_id: Annotated[int, Path(ge=1, le=2**62)],
) -> Response:
    """One account: role, password, browsers, tokens. Raises `NotFound`."""
    async with parts.sessions.begin() as session:
        lines = await operators.lines(session)
        found = next((line for line in lines if line.id == operator_id), None)
        if found is None:
            raise NotFound("There is no such operator.")
        tokens = await operators.tokens_of(session, operator_id)
        await log_access(session, who.operator, f"operator {operator_id}: read")
    return page(
        request,
        "account.html",
        who,
        account=found,
        roles=ROLES,
        tokens=tokens,
        zone=parts.settings.zone,
    )
