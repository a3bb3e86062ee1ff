"""The access log at the desk: in words, by person, by number, and as a table."""

from __future__ import annotations

import csv
import io

import pytest

from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio


async def test_the_log_is_told_in_words_and_found_by_person_and_number(house: Installation) -> None:
    number = await house.leave("帮我买点米")
    other = await house.leave("帮我买点油")
    li, zhou = await at_the_desk(house), await at_the_desk(house, "supervisor")
    await li.get(f"/desk/requests/{number}")
    await li.get(f"/desk/requests/{other}")
    await zhou.get(f"/desk/requests/{number}")
    whole = (await zhou.get("/desk/access-log")).text
    assert whole.count("<tr><td>") == 3 and "查看诉求 <small" in whole
    assert 'value="routing rules"' in whole  # to choose from, with its words
    hers = (await zhou.get("/desk/access-log", params={"who": "李敏"})).text
    assert hers.count("<tr><td>") == 2 and "<td>周立</td>" not in hers
    its = (await zhou.get("/desk/access-log", params={"number": number})).text
    assert its.count("<tr><td>") == 2 and other not in its
    english = (await zhou.get("/desk/access-log", params={"lang": "en", "action": "read"})).text
    assert english.count("looked at a request <small") == 3


async def test_the_table_holds_the_words_beside_the_codes(house: Installation) -> None:
    number = await house.leave("帮我买点米")
    desk = await at_the_desk(house, "supervisor")
    await desk.get(f"/desk/requests/{number}")
    answer = await desk.get("/api/access-log.csv", headers={"Accept-Language": "zh"})
    header, *rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert header == ["time (UTC)", "who", "action", "what", "tracking number"]
    assert [row[1:] for row in rows] == [
        ["周立", "access_log_csv", "下载访问记录", ""],
        ["周立", "read", "查看诉求", number],
    ]
