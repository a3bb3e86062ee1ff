"""How many customer-service messages WeChat still takes for one follower, counted by us.

A message from her opens 48 hours for 5 messages; a click on the menu, following or scanning
opens 1 minute for 3. What WeChat says (45015, 45047) stands above our count. Source: "Customer
Service Messages" in WeChat's Official Accounts documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.wechat.inbound import Opens
from intake.storage.models import WechatWindow

LENGTH: dict[Opens, timedelta] = {"message": timedelta(hours=48), "event": timedelta(minutes=1)}
MESSAGES: dict[Opens, int] = {"message": 5, "event": 3}
_EARLIER = timedelta(seconds=2)  # ours closes before WeChat's


@dataclass(frozen=True, slots=True)
class Place:
    """The right to send one message, in one opening of one window."""

    openid: str
    opened_by: str
    until: datetime


async def opened(session: AsyncSession, openid: str, by: Opens, at: datetime) -> None:
    """She did something at ``at`` that opens a window; an older one changes nothing."""
    fresh = insert(WechatWindow).values(
        openid=openid, opened_by=by, until=at + LENGTH[by] - _EARLIER, remaining=MESSAGES[by]
    )
    await session.execute(
        fresh.on_conflict_do_update(
            index_elements=["openid", "opened_by"],
            set_={"until": fresh.excluded.until, "remaining": fresh.excluded.remaining},
            where=WechatWindow.until < fresh.excluded.until,
        )
    )


async def take(session: AsyncSession, openid: str) -> Place | None:
    """Take one place, from the window that closes first; None when all are closed."""
    first = (
        select(WechatWindow.openid, WechatWindow.opened_by)
        .where(
            WechatWindow.openid == openid,
            WechatWindow.until > func.now(),
            WechatWindow.remaining > 0,
        )
        .order_by(WechatWindow.until)
        .limit(1)
        .with_for_update()
    )
    taken = await session.execute(
        update(WechatWindow)
        .where(tuple_(WechatWindow.openid, WechatWindow.opened_by).in_(first))
        .values(remaining=WechatWindow.remaining - 1)
        .returning(WechatWindow.opened_by, WechatWindow.until)
    )
    row = taken.one_or_none()
    return None if row is None else Place(openid, row.opened_by, row.until)


async def give_back(session: AsyncSession, place: Place) -> None:
    """Nothing was sent: the place is free again, unless she has opened a new window since."""
    await _change(session, place, WechatWindow.remaining + 1)


async def close(session: AsyncSession, place: Place) -> None:
    """WeChat takes no more in this opening, whatever we counted."""
    await _change(session, place, 0)


async def forget(session: AsyncSession, now: datetime) -> None:
    """A window that closed long ago says when somebody wrote; nobody needs that."""
    await session.execute(delete(WechatWindow).where(WechatWindow.until < now - LENGTH["message"]))


async def _change(session: AsyncSession, place: Place, remaining: object) -> None:
    await session.execute(
        update(WechatWindow)
        .where(
            WechatWindow.openid == place.openid,
            WechatWindow.opened_by == place.opened_by,
            WechatWindow.until == place.until,
        )
        .values(remaining=remaining)
    )
