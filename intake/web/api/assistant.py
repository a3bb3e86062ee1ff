"""The internal API for the assistant's actions: from loopback only, with a token of its own."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, ConfigDict

from intake.conversation import answers
from intake.errors import NotAllowed
from intake.settings import secret_files
from intake.understanding.values import Understanding
from intake.web.auth import CurrentParts

router = APIRouter(prefix="/internal", include_in_schema=False)


class Question(BaseModel):
    """Which message an action asks about, and what Rasa took it for."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: int
    message_id: int
    ranking: list[tuple[str, float]]
    danger: float = 0.0
    clauses: list[tuple[str, list[tuple[str, float]]]] = []
    reading: dict[str, Any] | None = None


@router.post("/{question}")
async def ask(
    request: Request,
    parts: CurrentParts,
    question: str,
    body: Question,
    authorization: Annotated[str, Header()] = "",
) -> dict[str, Any]:
    """`answers.answer` as JSON. Nothing is changed by asking."""
    _check(request, authorization, secret_files.ensure(parts.settings, "internal"))
    ranking = tuple(body.ranking)
    clauses = tuple((clause, tuple(kinds)) for clause, kinds in body.clauses)
    answered = await answers.answer(
        parts,
        question,
        body.conversation_id,
        body.message_id,
        ranking,
        body.danger,
        clauses,
        Understanding.from_json(body.reading) if body.reading is not None else None,
    )
    return answered.to_json()


def _check(request: Request, authorization: str, token: str) -> None:
    host = request.client.host if request.client else ""
    try:
        # A socket for IPv4 and IPv6 gives the IPv4 address 127.0.0.1 as ::ffff:127.0.0.1.
        near = ipaddress.ip_address(host.removeprefix("::ffff:")).is_loopback
    except ValueError:
        near = False
    forwarded = "x-forwarded-for" in request.headers
    given = authorization.removeprefix("Bearer ")
    if not near or forwarded or not hmac.compare_digest(given.encode(), token.encode()):
        raise NotAllowed("This address is for the assistant only.")
