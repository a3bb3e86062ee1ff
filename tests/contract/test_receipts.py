"""What proves that the other side has a request, over real sockets; the rest may have been sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import trustme

from intake.backends import Pending
from intake.errors import BackendError
from intake.lifecycle import Status
from tests.contract.test_backends import World, email, failure, open311, order, webhook
from tests.fakes.http_server import Answer, Fault

HTML = b"<html><body><h1>Server Error (500)</h1></body></html>"
PAGE = b"<!DOCTYPE html><html><head><title>Log in</title></head><body><p>Hello<br></body></html>"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, trustme.CA(), lambda: "")


def wrapped(*path: str | int, **fields: Any) -> bytes:
    """The fields within objects (a name) and lists (0), from the inside out."""
    found: Any = fields
    for step in reversed(path):
        found = [found] if step == 0 else {step: found}
    return json.dumps(found).encode()


CITY_HAS_IT = {
    "list": wrapped(0, service_request_id="1003"),
    "single object": wrapped(service_request_id="1003"),
    "number": wrapped(0, service_request_id=1003),
    "root": wrapped("service_requests", 0, service_request_id="1003"),
    "root and item": wrapped("service_requests", "request", 0, service_request_id="1003"),
    "singular item": wrapped("service_requests", "request", service_request_id="1003"),
    "singular root": wrapped("service_request", service_request_id="1003"),
    "item in list": wrapped(0, "request", service_request_id="1003"),
    "data": wrapped("data", 0, service_request_id="1003"),
    "deep": wrapped("response", "data", "requests", 0, 0, service_request_id="1003"),
    "camel case": wrapped("serviceRequests", 0, serviceRequestId="1003"),
    "an empty token around it": json.dumps(
        {"token": "", "service_requests": [{"service_request_id": "1003"}]}
    ).encode(),
    "byte order mark": b"\xef\xbb\xbf" + wrapped(0, service_request_id="1003"),
    "xml": b"<service_requests><request><service_request_id> 1003\n</service_request_id></request>"
    b"</service_requests>",
    "xml, singular": b"<request><service_request_id>1003</service_request_id></request>",
    "xml, nested": b"<response><service_requests><request><service_request_id>1003"
    b"</service_request_id></request></service_requests></response>",
    "xml, namespace": b'<g:service_requests xmlns:g="urn:g"><g:request><g:service_request_id>1003'
    b"</g:service_request_id></g:request></g:service_requests>",
    "two, the first without": json.dumps(
        [{"service_request_id": None, "service_notice": "x"}, {"service_request_id": "1003"}]
    ).encode(),
}
NO_RECEIPT = {
    "an error page": HTML,
    "a page to log in": PAGE,
    "nothing": b"",
    "blanks": b" \r\n ",
    "text": b"OK",
    "cut off": b'[{"service_request_id": "10',
    "null": b"null",
    "true": b"true",
    "a number": b"1003",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "an empty list under its name": b'{"service_requests":[]}',
    "an empty number": b'[{"service_request_id":"","service_notice":"will be reviewed"}]',
    "blanks for a number": b'[{"service_request_id":"   "}]',
    "null for a number": b'[{"service_request_id":null,"service_notice":"thanks"}]',
    "null in words": b'[{"service_request_id":"null"}]',
    "zero": b'[{"service_request_id":0}]',
    "no for a number": b'[{"service_request_id":false}]',
    "a NUL for a number": b'[{"service_request_id":"\\u0000"}]',
    "half a character for a number": b'[{"service_request_id":"\\ud83d"}]',
    "an error in a list": b'[{"code":400,"description":"lat/long required"}]',
    "an error in an object": b'{"errors":[{"code":500,"description":"down"}]}',
    "success": b'{"status":"success","message":"thanks"}',
    "xml without a number": b"<service_requests><request><service_request_id/></request>"
    b"</service_requests>",
    "an xml error": b"<errors><error><description>down</description></error></errors>",
    "a feed": b"<rss><channel><item><title>1003</title></item></channel></rss>",
}


@pytest.mark.parametrize("body", CITY_HAS_IT.values(), ids=CITY_HAS_IT)
async def test_a_number_is_found_in_whatever_it_is_wrapped(world: World, body: bytes) -> None:
    async with open311(world) as other:
        other.server.faults.append(Fault(Answer(200, body)))
        receipt = await other.backend.submit(order())
        assert receipt.external_id == "1003"
        assert receipt.answer is not None
        assert receipt.answer.startswith("200")
        assert "1003" in receipt.answer


@pytest.mark.parametrize("body", NO_RECEIPT.values(), ids=NO_RECEIPT)
@pytest.mark.parametrize("kind", ["realtime", "batch"])
async def test_an_answer_without_a_number_is_no_receipt_of_the_city(
    world: World, kind: str, body: bytes
) -> None:
    async with open311(world, kind=kind) as other:
        other.server.faults.append(Fault(Answer(200, body)))
        error = await failure(other, order())
        assert (error.code, error.retryable, error.sent) == ("answer_unreadable", True, None)
        assert error.details["answer"].startswith("200")


@pytest.mark.parametrize("body", [b"[]", b'{"service_requests":[]}', b"<service_requests/>"])
async def test_a_service_without_numbers_proves_receipt_by_the_form_of_its_answer(
    world: World, body: bytes
) -> None:
    async with open311(world, kind="blackbox") as other:
        other.server.faults.append(Fault(Answer(200, body)))
        assert (await other.backend.submit(order())).external_id is None
        for bad in (HTML, b"", b"{}", b'[{"code":400,"description":"bad"}]'):
            other.server.faults.append(Fault(Answer(200, bad)))
            assert (await failure(other, order())).sent is None


@pytest.mark.parametrize("body", [HTML, PAGE, b"", b"{}", b'[{"code":1,"description":"down"}]'])
async def test_a_list_that_is_none_never_proves_that_a_request_is_not_there(
    world: World, body: bytes
) -> None:
    async with open311(world) as other:
        await other.backend.submit(order())
        before = other.server.work

        async def work(asked: Any) -> Answer:
            listing = asked.method == "GET" and asked.path.endswith("/requests.json")
            return Answer(200, body) if listing else await before(asked)

        other.server.work = work
        error = await failure(other, order(attempt=2, maybe_sent=True))
        assert (error.retryable, error.sent) == (True, None)
        assert len(other.orders()) == 1


async def test_what_was_answered_unreadably_is_found_by_its_mark_before_it_is_sent_again(
    world: World,
) -> None:
    async with open311(world) as other:
        first = await other.backend.submit(order())
        again = await other.backend.submit(order(attempt=2, maybe_sent=True))
        assert again.external_id == first.external_id
        assert len(other.orders()) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'[{"code":400,"description":"lat/long, address_string or address_id required"}]'),
        (403, b"<errors><error><description>lat/long, address_string or address_id required"
         b"</description></error></errors>"),
        (422, b"lat/long, address_string or address_id required"),
    ],
)  # fmt: skip
async def test_a_refusal_brings_the_other_sides_own_words(
    world: World, status: int, body: bytes
) -> None:
    async with open311(world) as other:
        other.server.faults.append(Fault(Answer(status, body)))
        error = await failure(other, order())
        assert (error.retryable, error.sent) == (False, False)
        assert error.details["description"] == "lat/long, address_string or address_id required"
        assert "lat/long" not in error.sentence


@pytest.mark.parametrize(
    ("came", "touched", "zone", "accepted"),
    [
        ("2026-11-30 22:50:00", "2026-11-30 22:55:00", "Asia/Shanghai", True),
        ("2026-11-30T22:50:00", "2026-11-30T22:55:00", "Asia/Shanghai", True),
        ("2026-11-30 22:50", "2026-11-30 22:55", "America/Toronto", True),
        ("2026-11-30T22:50:00+08:00", "2026-11-30T22:55:00+0800", "Asia/Shanghai", True),
        # With a zone on one side only, the backend's decides about the other.
        ("2026-11-30T14:50:00Z", "2026-11-30 22:55:00", "Asia/Shanghai", True),
        ("2026-11-30T14:50:00Z", "2026-11-30 22:45:00", "Asia/Shanghai", False),
        ("2026-11-30T22:50:00Z", "2026-11-30 22:55:00", "UTC", True),
        ("2026-11-30T22:50:00Z", "2026-11-30 22:55:00", "Asia/Shanghai", False),
        ("2026-11-30 22:50:00", "2026-11-30 22:50:00", "Asia/Shanghai", False),
        ("2026-11-30 22:50:00", "yesterday", "Asia/Shanghai", False),
        ("2026-11-30 22:50:00", None, "Asia/Shanghai", False),
        ("0001-01-01 00:00:00", "9999-12-31 23:59:59", "Asia/Shanghai", False),
    ],
)
async def test_times_without_a_zone_are_read_on_the_clock_of_the_backend(
    world: World, came: str, touched: str | None, zone: str, accepted: bool
) -> None:
    async with open311(world) as other:
        assert other.with_options is not None
        city = other.with_options(timezone=zone)
        receipt = await city.submit(order())
        other.orders()[0].update(
            agency_responsible="水务所", requested_datetime=came, updated_datetime=touched
        )
        pending = Pending(receipt.external_id, None, "3-0472-6", datetime.now(UTC))
        other.server.shows = True
        report = await city.status(pending)
        assert (report.status is Status.ACCEPTED) == accepted
        if accepted and touched is not None and "+" not in touched:
            local = datetime.fromisoformat(touched).replace(tzinfo=ZoneInfo(zone))
            assert report.updated_at == local


async def test_a_server_that_shows_other_peoples_requests_reports_nothing(world: World) -> None:
    async with open311(world) as other:
        receipt = await other.backend.submit(order())
        number = receipt.external_id
        row = other.orders()[0]
        row |= {"service_request_id": "999", "status": "closed"}
        before = other.server.work

        async def work(asked: Any) -> Answer:
            asked = replace(asked, path=asked.path.replace(f"/requests/{number}", "/requests"))
            return await before(asked)

        other.server.work = work
        pending = Pending(number, None, "3-0472-6", datetime.now(UTC) - timedelta(minutes=1))
        assert (await other.backend.status(pending)).status is None


HOOK_HAS_IT = {
    "a number": (200, wrapped(external_id="A-1"), "A-1"),
    "an integer": (201, wrapped(external_id=17), "17"),
    "nested": (200, wrapped("data", "order", external_id="A-1"), "A-1"),
    "a list": (200, wrapped(0, external_id="A-1"), "A-1"),
    "camel case": (200, wrapped(externalId="A-1"), "A-1"),
    "no error": (200, wrapped(external_id="A-1", error=None, success=True, code=0), "A-1"),
    "xml": (200, b"<order><external_id>A-1</external_id></order>", "A-1"),
    "known already": (409, wrapped("order", external_id="A-1"), "A-1"),
    "no body": (204, b"", None),
    "no body, 200": (200, b"", None),
    "a status in JSON": (200, b'{"status":"success"}', None),
    "workflow started": (200, b'{"message":"Workflow was started"}', None),
    "code 200": (200, '{"code":200,"msg":"操作成功"}'.encode(), None),
    "errcode 0": (200, b'{"errcode":0,"errmsg":"ok"}', None),
    "ok": (200, b"ok", None),
    "Accepted": (202, b"Accepted.\n", None),
}
HOOK_UNPROVEN = {
    "an error page": HTML,
    "a page to log in": PAGE,
    "text": b"Internal error",
    "null": b"null",
    "a list": b"[]",
    "cut off": b'{"external_id": "A',
    "an error": b'{"error":"database down"}',
    "an error beside a number": b'{"error":"not saved","external_id":"A-1"}',
    "no success": b'{"success":false,"external_id":"A-1"}',
    "no success, nested": b'{"result":{"ok":false}}',
    "status error": b'{"status":"error"}',
    "code 500": '{"code":500,"msg":"系统错误"}'.encode(),
    "errcode": b'{"errcode":40001,"errmsg":"invalid credential"}',
    "negative": b'{"code":"-1"}',
    "an xml error": b"<error>down</error>",
    "errors": b'{"errors":[{"message":"x"}]}',
}


@pytest.mark.parametrize(("status", "body", "number"), HOOK_HAS_IT.values(), ids=HOOK_HAS_IT)
async def test_what_proves_receipt_by_a_webhook(
    world: World, status: int, body: bytes, number: str | None
) -> None:
    async with webhook(world) as other:
        assert other.with_options is not None
        other.server.faults.append(Fault(Answer(status, body)))
        receipt = await other.backend.submit(order())
        assert receipt.external_id == number
        assert receipt.answer is not None
        assert receipt.answer.startswith(str(status))
        strict = replace(other, backend=other.with_options(receipt="number"))
        other.server.faults.append(Fault(Answer(status, body)))
        if number is None:
            assert (await failure(strict, order())).sent is None
        else:
            assert (await strict.backend.submit(order())).external_id == number


@pytest.mark.parametrize("body", HOOK_UNPROVEN.values(), ids=HOOK_UNPROVEN)
async def test_what_a_webhook_answers_otherwise_is_no_receipt(world: World, body: bytes) -> None:
    async with webhook(world) as other:
        other.server.faults.append(Fault(Answer(200, body)))
        error = await failure(other, order())
        assert (error.code, error.retryable, error.sent) == ("answer_unreadable", True, None)
        assert error.details["answer"].startswith("200")
        other.server.faults.append(Fault(Answer(200, body)))
        with pytest.raises(BackendError):
            await other.backend.update(order(kind="cancelled"))
        # The same key again, and the other side answers as it should: one order.
        assert (await other.backend.submit(order(attempt=2, maybe_sent=True))).external_id == "A-1"


@pytest.mark.parametrize(
    ("line", "retryable", "sent"),
    [
        ("554 5.7.1 not wanted", False, False),
        ("550 5.1.1 no such mailbox", False, False),
        ("451 4.3.0 try later", True, False),
        ("421 4.3.2 closing", True, False),
        ("251 will forward", True, None),
        ("200 fine", True, None),
        ("354 go on", True, None),
        ("650 nobody knows", True, None),
        ("HTTP/1.1 200 OK", True, None),
        ("<html>", True, None),
    ],
)
async def test_only_250_to_the_whole_mail_is_a_receipt(
    world: World, line: str, retryable: bool, sent: bool | None
) -> None:
    async with email(world) as other:
        other.server.faults.append(line)
        error = await failure(other, order())
        assert (error.retryable, error.sent) == (retryable, sent)
        assert error.details["answer"]
        receipt = await other.backend.submit(order(attempt=2, maybe_sent=True))
        assert receipt.answer == "250 2.0.0 queued as 7"
