"""What a resident sees by her secret link, and what she says to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from intake import service_requests
from intake.lifecycle import Actor, Status
from intake.service_requests import Author
from intake.storage.models import Event, OperatorTask
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
SAYS = "我要理发，明天上午，我住在幸福里三栋二单元501，电话13812345678"


async def leave(house: Installation, says: str = SAYS, **form: str) -> tuple[str, str]:
    """(number, status key) of a voicemail that was heard and understood."""
    number = await house.leave(says, **form)
    await house.work()
    return number, (await house.request(number)).status_key


async def standing(house: Installation, key: str) -> dict[str, Any]:
    answer = await house.client.get(f"/api/s/{key}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


async def advance(house: Installation, number: str, *statuses: Status) -> None:
    found = await house.request(number)
    for status in statuses:
        async with house.parts.sessions.begin() as session:
            locked = await service_requests.lock(session, found.id)
            await service_requests.advance(session, locked, status, Author(Actor.OPERATOR, "Ms Li"))


async def events(house: Installation, number: str) -> list[str]:
    found = await house.request(number)
    async with house.parts.sessions() as session:
        statement = select(Event.kind).where(Event.service_request_id == found.id)
        return list(await session.scalars(statement.order_by(Event.id)))


async def test_she_is_told_at_once_that_it_was_received(house: Installation) -> None:
    number = await house.leave(SAYS)
    key = (await house.request(number)).status_key
    now = await standing(house, key)
    assert number in now["sentence"]
    assert now | {"received_at": "", "sentence": ""} == {
        "tracking_number": number,
        "status": "received",
        "sentence": "",
        "emergency": False,
        "dial": [],
        "understood": None,
        "category_code": None,
        "may_confirm": False,
        "may_rate": False,
        "rating": None,
        "received_at": "",
        "human_phone": None,
        "language": "zh",
    }


async def test_what_was_understood_is_read_back_in_one_sentence(house: Installation) -> None:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    _, key = await leave(house, place="幸福里")
    now = await standing(house, key)
    understood = now["understood"]
    assert (now["may_confirm"], now["category_code"]) == (True, "haircut")
    assert understood["category"] == house.parts.catalogue.name("haircut", "zh")
    for words in (understood["category"], "幸福里", "三栋二单元501", "上午9点", "尾号5678"):
        assert words in understood["sentence"], understood["sentence"]
    assert "13812345678" not in json.dumps(now)


async def test_in_english_it_is_read_back_in_english(house: Installation) -> None:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    _, key = await leave(house, language="en")
    now = await standing(house, key)
    assert now["language"] == "en"
    assert now["understood"]["sentence"].startswith("This is what I heard: ")


async def test_what_is_no_service_is_not_read_back(house: Installation) -> None:
    house.ranking = [("status_query", 0.99), ("meal", 0.01)]
    _, key = await leave(house, "我上次报的事怎么样了")
    now = await standing(house, key)
    assert (now["understood"], now["may_confirm"]) == (None, False)


async def test_emergency_words_show_whom_to_ring(open_house: Callable[..., Installation]) -> None:
    house = open_house(human_phone="010 1234")
    _, key = await leave(house, "救命，我摔倒了起不来了")
    now = await standing(house, key)
    assert (now["emergency"], now["dial"]) == (True, ["120", "119", "110"])
    assert (now["may_confirm"], now["human_phone"]) == (False, "010 1234")
    assert "120" in now["sentence"]


async def test_right_is_noted_once_and_changes_nothing_else(house: Installation) -> None:
    number, key = await leave(house)
    before = (await house.request(number)).status
    for _ in range(2):
        answer = await house.client.post(f"/api/s/{key}/right")
        assert answer.status_code == 200
        assert answer.json()["may_confirm"] is False
    assert (await house.request(number)).status == before
    assert (await events(house, number)).count("resident_right") == 1


async def test_not_right_reaches_a_person(house: Installation) -> None:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    number, key = await leave(house, place="幸福里", unit="3-2-501", phone="13812345678")
    assert (await house.request(number)).status == "routed"
    answer = await house.client.post(f"/api/s/{key}/not-right")
    assert answer.status_code == 200
    assert answer.json()["status"] == "needs_review"
    request = await house.request(number)
    assert [r["code"] for r in request.reasons] == ["resident_says_wrong"]
    await house.client.post(f"/api/s/{key}/not-right")
    assert (await house.request(number)).version == request.version


async def test_nothing_is_right_or_wrong_before_it_was_read_back(house: Installation) -> None:
    number = await house.leave("救命，我摔倒了起不来了")
    key = (await house.request(number)).status_key
    assert (await house.client.post(f"/api/s/{key}/not-right")).status_code == 409
    await house.work()
    assert (await house.request(number)).urgency == "emergency"


async def test_not_right_of_what_has_ended_is_refused(house: Installation) -> None:
    number, key = await leave(house)
    await advance(house, number, Status.CANCELLED)
    answer = await house.client.post(f"/api/s/{key}/not-right")
    assert (answer.status_code, answer.json()["code"]) == (409, "move_not_allowed")
    assert (await house.request(number)).status == "cancelled"


async def test_a_glad_face_closes_what_is_done(house: Installation) -> None:
    number, key = await leave(house)
    early = await house.client.post(f"/api/s/{key}/rating", json={"value": 5})
    assert early.status_code == 409
    await advance(house, number, Status.DONE)
    assert (await standing(house, key))["may_rate"]
    answer = await house.client.post(f"/api/s/{key}/rating", json={"value": 5})
    assert (answer.json()["rating"], answer.json()["status"]) == (5, "closed")


async def test_a_sad_face_is_shown_to_the_operators(house: Installation) -> None:
    number, key = await leave(house)
    await advance(house, number, Status.DONE)
    body = {"value": 1, "comment": "<script>alert(1)</script>没来"}
    answer = await house.client.post(f"/api/s/{key}/rating", json=body)
    assert (answer.json()["rating"], answer.json()["status"]) == (1, "done")
    async with house.parts.sessions() as session:
        (task,) = await session.scalars(select(OperatorTask))
    assert task.kind == "low_rating"
    assert body["comment"] in task.sentence


@pytest.mark.parametrize("body", [{"value": 2}, {}, {"value": "5x"}, {"value": 5, "x": 1}])
async def test_only_three_faces_are_taken(house: Installation, body: dict[str, Any]) -> None:
    number, key = await leave(house)
    await advance(house, number, Status.DONE)
    assert (await house.client.post(f"/api/s/{key}/rating", json=body)).status_code == 422


@pytest.mark.parametrize("key", ["A" * 24, "x", "..%2f..", "A" * 5000])
async def test_a_guessed_key_finds_nothing(house: Installation, key: str) -> None:
    await house.leave(SAYS)
    for method, path in (
        ("GET", ""), ("GET", "/events"), ("POST", "/right"), ("POST", "/not-right"),
        ("POST", "/rating"),
    ):  # fmt: skip
        json_ = {"value": 5} if path == "/rating" else None
        answer = await house.client.request(method, f"/api/s/{key}{path}", json=json_)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_stored_script_comes_back_as_plain_json(house: Installation) -> None:
    script = "<script>alert(1)</script>"
    _, key = await leave(house, place=script)
    answer = await house.client.get(f"/api/s/{key}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = await house.client.get(f"/s/{key}", headers={"Accept": "text/html"})
    assert script not in page.text


# -- live --------------------------------------------------------------------------------------


class Stream:
    """The events of one page."""

    def __init__(self, answer: httpx.Response) -> None:
        self.lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        name = ""
        async with asyncio.timeout(15):
            async for line in self.lines:
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    assert name == "status"
                    return dict(json.loads(line[6:]))
        raise AssertionError("the stream ended")


@asynccontextmanager
async def served(house: Installation) -> AsyncIterator[str]:
    port = free_ports(1)
    async with Served(house.app, port):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def watching(url: str, key: str) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=20) as client,
        client.stream("GET", f"{url}/api/s/{key}/events") as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


async def test_a_page_that_waits_hears_of_every_change(house: Installation) -> None:
    number = await house.leave(SAYS)
    key = (await house.request(number)).status_key
    async with served(house) as url, watching(url, key) as page:
        assert (await page.next())["status"] == "received"
        await house.work()
        seen = []
        while not seen or not seen[-1]["may_confirm"]:
            seen.append(await page.next())
        assert seen[-1]["understood"]
        await house.client.post(f"/api/s/{key}/not-right")
        while seen[-1]["status"] != "needs_review":
            seen.append(await page.next())


async def test_a_listener_that_was_cut_off_comes_back(
    house: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.storage.db.LISTENS_AGAIN_SECONDS", 0.1)
    number = await house.leave(SAYS)
    key = (await house.request(number)).status_key
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'huying-news' AND datname = current_database()"
    )
    async with served(house) as url, watching(url, key) as page:
        await page.next()
        for _ in range(100):
            async with house.parts.sessions() as session:
                if (await session.execute(cut)).all():
                    break
            await asyncio.sleep(0.05)
        await advance(house, number, Status.CANCELLED)
        assert (await page.next())["status"] == "cancelled"


async def test_a_page_that_left_is_forgotten(house: Installation) -> None:
    number = await house.leave(SAYS)
    key = (await house.request(number)).status_key
    async with served(house) as url:
        async with watching(url, key) as page:
            await page.next()
            assert house.app.state.news.waiting == 1
        for _ in range(200):
            if not house.app.state.news.waiting:
                break
            await asyncio.sleep(0.05)
        assert house.app.state.news.waiting == 0


async def test_one_address_has_so_many_waiting_pages(
    open_house: Callable[..., Installation],
) -> None:
    house = open_house(channels={"page": {"streams_per_address": 2}})
    key = (await house.request(await house.leave(SAYS))).status_key
    async with served(house) as url:
        async with watching(url, key) as first, watching(url, key) as second:
            await first.next()
            await second.next()
            async with httpx.AsyncClient(trust_env=False) as client:
                refused = await client.get(f"{url}/api/s/{key}/events")
                assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
                assert (await client.get(f"{url}/api/s/{key}")).status_code == 200
        for _ in range(200):
            if not house.app.state.news.waiting:
                break
            await asyncio.sleep(0.05)
        async with watching(url, key) as third:
            await third.next()
