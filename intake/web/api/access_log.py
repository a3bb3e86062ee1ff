"""The access log: who looked at or changed what, searched, paged, and as a table to keep."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.service_requests.tracking_numbers import read_tracking_number
from intake.storage.models import AccessLog, ServiceRequest
from intake.web.access_log_words import told
from intake.web.api.statistics import harmless
from intake.web.auth import CurrentParts, Supervisor, log_access
from intake.web.language import language_of

router = APIRouter(prefix="/api/access-log", tags=["operators"])
MOST_LINES = 100_000
AT_ONCE = 1000


class LogLine(BaseModel):
    """One entry: an operator saw or changed something. ``tracking_number``: of the request, if
    any."""

    id: int
    at: datetime
    who: str
    action: str
    tracking_number: str | None


class LogPage(BaseModel):
    """A page of entries, the newest first; ``next``: the ``cursor`` of the following page."""

    lines: list[LogLine]
    next: str | None


class Filter:
    """Which entries are wanted; a filter that is None lets every entry through."""

    def __init__(
        self,
        who: Annotated[str | None, Query(max_length=200)] = None,
        number: Annotated[str | None, Query(max_length=40)] = None,
        action: Annotated[str | None, Query(max_length=64)] = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
    ) -> None:
        self.who, self.number, self.action = who, number, action
        self.since, self.until = since, until

    def statement(self) -> Select[AccessLog, str]:
        """The query for the entries that fit, the newest first: (`AccessLog`, tracking number)."""
        found = (
            select(AccessLog, ServiceRequest.tracking_number)
            .outerjoin(ServiceRequest, ServiceRequest.id == AccessLog.service_request_id)
            .order_by(AccessLog.id.desc())
        )
        if self.who:
            found = found.where(AccessLog.who == self.who.replace("\x00", "").strip())
        if self.action:
            found = found.where(
                AccessLog.action.startswith(
                    self.action.replace("\x00", "").strip(), autoescape=True
                )
            )
        if self.number:
            canonical = read_tracking_number(self.number)
            found = found.where(ServiceRequest.tracking_number == (canonical or ""))
        if self.since:
            found = found.where(AccessLog.created_at >= self.since)
        if self.until:
            found = found.where(AccessLog.created_at < self.until)
        return found


Asked = Annotated[Filter, Depends()]
Cursor = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("", summary="Read the access log")
async def read_log(
    parts: CurrentParts,
    supervisor: Supervisor,
    asked: Asked,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Cursor = None,
) -> LogPage:
    """Filter by who, tracking number, beginning of the action, and time. Reading the log is itself
    logged."""
    async with parts.sessions.begin() as session:
        found = await page_of(session, asked, limit, cursor)
        await log_access(session, supervisor, "access_log")
    return found


@router.get(".csv", summary="The access log as a table", response_class=StreamingResponse)
async def download(
    request: Request, parts: CurrentParts, supervisor: Supervisor, asked: Asked
) -> StreamingResponse:
    """The same filters; the newest 100,000 lines, times in UTC. ``what``: in the language that
    the browser asks for."""
    language = language_of(request, request.query_params.get("lang"))
    async with parts.sessions.begin() as session:
        await log_access(session, supervisor, "access_log_csv")

    async def rows() -> AsyncIterator[str]:
        yield "\ufeff" + _row(["time (UTC)", "who", "action", "what", "tracking number"])
        cursor = None
        for _ in range(MOST_LINES // AT_ONCE):
            async with parts.sessions() as session:
                found = await page_of(session, asked, AT_ONCE, cursor)
            yield "".join(
                _row(
                    [
                        line.at.isoformat(),
                        line.who,
                        line.action,
                        told(line.action, language) or "",
                        line.tracking_number or "",
                    ]
                )
                for line in found.lines
            )
            if found.next is None:
                return
            cursor = int(found.next)

    headers = {
        "Content-Disposition": 'attachment; filename="access-log.csv"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(rows(), headers=headers, media_type="text/csv; charset=utf-8")


async def page_of(session: AsyncSession, asked: Filter, limit: int, cursor: int | None) -> LogPage:
    """Up to ``limit`` entries older than ``cursor``."""
    statement = asked.statement().limit(limit + 1)
    if cursor is not None:
        statement = statement.where(AccessLog.id < cursor)
    rows = (await session.execute(statement)).all()
    lines = [
        LogLine(
            id=row.id,
            at=row.created_at,
            who=row.who,
            action=row.action,
            tracking_number=number,
        )
        for row, number in rows[:limit]
    ]
    return LogPage(lines=lines, next=str(lines[-1].id) if len(rows) > limit else None)


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(harmless, cells))
    return out.getvalue()
