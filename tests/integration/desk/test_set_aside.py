"""Messages that nobody could read have their time; what is promised to somebody does not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.privacy import dead_letters, retention
from intake.storage.spool import Spool
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio


def spool_of(house: Installation) -> Spool:
    return Spool(house.settings.home / "spool" / "wechat")


async def lay(spool: Spool, days: float, *, waits: bool = False) -> Path:
    """A message that came so many days ago and could not be read, or still waits."""
    name = await spool.put("message", b"\xff not to be read")
    taken = spool.folder / name
    came = time.time_ns() - int(days * 86400e9)
    there = spool.folder if waits else spool.aside
    return taken.rename(there / f"{came:020d}-{name.partition('-')[2]}")


async def test_what_nobody_could_read_goes_after_its_time_and_what_waits_never(
    house: Installation,
) -> None:
    spool = spool_of(house)
    waits = await lay(spool, 400, waits=True)
    old, new = await lay(spool, 91), await lay(spool, 89)
    stranger = new.with_name("notes.txt")
    stranger.write_text("by hand")
    found = await retention.due(house.settings, house.parts.sessions)
    assert found["messages set aside"] == 1 and old.exists()
    found = await retention.forget(house.settings, house.parts.sessions)
    assert found["messages set aside"] == 1
    assert not old.exists() and new.exists() and waits.exists() and stranger.exists()
    again = await retention.forget(house.settings, house.parts.sessions)
    assert again["messages set aside"] == 0


async def test_with_no_time_set_it_never_goes(open_house: Callable[..., Installation]) -> None:
    house = open_house(retention={"aside_days": 0})
    old = await lay(spool_of(house), 5000)
    assert dead_letters.forget(house.settings) == 0 and old.exists()
    assert [entry.goes_at for entry in dead_letters.entries(house.settings)] == [None]
    assert "不会自动删除" in (await (await at_the_desk(house)).get("/desk/failures")).text


async def test_what_failed_says_that_it_lies_there_and_when_it_goes(house: Installation) -> None:
    desk = await at_the_desk(house)
    assert 'id="aside"' not in (await desk.get("/desk/failures")).text
    await lay(spool_of(house), 10)
    page = (await desk.get("/desk/failures")).text
    section = page[page.index('id="aside"') :]
    assert "读不了的消息: 1" in section and "wechat" in section
    goes = datetime.now(UTC) + timedelta(days=80)
    day = goes.astimezone(house.settings.zone)
    assert re.search(rf"{day.month}\D{{1,3}}{day.day}\D[^<]*以后删除", section), section
    assert "not to be read" not in page
    (told,) = (await desk.get("/api/failures")).json()["aside"]
    assert (told["channel"], told["kind"], told["size"]) == ("wechat", "message", 16)
    assert abs(datetime.fromisoformat(told["goes_at"]) - goes) < timedelta(hours=1)
