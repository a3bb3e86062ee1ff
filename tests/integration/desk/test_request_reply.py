"""A request that came by chat is answered from its own page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from intake import service_requests
from intake.lifecycle import Actor, Status
from intake.service_requests import Author, Opening
from intake.storage.jobs import defer
from intake.storage.models import AccessLog, Conversation, Event, Message, ServiceRequest
from tests.integration.pipeline.test_pipeline import rows
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, desk_browser
from tests.support.webchat import ChatInstallation, chatting

pytestmark = pytest.mark.asyncio
Open = Callable[..., Any]
PATIENT = 60_000


async def asked_for(chat: ChatInstallation, **fields: str) -> str:
    """What the only conversation asks for waits for a person; its number."""
    async with chat.house.parts.sessions.begin() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        opening = Opening("webchat", "zh", contact_point_id=conversation.contact_point_id)
        by = Author(Actor.WORKER)
        opened = await service_requests.open_request(
            session, opening, by=by, status=Status.NEEDS_REVIEW
        )
        request = await session.get_one(ServiceRequest, opened.id)
        request.conversation_id = conversation.id
        request.category = "meal"
        for name, value in fields.items():
            setattr(request, name, value)
        return opened.tracking_number


async def test_a_reply_reaches_her_open_chat_and_stands_where_one_looks_for_it(
    open_house: Open, tmp_path: Path
) -> None:
    words = "您好，今天中午十二点送到"
    async with (
        chatting(open_house) as (chat, _),
        chat.page() as hers,
        desk_browser(chat.house, chat.port) as desk,
    ):
        await hers.until("welcome")
        await hers.say("m0000001", "我想订午饭")
        await hers.until("message", text="听到：我想订午饭")
        number = await asked_for(chat, text="我想订午饭")
        page = await desk.new_page()
        await page.goto(f"{chat.url}/desk/requests/{number}")
        await expect(page.locator("#request")).to_be_attached()
        await page.keyboard.press("t")
        answer = page.locator("#ask-reply textarea")
        await expect(answer).to_be_focused()
        await page.keyboard.insert_text(words)
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.insert_text("李敏")
        await page.keyboard.press("Enter")
        heard = await hers.until("message", **{"from": "us", "text": f"{words}\n李敏"})
        assert heard["text"].startswith(words)
        await expect(page.locator("#say")).to_have_text("回复已发出。")

        history = page.locator("#history")
        await expect(history).to_contain_text("回复了住户", timeout=PATIENT)
        await history.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(history.locator("li", has_text=words)).to_contain_text("→ 李敏")
        assert not await axe(page)
        # Open it stays, and the keys go on, when more is written down.
        await page.keyboard.press("n")
        await page.keyboard.insert_text("说好了")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notes")).to_contain_text("说好了", timeout=PATIENT)
        await expect(history).to_have_attribute("open", "")

        await page.goto(f"{chat.url}/desk/conversations/1")
        said = page.locator("#log .ours", has_text=words)
        await expect(said).to_contain_text("李敏")
        await expect(said).to_contain_text(number)
        await expect(page.locator("#holder")).to_contain_text("由工作人员回复")
    request = await chat.house.request(number)
    status = await chat.house.client.get(f"/s/{request.status_key}")
    assert f"{words}\n李敏" in status.json()["messages"]
    events = [(e.kind, e.who) for e in await rows(chat.house, Event)]
    assert ("answered", "李敏") in events
    about = [log for log in await rows(chat.house, AccessLog) if log.action == "answer"]
    assert [log.service_request_id for log in about] == [request.id]


async def test_an_answer_is_about_no_request_of_somebody_else(open_house: Open) -> None:
    async with chatting(open_house) as (chat, _), chat.page() as hers:
        await hers.until("welcome")
        await hers.say("m0000001", "你好")
        await hers.until("message", text="听到：你好")
        other = await chat.house.leave("帮我理个发")
        desk = await at_the_desk(chat.house)
        path = "/api/conversations/1/messages"
        refused = await desk.post(path, json={"text": "好的", "about": other})
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_field")
        assert (await desk.post(path, json={"text": "好", "about": "0"})).status_code == 404
        assert [m.text for m in await rows(chat.house, Message) if m.who] == []
        assert (await desk.post(path, json={"text": "好的"})).status_code == 201


async def test_what_an_operator_wrote_does_not_have_the_same_news_told_twice(
    open_house: Open,
) -> None:
    async with chatting(open_house) as (chat, _), chat.page() as hers:
        await hers.until("welcome")
        await hers.say("m0000001", "你好")
        await hers.until("message", text="听到：你好")
        number = await asked_for(chat)
        desk = await at_the_desk(chat.house)
        house = chat.house
        rejected = {"why": "这件事不归我们管"}
        answer = await desk.post(
            f"/api/requests/{number}/reject", json=rejected, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 200, answer.text
        news = await hers.until("message", **{"from": "us"})
        assert "这件事不归我们管" in news["text"]
        body = {"text": "请打 12345", "about": number}
        assert (await desk.post("/api/conversations/1/messages", json=body)).status_code == 201
        await hers.until("message", text="请打 12345")
        async with house.parts.sessions.begin() as session:
            request = await house.request(number)
            await defer(session, "tell", service_request_id=request.id)
        await house.work()
        told = [m.text for m in await rows(house, Message) if m.code == "rejected"]
        assert len(told) == 1
