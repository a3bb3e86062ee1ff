"""The operators' API, the station's board, the doors for backends and duty people."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from intake.network import signing
from intake.storage.models import AccessLog, Alarm, Delivery, StationOrder
from tests.integration.pipeline.test_pipeline import ERRAND, FORM, rows
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio


async def in_review(house: Installation, says: str = ERRAND, **form: str) -> str:
    house.ranking = [("errand", 0.4), ("meal", 0.3)]
    number = await house.leave(says, **{**FORM, **form})
    await house.work()
    assert (await house.request(number)).status == "needs_review"
    return number


async def act(
    desk: httpx.AsyncClient, number: str, action: str, body: dict[str, Any], version: Any = None
) -> httpx.Response:
    if version is None:
        version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    return await desk.post(
        f"/api/requests/{number}/{action}", json=body, headers={"If-Match": str(version)}
    )


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer hy_wrong"}, {"Authorization": "Basic eA=="}],
)
async def test_without_a_token_nothing_is_shown(
    house: Installation, headers: dict[str, str]
) -> None:
    number = await in_review(house)
    for method, path in (
        ("GET", "/api/requests"),
        ("GET", f"/api/requests/{number}"),
        ("GET", f"/api/requests/{number}/recording"),
        ("POST", f"/api/requests/{number}/confirm"),
        ("GET", "/api/station/orders"),
        ("GET", "/api/alarms"),
    ):
        answer = await house.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_allowed"), path


async def test_lists_mask_phones_and_every_view_is_logged(house: Installation) -> None:
    number = await in_review(house)
    desk = await house.operator()
    (line,) = (await desk.get("/api/requests", params={"status": "needs_review"})).json()[
        "requests"
    ]
    assert line["phone"] == "138****5678"
    detail = (await desk.get(f"/api/requests/{number.replace('-', '')}")).json()
    assert detail["phone"] == "13812345678"
    assert detail["understanding"]["category_ranking"][0][0] == "errand"
    sound = await desk.get(f"/api/requests/{number}/recording")
    assert sound.content[:4] == b"RIFF"
    actions = [log.action for log in await rows(house, AccessLog)]
    assert actions == ["list", "read", "hear"]


async def test_pages_follow_each_other_without_a_gap(house: Installation) -> None:
    numbers = [await house.leave(ERRAND, **FORM) for _ in range(5)]
    desk = await house.operator()
    seen, cursor = [], None
    for _ in range(3):
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await desk.get("/api/requests", params=params)).json()
        seen += [line["tracking_number"] for line in page["requests"]]
        cursor = page["next"]
    assert seen == numbers[::-1] and cursor is None


async def test_a_correction_and_a_confirmation_send_it_on(house: Installation) -> None:
    number = await in_review(house)
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    fixed = await desk.patch(
        f"/api/requests/{number}",
        json={"category": "meal", "unit": "3-2-502", "why": "heard it"},
        headers={"If-Match": version},
    )
    assert fixed.status_code == 200, fixed.text
    assert fixed.json()["corrected"] == ["category", "unit"]
    event = fixed.json()["events"][-1]
    assert (event["who"], event["why"]) == ("Ms Li", "heard it")
    assert event["changes"]["from"]["unit"] == "3-2-501"
    done = await act(desk, number, "confirm", {})
    assert done.json()["status"] == "confirmed"
    await house.work()
    (order,) = await rows(house, StationOrder)
    assert order.payload["where"]["unit"] == "3-2-502"


async def test_a_write_without_a_version_and_a_stale_one_change_nothing(
    house: Installation,
) -> None:
    number = await in_review(house)
    desk = await house.operator()
    bare = await desk.post(f"/api/requests/{number}/confirm", json={})
    assert (bare.status_code, bare.json()["code"]) == (428, "if_match_required")
    stale = await act(desk, number, "confirm", {}, version='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert stale.json()["current"]["status"] == "needs_review"
    assert stale.headers["etag"] == f'"{stale.json()["current"]["version"]}"'
    assert (await house.request(number)).status == "needs_review"


async def test_of_two_operators_at_once_one_wins(house: Installation) -> None:
    import asyncio

    number = await in_review(house)
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    answers = await asyncio.gather(
        *(act(desk, number, "reject", {"why": f"no {n}"}, version) for n in range(5))
    )
    assert sorted(a.status_code for a in answers) == [200, 412, 412, 412, 412]


async def test_rejecting_needs_a_reason_and_the_resident_hears_it(house: Installation) -> None:
    number = await in_review(house)
    desk = await house.operator()
    assert (await act(desk, number, "reject", {})).status_code == 422
    assert (await act(desk, number, "reject", {"why": "不归社区管。"})).status_code == 200
    await house.work()
    detail = (await desk.get(f"/api/requests/{number}")).json()
    assert "不归社区管。" in detail["messages"][-1]["text"]
    assert "。。" not in detail["messages"][-1]["text"]
    again = await act(desk, number, "confirm", {})
    assert (again.status_code, again.json()["code"]) == (409, "move_not_allowed")


async def test_merging_and_undoing_it(house: Installation) -> None:
    first, second = await in_review(house), await in_review(house)
    desk = await house.operator()
    merged = await act(desk, second, "merge", {"into": first})
    assert (merged.json()["status"], merged.json()["merged_into"]) == ("merged", first)
    undone = await act(desk, second, "reopen", {"why": "not the same"})
    assert (undone.json()["status"], undone.json()["merged_into"]) == ("needs_review", None)
    itself = await act(desk, first, "merge", {"into": first})
    assert itself.status_code == 409


async def test_splitting_gives_the_second_need_a_number_of_its_own(house: Installation) -> None:
    number = await in_review(house)
    desk = await house.operator()
    answer = await act(desk, number, "split", {"category": "meal"})
    other = answer.json()["events"][-1]["changes"]["into"]
    twin = (await desk.get(f"/api/requests/{other}")).json()
    assert (twin["category"], twin["split_from"], twin["place"]) == ("meal", number, "幸福里")
    assert twin["recording"]["size_bytes"] > 0
    assert twin["status"] == "needs_review"


async def test_holding_and_taking_up_again(house: Installation) -> None:
    number = await in_review(house)
    desk = await house.operator()
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    held = await act(desk, number, "hold", {"until": until})
    assert held.json()["on_hold_until"] is not None
    taken = await act(desk, number, "hold", {"until": None})
    assert taken.json()["on_hold_until"] is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"category": "moon_landing"},
        {"urgency": None},
        {"colour": "red"},
        {"person": "a\x00b"},
        {"when_start": "2026-01-02T00:00:00+08:00", "when_end": "2026-01-01T00:00:00+08:00"},
    ],
)
async def test_a_bad_correction_is_refused(house: Installation, body: dict[str, Any]) -> None:
    number = await in_review(house)
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    answer = await desk.patch(f"/api/requests/{number}", json=body, headers={"If-Match": version})
    assert answer.status_code == 422
    assert (await house.request(number)).corrected == []


async def test_the_station_accepts_and_finishes_and_the_resident_follows(
    house: Installation,
) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    desk = await house.operator()
    (order,) = (await desk.get("/api/station/orders")).json()
    path = f"/api/station/orders/{order['id']}"
    taken = await desk.post(
        f"{path}/accept", json={"name": "小张"}, headers={"If-Match": str(order["version"])}
    )
    assert taken.status_code == 200, taken.text
    await house.work()
    request = await house.request(number)
    assert (request.status, request.assignee) == ("accepted", "小张")
    stale = await desk.post(f"{path}/done", json={}, headers={"If-Match": "1"})
    assert stale.status_code == 412
    await desk.post(f"{path}/done", json={}, headers={"If-Match": str(taken.json()["version"])})
    await house.work()
    status = await house.client.get(f"/s/{request.status_key}")
    assert status.json()["status"] == "done"
    assert any("小张" in m for m in status.json()["messages"])
    back = await house.client.post(f"/s/{request.status_key}/not_fixed")
    assert back.json()["status"] == "routed"


async def test_a_cancelled_request_is_taken_from_the_board(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    gone = await house.client.post(f"/s/{request.status_key}/cancel")
    assert gone.json()["status"] == "cancelled"
    await house.work()
    kinds = [(d.kind, d.status) for d in await rows(house, Delivery)]
    assert kinds == [("submit", "delivered"), ("cancelled", "delivered")]
    (order,) = await rows(house, StationOrder)
    assert order.status == "cancelled"


async def test_not_right_means_that_a_person_listens(house: Installation) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    answer = await house.client.post(f"/s/{request.status_key}/not_right")
    assert answer.json()["status"] == "needs_review"


@pytest.fixture
async def webhook_house(open_house: Callable[..., Installation], tmp_path: Path) -> Installation:
    (tmp_path / "secret").write_text("s3cret")
    table = {
        "kind": "webhook",
        "url": "http://127.0.0.1:1/hook",
        "secret_file": str(tmp_path / "secret"),
        "allow_networks": ["127.0.0.0/8"],
    }
    return open_house(
        backends={"office": table, "station": {"kind": "station"}},
        routing={"default": "station", "rules": []},
    )


async def test_a_backend_reports_with_its_signature(webhook_house: Installation) -> None:
    house = webhook_house
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    async with house.parts.sessions.begin() as session:
        request = await session.get_one(type(await house.request(number)), 1)
        request.backend = "office"

    async def report(
        secret: str, status: str, *, to: str = "office", age: int = 0
    ) -> httpx.Response:
        body = json.dumps({"tracking_number": number, "status": status, "who": "李师傅"}).encode()
        signature = signing.sign_body(secret, signing.unix_seconds() - age, body)
        return await house.client.post(
            f"/api/backends/{to}/updates", content=body, headers={"Huying-Signature": signature}
        )

    assert (await report("wrong", "accepted")).status_code == 401
    assert (await report("s3cret", "accepted", age=3600)).status_code == 401
    assert (await report("s3cret", "accepted", to="moon")).status_code == 401
    assert (await report("s3cret", "moon")).status_code == 422
    assert (await report("s3cret", "accepted")).json() == {"status": "accepted", "changed": True}
    assert (await report("s3cret", "accepted")).json() == {"status": "accepted", "changed": False}
    assert (await report("s3cret", "done")).json() == {"status": "done", "changed": True}
    assert (await house.request(number)).assignee == "李师傅"


async def test_a_link_in_a_mail_changes_nothing_until_its_button_is_pressed(
    house: Installation,
) -> None:
    number = await house.leave(ERRAND, **FORM)
    await house.work()
    request = await house.request(number)
    until = datetime.now(UTC) + timedelta(days=1)
    secret = house.parts.link_secrets[0]
    token = signing.sign_link(secret, "update-accepted", f"{request.id}:station", until)
    shown = await house.client.get(f"/u/{token}")
    assert shown.status_code == 200 and "<button>" in shown.text
    assert (await house.request(number)).status == "routed"
    await house.client.post(f"/u/{token}", data={"who": "<script>alert(1)</script>"})
    request = await house.request(number)
    assert request.status == "accepted"
    await house.work()
    page = await house.client.get(f"/s/{request.status_key}", headers={"Accept": "text/html"})
    assert "<script>alert" not in page.text and "&lt;script&gt;" in page.text
    old = signing.sign_link(
        secret, "update-done", f"{request.id}:station", datetime.now(UTC) - timedelta(days=1)
    )
    assert (await house.client.get(f"/u/{old}")).status_code == 410
    assert (await house.client.get(f"/u/{token[:-3]}abc")).status_code == 404


async def test_somebody_on_duty_takes_the_alarm_by_the_link(house: Installation) -> None:
    await house.leave("救命啊我老伴摔倒了起不来，没有呼吸了", **FORM)
    await house.work()
    (alarm,) = await rows(house, Alarm)
    until = datetime.now(UTC) + timedelta(hours=1)
    subject = json.dumps([alarm.id, "老周"])
    token = signing.sign_link(house.parts.link_secrets[0], "alarm", subject, until)
    page = await house.client.get(f"/a/{token}")
    assert re.search("<button>", page.text)
    looks = [(log.who, log.action) for log in await rows(house, AccessLog)]
    assert looks == [("老周", "alarm_link")]
    (alarm,) = await rows(house, Alarm)
    assert alarm.status == "open"
    await house.client.post(f"/a/{token}")
    (alarm,) = await rows(house, Alarm)
    assert (alarm.status, alarm.acknowledged_by) == ("acknowledged", "老周")
    assert (await house.client.get("/healthz")).json()["parts"]["database"]["open_alarms"] == 0


async def test_schema_and_models_agree(house: Installation) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from intake.storage.models import Base

    async with house.parts.engine.connect() as connection:

        def compare(sync: Any) -> list[Any]:
            context = MigrationContext.configure(
                sync,
                opts={
                    "include_object": lambda o, name, type_, *_: (
                        not (type_ == "table" and name.startswith("procrastinate"))
                    )
                },
            )
            return list(compare_metadata(context, Base.metadata))

        assert await connection.run_sync(compare) == []


async def test_no_row_of_the_queue_is_left_when_all_is_done(house: Installation) -> None:
    await house.leave(ERRAND, **FORM)
    await house.work()
    async with house.parts.sessions() as session:
        assert (await session.scalar(select(Delivery.status))) == "delivered"
    left = [job for job in await house.jobs() if job[0] not in ("sweep", "poll")]
    assert all(status == "succeeded" for _, status, _ in left)


async def test_a_station_token_opens_the_board_and_nothing_else(house: Installation) -> None:
    from intake.web.auth import make_token

    async with house.parts.sessions.begin() as session:
        token, _ = await make_token(session, "小张", "station", 1)
    headers = {"Authorization": f"Bearer {token}"}
    assert (await house.client.get("/api/station/orders", headers=headers)).status_code == 200
    refused = await house.client.get("/api/requests", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
