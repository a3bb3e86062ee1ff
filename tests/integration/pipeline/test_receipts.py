"""A resident is told "handed over" only where receipt is proven; the rest is for a person."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake.lifecycle import Actor
from intake.privacy import erase_request
from intake.service_requests import Author
from intake.storage.models import AlarmNotice, Delivery, DeliveryAttempt
from tests.fakes.http_server import Answer, Asked, Fault, HttpServer
from tests.fakes.open311_server import Open311Server
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
ERRAND = "麻烦帮我去药店买一瓶酱油送来"
FORM = {"place": "幸福里", "unit": "3-2-501", "phone": "13812345678", "name": "王阿姨"}
HTML = b"<html><body><h1>Server Error (500)</h1></body></html>"
EMPTY = b'[{"service_request_id":"","service_notice":"will be reviewed"}]'
NESTED = b'{"service_requests":{"request":[{"service_request_id":"1003"}]}}'
REFUSED = b'[{"code":400,"description":"lat/long or \\u0000address_id required for 13812345678"}]'


@pytest.fixture
async def city() -> AsyncIterator[Open311Server]:
    async with Open311Server("key-1") as server:
        yield server


@pytest.fixture
def house(
    open_house: Callable[..., Installation], city: Open311Server, tmp_path: Path
) -> Installation:
    (tmp_path / "key").write_text("key-1")
    table = {
        "kind": "open311",
        "url": f"{city.url}/v2",
        "api_key_file": str(tmp_path / "key"),
        "default_service": "REPAIR",
        "allow_networks": ["127.0.0.0/8"],
        "settle_seconds": 0,
    }
    return open_house(
        backends={"city": table},
        routing={"default": "city"},
        delivering={"attempts": 2},
    )


async def rows(house: Installation, kind: Any) -> list[Any]:
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(kind).order_by(kind.id)))


async def told(house: Installation, number: str) -> str:
    request = await house.request(number)
    page = await house.client.get(f"/api/s/{request.status_key}")
    return page.text


@pytest.mark.parametrize("body", [HTML, EMPTY, b"", b"{}"])
async def test_what_is_no_receipt_is_never_told_as_handed_over(
    house: Installation, city: Open311Server, body: bytes
) -> None:
    city.faults += [Fault(Answer(200, body))] * 2
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    assert request.status == "needs_review"
    assert [r["code"] for r in request.reasons] == ["may_have_been_sent_twice"]
    (delivery,) = await rows(house, Delivery)
    assert (delivery.status, delivery.external_id) == ("failed", None)
    tries = await rows(house, DeliveryAttempt)
    assert [(t.ok, t.sent) for t in tries] == [(False, None)] * 2
    assert all(t.answer.startswith("200") for t in tries)
    assert body.decode() in tries[0].answer
    assert "routed" not in await told(house, number)


async def test_a_later_attempt_with_a_receipt_is_handed_over(
    house: Installation, city: Open311Server
) -> None:
    city.faults += [Fault(Answer(200, HTML)), Fault(Answer(200, NESTED))]
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    assert (request.status, request.external_id) == ("routed", "1003")
    first, second = await rows(house, DeliveryAttempt)
    assert (first.sent, second.sent) == (None, True)
    assert NESTED.decode() in second.answer
    assert "routed" in await told(house, number)


async def test_an_operator_reads_why_the_other_side_refused_and_erasing_takes_it_away(
    house: Installation, city: Open311Server
) -> None:
    city.faults.append(Fault(Answer(400, REFUSED)))
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    [why] = request.reasons
    assert why["code"] == "rejected_by_backend"
    for language in ("zh", "en"):
        assert "lat/long or address_id required" in why[language]
    operator = await house.operator()
    async with operator:
        shown = (await operator.get(f"/api/requests/{number}")).json()
    [delivery] = shown["deliveries"]
    assert "lat/long or address_id required" in delivery["error"]
    assert "description" in delivery["tries"][0]["answer"]
    async with house.parts.sessions.begin() as session:
        by = Author(Actor.OPERATOR, "Ms Li")
        await erase_request.erase(session, request.id, by, why="test", force=True)
    [attempt] = await rows(house, DeliveryAttempt)
    assert (attempt.answer, attempt.error) == (None, None)


CALLED = {
    "page": (HTML, False),
    "login": (b"<!DOCTYPE html><html><p>Log in<br></html>", False),
    "errcode": (b'{"errcode":93000,"errmsg":"invalid webhook url"}', False),
    "no-success": (b'{"success":false}', False),
    "error": (b'{"error":"no such channel"}', False),
    "xml-error": (b"<r><error>down</error></r>", False),
    "empty": (b"", True),
    "ok": (b"ok", True),
    "words": (b"Congratulations! You have fired the event", True),
    "status": (b'{"status":"success","errors":[]}', True),
    "code-0": (b'{"code":0,"message":"success"}', True),
    "xml": (b"<r><status>ok</status></r>", True),
}


class Pager(HttpServer):
    async def work(self, asked: Asked) -> Answer:
        return Answer(200, CALLED[asked.path.strip("/")][0])


async def test_a_person_on_duty_whose_webhook_answers_with_an_error_was_not_called(
    open_house: Callable[..., Installation],
) -> None:
    async with Pager() as pager:
        people = [
            {"name": n, "webhook": f"{pager.url}/{n}", "allow_networks": ["127.0.0.0/8"]}
            for n in CALLED
        ]
        house = open_house(alarm={"contacts": people, "rounds": 1})
        await house.leave("救命啊我老伴摔倒了起不来，没有呼吸了", **FORM)
        await house.work(rounds=40)
        notices = await rows(house, AlarmNotice)
    assert {n.contact: n.ok for n in notices} == {n: ok for n, (_, ok) in CALLED.items()}
