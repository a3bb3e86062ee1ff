"""What failed is shown with its reason, begun again, or given up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select, text, update

from intake import service_requests
from intake.storage.models import Alarm, AlarmNotice, Delivery, Event, Message, ServiceRequest
from speech.errors import RecogniserCrashed
from tests.fakes.http_server import Answer, Fault
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, at_the_screen
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
SOON = 30_000


async def leave(house: Installation) -> str:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    number = await house.leave("帮我理个发", place="幸福里", unit="3-2-501", phone="13812345678")
    await house.work()
    return number


async def test_a_failed_delivery_is_retried_and_arrives(open_house: Open, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    async with WebhookReceiver(["s3cret"]) as office:
        office.faults = [Fault(answer=Answer(400, b"{}")) for _ in range(2)]
        table = {
            "kind": "webhook",
            "url": f"{office.url}/hook",
            "secret_file": str(tmp_path / "secret"),
            "allow_networks": ["127.0.0.0/8"],
        }
        house = open_house(
            backends={"office": table, "station": {"kind": "station"}},
            routing={"default": "office", "rules": []},
        )
        number, other = await leave(house), await leave(house)
        assert (await house.request(number)).status == "needs_review"
        async with at_the_screen(house) as (desk, url):
            page = await desk.new_page()
            await page.goto(f"{url}/desk/failures")
            failed = page.locator("#failed-delivery li")
            await expect(failed).to_have_count(2)
            await expect(failed.first).to_contain_text("没能转给 office")
            assert await axe(page) == []
            row = failed.filter(has_text=number)
            await row.get_by_role("button", name="重新来一次").press("Enter")
            await expect(page.locator("#say")).not_to_have_class("wrong")
            while (await house.request(number)).status == "needs_review":
                await page.wait_for_timeout(50)
            await house.work()
            assert (await house.request(number)).status == "routed"
            assert len(office.events) == 1
            page.on("dialog", lambda dialog: dialog.accept("打电话说过了"))
            row = failed.filter(has_text=other)
            await row.get_by_role("button", name="不再处理").press("Enter")
            await expect(failed).to_have_count(0, timeout=SOON)
    async with house.parts.sessions() as session:
        events = list(await session.scalars(select(Event).where(Event.kind.startswith("failure_"))))
        statuses = list(await session.scalars(select(Delivery.status).order_by(Delivery.id)))
    assert [(e.kind, e.who, e.why) for e in events] == [
        ("failure_retried", "李敏", None),
        ("failure_given_up", "李敏", "打电话说过了"),
    ]
    assert statuses == ["delivered", "dropped"]


async def test_a_recording_that_was_not_recognised_is_heard_again(house: Installation) -> None:
    house.ears.failures = [RecogniserCrashed("died") for _ in range(9)]
    number = await leave(house)
    house.ears.failures = []
    desk = await at_the_desk(house)
    [failed] = (await desk.get("/api/failures")).json()["recording"]
    assert (failed["code"], failed["tracking_number"]) == ("recognition_failed", number)
    assert "识别程序出错" in (await desk.get("/desk/failures")).text
    for job in (await desk.get("/api/failures")).json()["job"]:
        assert await desk.post(f"/api/failures/job/{job['id']}/give-up", json={"why": "见录音"})
    refused = await desk.post(
        f"/api/failures/recording/{failed['id']}/give-up", json={"why": "算了吧"}
    )
    assert refused.status_code == 409
    again = await desk.post(f"/api/failures/recording/{failed['id']}/retry")
    assert again.json() == {"tracking_number": number}
    await house.work()
    assert (await house.request(number)).text == "帮我理个发"
    left = (await desk.get("/api/failures")).json()
    assert (left["recording"], left["job"]) == ([], [])


async def test_an_alarm_that_nobody_answered_calls_everybody_again(open_house: Open) -> None:
    contact = {"name": "值班", "webhook": "http://127.0.0.1:1/x", "allow_networks": ["127.0.0.0/8"]}
    house = open_house(alarm={"contacts": [contact], "rounds": 2})
    await house.leave("救命，我摔倒了起不来了")
    await house.work(rounds=30)
    desk = await at_the_desk(house)
    [failed] = (await desk.get("/api/failures")).json()["alarm"]
    assert (await desk.post("/api/failures/alarm/retry")).json() == {"again": 1, "refused": 0}
    await house.work(rounds=30)
    async with house.parts.sessions() as session:
        steps = list(await session.scalars(select(AlarmNotice.step).order_by(AlarmNotice.step)))
        assert (await session.scalars(select(Alarm.status))).one() == "unanswered"
    assert steps == [-2, -1, 0, 1]
    ended = await desk.post(
        f"/api/failures/alarm/{failed['id']}/give-up", json={"why": "邻居已经到了"}
    )
    assert ended.status_code == 200
    assert (await desk.get("/api/failures")).json()["alarm"] == []


async def test_a_job_that_gave_up_runs_again_once(house: Installation) -> None:
    number = await leave(house)
    async with house.parts.sessions.begin() as session:
        await session.execute(
            text("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'tell'")
        )
    before = await house.jobs()
    desk = await at_the_desk(house)
    failed = (await desk.get("/api/failures")).json()["job"]
    told = [job for job in failed if job["code"] == "tell"]
    assert told and told[0]["tracking_number"] == number
    address = f"/api/failures/job/{told[0]['id']}/retry"
    assert (await desk.post(address)).status_code == 200
    assert (await desk.post(address)).status_code == 404
    after = await house.jobs()
    assert len(after) == len(before) and ("tell", "todo", 0) in after


async def test_a_message_that_did_not_go_goes_again(house: Installation) -> None:
    number = await leave(house)
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        point = await service_requests.contact_point(session, "webchat", "anna")
        conversation = await session.scalar(
            text("INSERT INTO conversations (contact_point_id) VALUES (:p) RETURNING id"),
            {"p": point},
        )
        session.add(
            Message(
                conversation_id=conversation, service_request_id=request.id, direction="out",
                text="明天来", waits=True, send_error="window_closed",
            )
        )  # fmt: skip
    desk = await at_the_desk(house)
    [failed] = (await desk.get("/api/failures")).json()["message"]
    assert "微信限时已过" in (await desk.get("/desk/failures")).text
    assert (await desk.post(f"/api/failures/message/{failed['id']}/retry")).status_code == 200
    assert (await desk.get("/api/failures")).json()["message"] == []
    assert ("send", "todo", 0) in await house.jobs()


@pytest.mark.parametrize("kind", ["delivery", "alarm", "message", "recording", "job", "moon"])
async def test_what_is_not_there_is_not_found(house: Installation, kind: str) -> None:
    desk = await at_the_desk(house)
    for found in (77, 2**63):
        assert (await desk.post(f"/api/failures/{kind}/{found}/retry")).status_code == 404
        given_up = await desk.post(f"/api/failures/{kind}/{found}/give-up", json={"why": "没有"})
        assert given_up.status_code in (404, 409)


async def test_what_went_on_by_itself_is_not_sent_twice(house: Installation) -> None:
    number = await leave(house)
    async with house.parts.sessions.begin() as session:
        await session.execute(update(Delivery).values(status="failed"))
        assert (await session.scalars(select(ServiceRequest.status))).one() == "routed"
    desk = await at_the_desk(house)
    [failed] = (await desk.get("/api/failures")).json()["delivery"]
    refused = await desk.post(f"/api/failures/delivery/{failed['id']}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "move_not_allowed")
    assert (await house.request(number)).status == "routed"
