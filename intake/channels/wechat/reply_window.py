"""Our count of how many customer-service messages WeChat still accepts for one follower.

A follower's message opens a window of 48 hours for 5 messages; a click on the menu, following or
scanning opens one of 1 minute for 3. When WeChat refuses (45015, 45047), that overrules our count.
Source: "Customer Service Messages" in WeChat's Official Accounts documentation.
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
_MARGIN = timedelta(seconds=2)  # our window closes so much before WeChat's


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to send one message in the window that closes at ``until``."""

    openid: str
    opened_by: str
    until: datetime


async def opened(session: AsyncSession, openid: str, by: Opens, at: datetime) -> None:
    """Open a window: the follower did something at ``at`` (aware). A window that closes later
    stays as it is."""
    row = insert(WechatWindow).values(
        openid=openid, opened_by=by, until=at + LENGTH[by] - _MARGIN, remaining=MESSAGES[by]
    )
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["openid", "opened_by"],
            set_={"until": row.excluded.until, "remaining": row.excluded.remaining},
            where=WechatWindow.until < row.excluded.until,
        )
    )


async def take(session: AsyncSession, openid: str) -> Slot | None:
    """Use up one slot of the open window that closes first; None when no window has one."""
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
    return None if row is None else Slot(openid, row.opened_by, row.until)


async def give_back(session: AsyncSession, slot: Slot) -> None:
    """Return the slot of a message that was not sent, unless a new window was opened since."""
    await _change(session, slot, WechatWindow.remaining + 1)


async def close(session: AsyncSession, slot: Slot) -> None:
    """Close the slot's window: WeChat accepts no more messages, whatever we counted."""
    await _change(session, slot, 0)


async def forget(session: AsyncSession, now: datetime) -> None:
    """Delete windows that closed over 48 hours before ``now``: they tell when somebody wrote."""
    await session.execute(delete(WechatWindow).where(WechatWindow.until < now - LENGTH["message"]))


async def _change(session: AsyncSession, slot: Slot, remaining: object) -> None:
    await session.execute(
        update(WechatWindow)
        .where(
            WechatWindow.openid == slot.openid,
            WechatWindow.opened_by == slot.opened_by,
            WechatWindow.until == slot.until,
        )
        .values(remaining=remaining)
    )
