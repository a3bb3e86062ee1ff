"""The queue at the desk: order, filters, search, pages; who looks at what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update

from intake import service_requests
from intake.accounts import presence
from intake.lifecycle import Actor, Status
from intake.service_requests import Author, Opening
from intake.storage.models import AccessLog, Household, Looking, Message, ServiceRequest
from tests.support.desk import at_the_desk
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
NOW = datetime.now(UTC)


async def stored(house: Installation, **columns: Any) -> str:
    """A request as the worker would leave it; its number."""
    async with house.parts.sessions.begin() as session:
        opened = await service_requests.open_request(
            session,
            Opening("voicemail", household_id=columns.pop("household_id", None)),
            by=Author(Actor.DOOR),
            status=Status(columns.pop("status", "needs_review")),
            draft=True,
        )
        if columns:
            changed = update(ServiceRequest).where(ServiceRequest.id == opened.id).values(**columns)
            await session.execute(changed)
    return opened.tracking_number


def numbers(html: str, part: str = "lines") -> list[str]:
    """The numbers of a list's lines, in order."""
    found = re.search(rf'<(ol|ul)[^>]*id="{part}".*?</\1>', html, re.S)
    return re.findall(r'data-number="([^"]+)"', found.group()) if found else []


async def shown(house: Installation, part: str = "lines", **query: str) -> list[str]:
    desk = await at_the_desk(house)
    answer = await desk.get("/desk", params=query)
    assert answer.status_code == 200, answer.text
    return numbers(answer.text, part)


async def test_emergencies_stand_first_then_what_may_be_one_then_what_is_due_then_the_oldest(
    house: Installation,
) -> None:
    late = await stored(house, deadline_at=NOW - timedelta(minutes=5))
    perhaps = await stored(house, listen_first=True, deadline_at=NOW + timedelta(minutes=2))
    whenever = await stored(house)
    soon = await stored(house, deadline_at=NOW + timedelta(hours=1))
    whenever_2 = await stored(house)
    danger = await stored(house, urgency="emergency", deadline_at=NOW + timedelta(hours=3))
    held = await stored(house, on_hold_until=NOW + timedelta(days=1))
    back = await stored(house, on_hold_until=NOW - timedelta(minutes=1))
    await stored(house, status="routed")
    assert await shown(house) == [danger, perhaps, late, soon, whenever, whenever_2, back]
    assert await shown(house, tab="on_hold") == [held]


async def test_pages_of_fifty_follow_each_other_without_a_gap(house: Installation) -> None:
    stored_ = [await stored(house) for _ in range(3)]
    async with house.parts.sessions.begin() as session:
        await session.execute(
            text(
                "INSERT INTO service_requests (tracking_number, status_key, status_key_hash,"
                " status, channel, urgency, deadline_at) SELECT 't' || n, 'k' || n,"
                " sha256(n::text::bytea), 'needs_review', 'voicemail',"
                " CASE WHEN n % 10 = 0 THEN 'emergency' ELSE 'normal' END,"
                " CASE WHEN n % 3 = 0 THEN now() + n % 7 * interval '1 h' END"
                " FROM generate_series(1, 120) AS n"
            )
        )
        rows = await session.scalars(
            select(ServiceRequest).where(ServiceRequest.status == "needs_review")
        )
        far = datetime.max.replace(tzinfo=UTC)
        wanted = [
            r.tracking_number
            for r in sorted(
                rows, key=lambda r: (r.urgency != "emergency", r.deadline_at or far, r.id)
            )
        ]
    desk = await at_the_desk(house)
    seen: list[str] = []
    address: str | None = "/desk"
    while address:
        html = (await desk.get(address)).text
        page = numbers(html)
        assert 0 < len(page) <= 50
        seen += page
        link = re.search(r'id="following" href="([^"]+)"', html)
        address = link.group(1).replace("&amp;", "&") if link else None
    assert seen == wanted
    assert set(stored_) <= set(seen)
    newest = await shown(house, tab="all")
    assert newest[0] not in stored_ and len(newest) == 50


@pytest.mark.parametrize("after", ["x", "1~2", "0~never~7", "1~2026-01-01~0", "1" * 30])
async def test_a_page_that_never_was_is_refused_in_words(house: Installation, after: str) -> None:
    desk = await at_the_desk(house)
    assert (await desk.get("/desk", params={"after": after})).status_code == 422
    assert (await desk.get("/desk", params={"tab": "nowhere"})).status_code == 422


async def test_every_filter_takes_its_own_and_they_add_up(house: Installation) -> None:
    async with house.parts.sessions.begin() as session:
        home = Household(name="李奶奶", resident_group="独居", area="东城")
        session.add(home)
        await session.flush()
        home_id = home.id
    mine = await stored(
        house, area="东城", category="home_repair", urgency="urgent", household_id=home_id
    )
    other = await stored(house, area="西城", category="meal", channel="wechat")
    by: dict[str, tuple[str, Sequence[str]]] = {
        "area": ("东城", [mine]),
        "field": ("daily_life", [mine, other]),
        "category": ("meal", [other]),
        "group": ("独居", [mine]),
        "channel": ("wechat", [other]),
        "urgency": ("urgent", [mine]),
    }
    for name, (value, found) in by.items():
        assert await shown(house, **{name: value}) == found, name
    assert await shown(house, area="东城", category="meal") == []
    html = (await (await at_the_desk(house)).get("/desk", params={"area": "东城"})).text
    assert '<option value="东城" selected>' in html
    assert '<option value="独居">' in html


async def test_words_are_found_in_all_that_was_said_and_noted(house: Installation) -> None:
    repair = await stored(
        house,
        text="我家厨房的水管漏水了，住在幸福里三号楼",
        person="李敏",
        phone="13812345678",
        place="幸福里",
        unit="3-2-501",
        status="closed",
    )
    meal = await stored(house, text="明天中午想订一份盒饭", person="王建国", phone="13987654321")
    for words, found in {
        "漏水": [repair],
        "幸福里 漏水": [repair],
        "漏水 盒饭": [],
        "李敏": [repair],
        "2345": [repair],
        "138 1234 5678": [repair],
        "盒": [meal],
        meal: [meal],
        meal.replace("-", "")[:4]: [meal, repair],
        "１３９８７": [meal],
        "没有这样的话": [],
        "%": [],
        "'; --": [],
    }.items():
        assert await shown(house, q=words) == found, words
    assert await shown(house, q="漏水", tab="waiting") == []


async def test_what_was_misheard_is_found_by_its_sound_below(house: Installation) -> None:
    right = await stored(house, text="我住在幸福里")
    wrong = await stored(house, text="我住在新福里")
    assert await shown(house, q="幸福里") == [right]
    assert await shown(house, "alike", q="幸福里") == [wrong]
    assert await shown(house, "alike", q="幸福路") == []


async def test_what_is_erased_or_altered_is_not_found_any_more(house: Installation) -> None:
    number = await stored(house, text="煤气味很大")
    assert await shown(house, q="煤气") == [number]
    async with house.parts.sessions.begin() as session:
        await session.execute(update(ServiceRequest).values(text="一切正常"))
    assert await shown(house, q="煤气") == []
    assert await shown(house, q="正常") == [number]
    async with house.parts.sessions.begin() as session:
        await session.execute(update(ServiceRequest).values(text=None, erased_at=NOW))
    assert await shown(house, q="正常") == [] and await shown(house, tab="all") == []


async def test_what_a_message_says_is_found_at_its_request_as_long_as_it_is_kept(
    house: Installation,
) -> None:
    first, second = await stored(house), await stored(house)
    ids = [(await house.request(number)).id for number in (first, second)]
    async with house.parts.sessions.begin() as session:
        session.add(Message(service_request_id=ids[0], direction="in", text="紫罗兰开了"))
    assert await shown(house, q="紫罗兰") == [first]
    async with house.parts.sessions.begin() as session:
        await session.execute(update(Message).values(service_request_id=ids[1]))
    assert await shown(house, q="紫罗兰") == [second]
    async with house.parts.sessions.begin() as session:
        await session.execute(update(Message).values(text="茉莉开了"))
    assert await shown(house, q="紫罗兰") == []
    assert await shown(house, q="茉莉") == [second]
    async with house.parts.sessions.begin() as session:
        await session.execute(delete(Message))
    assert await shown(house, q="茉莉") == []


async def test_a_request_that_nobody_has_heard_is_found_by_its_number(house: Installation) -> None:
    number = await house.leave("")
    assert await shown(house, q=number) == [number]
    assert await shown(house, q=number.replace("-", "")) == [number]


async def test_the_list_for_programs_takes_the_same_filters(house: Installation) -> None:
    first = await stored(house, text="楼道的灯不亮", area="东城", category="public_facility")
    second = await stored(house, text="楼道里有积水", area="西城", channel="wechat")
    desk = await house.operator()

    async def listed(**query: str) -> list[str]:
        answer = await desk.get("/api/requests", params=query)
        assert answer.status_code == 200, answer.text
        return [line["tracking_number"] for line in answer.json()["requests"]]

    assert await listed(text="楼道") == [second, first]
    assert await listed(text="楼道", area="东城") == [first]
    assert await listed(channel="wechat") == [second]
    assert await listed(field="community") == await listed(field="nothing") == []
    assert await listed(group="on_hold") == []
    assert await listed(group="waiting") == [first, second]


async def test_phones_are_masked_and_the_look_is_logged_once(house: Installation) -> None:
    await stored(house, phone="13812345678", text="你好")
    desk = await at_the_desk(house)
    for _ in range(3):
        html = (await desk.get("/desk")).text
    assert "138****5678" in html and "13812345678" not in html
    live = await desk.get("/desk", headers={"HX-Request": "true"})
    assert "<html" not in live.text and 'id="live"' in live.text
    await desk.get("/desk", params={"q": "你好"})
    async with house.parts.sessions() as session:
        actions = list(await session.scalars(select(AccessLog.action).order_by(AccessLog.id)))
    assert actions == ["queue", "search"]


async def test_operators_see_who_looks_and_who_has_gone(house: Installation) -> None:
    number = await stored(house)
    one, other = await at_the_desk(house), await at_the_desk(house, name="周立")
    path = f"/api/requests/{number}/looking"
    assert (await one.post(path, json={})).json() == {"looking": ["李敏"], "others": []}
    seen = (await other.post(path, json={})).json()
    assert seen == {"looking": ["李敏", "周立"], "others": ["李敏"]}
    assert (await one.get(path)).json()["others"] == ["周立"]
    html = (await one.get("/desk")).text
    assert "周立正在看" in html and "李敏正在看" not in html
    await other.post(path, json={"leaving": True})
    assert (await one.get(path)).json()["others"] == []
    async with house.parts.sessions.begin() as session:
        await session.execute(
            update(Looking).values(seen_at=NOW - timedelta(seconds=presence.GONE_AFTER_SECONDS + 1))
        )
    assert (await other.get(path)).json()["others"] == []
    async with house.parts.sessions.begin() as session:
        await presence.sweep(session)
    async with house.parts.sessions() as session:
        assert (await session.scalar(select(Looking.operator_id))) is None
    assert (await one.post("/api/requests/1-0000-0/looking", json={})).status_code == 404
