"""A page that reloads itself every few seconds is one entry of the access log, not many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from intake.storage.models import AccessLog, Operator
from intake.web.auth import log_access

ONE_LOOK = timedelta(minutes=5)
LATEST = 300  # rows of the log that are searched; if an entry is older, a new one is written


async def log_look(session: AsyncSession, operator: Operator, action: str) -> None:
    """Log that an operator sees this, unless an entry of the last `ONE_LOOK` says so already."""
    latest = (
        select(AccessLog.who, AccessLog.action, AccessLog.created_at)
        .order_by(AccessLog.id.desc())
        .limit(LATEST)
        .subquery()
    )
    known = await session.scalar(
        select(latest.c.who).where(
            latest.c.who == operator.name,
            latest.c.action == action,
            latest.c.created_at > datetime.now(UTC) - ONE_LOOK,
        )
    )
    if known is None:
        await log_access(session, operator, action)
