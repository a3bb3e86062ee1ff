"""Conversations at the desk, in a real browser: answered in place, handed back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select, update

from intake.lifecycle import Status
from intake.storage.models import AccessLog, Conversation, Message, Recording
from tests.integration.resident.test_page_accessibility import axe
from tests.support.browser import browser
from tests.support.chat import Chat
from tests.support.desk import at_the_desk, desk_browser
from tests.support.webchat import ChatInstallation, chatting

pytestmark = pytest.mark.asyncio
Open = Callable[..., Any]
SOON = 30_000


async def hand_over(chat: ChatInstallation) -> int:
    """The only conversation waits for a person, as the assistant would leave it."""
    async with chat.house.parts.sessions.begin() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        conversation.handled_by = "operator"
        conversation.handled_since = conversation.last_in_at
        conversation.handed_because = "asked"
        return conversation.id


async def send(page: Page, words: str) -> None:
    await page.fill("#text", words)
    await page.press("#text", "Enter")


async def test_a_handed_over_conversation_is_answered_in_place_and_handed_back(
    open_house: Open, tmp_path: Path
) -> None:
    async with (
        chatting(open_house) as (chat, _),
        browser() as hers,
        desk_browser(chat.house, chat.port) as desk,
    ):
        resident = await hers.new_page()
        await resident.goto(f"{chat.url}/chat")
        await send(resident, "我要找人工")
        await expect(resident.locator("#log")).to_contain_text("听到：我要找人工", timeout=SOON)
        await hand_over(chat)
        operator = await desk.new_page()
        await operator.goto(f"{chat.url}/desk/conversations")
        waiting = operator.locator("#waiting li")
        await expect(waiting).to_contain_text("居民要找工作人员")
        assert await axe(operator) == []
        await waiting.locator("a").press("Enter")
        log = operator.locator("#log")
        await expect(log).to_contain_text("我要找人工")
        await operator.fill("#answer-text", "您好，我是李敏")
        await operator.press("#answer-text", "Shift+Enter")
        await operator.type("#answer-text", "请讲")
        await operator.reload()
        await expect(operator.locator("#answer-text")).to_have_value("您好，我是李敏\n请讲")
        await operator.press("#answer-text", "Enter")
        await expect(resident.locator("#log")).to_contain_text("请讲", timeout=SOON)
        await expect(log.locator(".ours").last).to_contain_text("李敏")
        await expect(operator.locator("#answer-text")).to_have_value("")
        await send(resident, "我家的门锁打不开了")
        await expect(log).to_contain_text("我家的门锁打不开了", timeout=60_000)
        assert "我家的门锁打不开了" not in chat.told
        assert await axe(operator) == []
        await operator.click("text=交还给助手")
        await expect(operator.locator("#holder")).to_contain_text("由助手回复", timeout=SOON)
        await send(resident, "谢谢")
        await expect(resident.locator("#log")).to_contain_text("听到：谢谢", timeout=SOON)


async def test_taking_over_silences_the_assistant(open_house: Open, tmp_path: Path) -> None:
    async with (
        chatting(open_house) as (chat, _),
        browser() as hers,
        desk_browser(chat.house, chat.port, locale="en-GB") as desk,
    ):
        resident = await hers.new_page()
        await resident.goto(f"{chat.url}/chat")
        await send(resident, "我想订饭")
        await expect(resident.locator("#log")).to_contain_text("听到：我想订饭", timeout=SOON)
        operator = await desk.new_page()
        await operator.goto(f"{chat.url}/desk/conversations")
        await operator.locator("#others li a").press("Enter")
        await operator.get_by_role("button", name="Take over").press("Enter")
        await expect(operator.locator("#holder")).to_contain_text("A person answers", timeout=SOON)
        await send(resident, "还在吗")
        await expect(operator.locator("#log")).to_contain_text("还在吗", timeout=60_000)
        assert chat.told == ["我想订饭"]
        assert await axe(operator) == []


@pytest.fixture
async def talking(make_settings: Callable[..., Any]) -> Any:
    opened = Chat(make_settings())
    await opened.places()
    yield opened
    await opened.close()


async def test_pictures_voices_requests_and_what_did_not_go_are_shown(talking: Chat) -> None:
    await talking.says("家里水管漏了")
    await talking.shows()
    await talking.speaks("幸福里三号楼二单元501")
    await talking.says("对")
    [request] = await talking.requests()
    await talking.becomes(request.tracking_number, Status.ACCEPTED)
    async with talking.parts.sessions.begin() as session:
        last = (await session.scalars(select(Message.id).order_by(Message.id.desc()))).first()
        await session.execute(
            update(Message)
            .where(Message.id == last)
            .values(sent_at=None, waits=True, send_error="window_closed")
        )
        await session.execute(update(Recording).values(format="wav"))
        conversation = (await session.scalars(select(Conversation))).one()
    desk = await at_the_desk(talking)
    shown = (await desk.get(f"/desk/conversations/{conversation.id}")).text
    assert "<img" in shown and "<audio" in shown and "幸福里三号楼二单元501" in shown
    assert f"/desk/requests/{request.tracking_number}" in shown
    assert "微信限时已过" in shown
    listed = (await desk.get("/desk/conversations")).text
    assert "1 条没送到" in listed
    async with talking.parts.sessions() as session:
        seen = list(await session.scalars(select(AccessLog.action)))
    assert "conversations" in seen and f"conversation {conversation.id}: read" in seen


async def test_what_a_resident_writes_is_never_markup(talking: Chat) -> None:
    await talking.says("<script>alert(1)</script>家里水管漏了")
    conversation = await talking.conversation()
    desk = await at_the_desk(talking)
    for path in ("/desk/conversations", f"/desk/conversations/{conversation.id}"):
        assert "<script>alert" not in (await desk.get(path)).text


async def test_a_conversation_that_is_none_is_not_found(talking: Chat) -> None:
    desk = await at_the_desk(talking)
    assert (await desk.get("/desk/conversations/9223372036854775808")).status_code == 404
