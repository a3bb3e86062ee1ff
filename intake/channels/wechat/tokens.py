"""The access token: one row for all processes, renewed by one of them at a time.

The first process that needs it renews a token shortly before it expires; the others use the old one
meanwhile. WeChat's stable-token interface gives every caller the same token and invalidates none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.errors import BackendError
from intake.storage.db import Sessions
from intake.storage.models import WechatToken

RENEW_BEFORE = timedelta(minutes=4)  # WeChat gives a new one 5 minutes before the old one expires
Fetch = Callable[[bool], Awaitable[tuple[str, float]]]
_LOCK = "hashtextextended('huying.wechat.token:' || :app_id, 0)"


class Tokens:
    """``fetch(force)`` asks WeChat for a token and for how many seconds it is valid."""

    def __init__(self, sessions: Sessions, app_id: str, fetch: Fetch) -> None:
        self._sessions, self._app_id, self._fetch = sessions, app_id, fetch

    async def current(self) -> str:
        """A token that is valid by its time of expiry. Raises what ``fetch`` raises."""
        async with self._sessions.begin() as session:
            row = await self._row(session)
        now = datetime.now(UTC)
        if row is not None and row.expires_at > now:
            if row.expires_at > now + RENEW_BEFORE:
                return row.access_token
            return await self._renew_early(row.access_token)
        return await self._renew(None)

    async def replace(self, refused: str) -> str:
        """Another token than the one that WeChat refused: a new one, or one that another process
        has fetched meanwhile. Raises what ``fetch`` raises."""
        return await self._renew(refused)

    async def _renew_early(self, good: str) -> str:
        async with self._sessions.begin() as session:
            if not await self._lock(session, "pg_try_advisory_xact_lock"):
                return good
            row = await self._row(session)
            if row is not None and row.expires_at > datetime.now(UTC) + RENEW_BEFORE:
                return row.access_token
            try:
                return await self._get(session, None)
            except BackendError:
                return good

    async def _renew(self, refused: str | None) -> str:
        # The lock is held during the call to WeChat: the other processes wait for its result.
        async with self._sessions.begin() as session:
            await self._lock(session, "pg_advisory_xact_lock")
            row = await self._row(session)
            if (
                row is not None
                and row.expires_at > datetime.now(UTC)
                and row.access_token != refused
            ):
                return row.access_token
            return await self._get(session, refused)

    async def _get(self, session: AsyncSession, refused: str | None) -> str:
        token, seconds = await self._fetch(False)
        if token == refused:
            token, seconds = await self._fetch(True)
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "access_token": token,
            "expires_at": now + timedelta(seconds=seconds),
            "renewed_at": now,
        }
        await session.execute(
            insert(WechatToken)
            .values(app_id=self._app_id, **values)
            .on_conflict_do_update(index_elements=["app_id"], set_=values)
        )
        return token

    async def _row(self, session: AsyncSession) -> WechatToken | None:
        found: WechatToken | None = await session.scalar(
            select(WechatToken)
            .where(WechatToken.app_id == self._app_id)
            .execution_options(populate_existing=True)
        )
        return found

    async def _lock(self, session: AsyncSession, function: str) -> bool:
        statement = text(f"SELECT {function}({_LOCK})")
        got = await session.scalar(statement, {"app_id": self._app_id})
        return got is not False
