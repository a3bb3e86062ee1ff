"""The real assistant, Rasa and its actions, in whole conversations over the real database."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from intake.assistant import tracker_store
from intake.lifecycle import Status
from intake.processes.private_sockets import path_of
from intake.storage.models import Conversation
from intake.understanding import safety
from intake.understanding.spoken_text import Heard
from tests.support.real_rasa import RealChat, RealRasa, settings_table

pytestmark = pytest.mark.xdist_group("rasa")


@pytest.fixture
async def chat(
    rasa: RealRasa, make_settings: Callable[..., Any], tmp_path: Path
) -> AsyncIterator[RealChat]:
    async with RealChat(make_settings(**settings_table(rasa, tmp_path)), rasa) as opened:
        yield opened


FILED = ["家里水管漏了", "幸福里", "三号楼二单元501"]


async def talk(chat: RealChat, *turns: str, who: str = "anna") -> list[str]:
    """Say all of it; what was answered to the last."""
    said: list[str] = []
    for words in turns:
        said = await chat.says(words, who)
    return said


async def test_a_need_is_arranged_corrected_filed_once_asked_about_changed_and_cancelled(
    chat: RealChat,
) -> None:
    assert await talk(chat, "家里水管漏了") == ["您住在哪个小区、哪条街？"]
    assert await talk(chat, "幸福里") == ["几号楼、几单元、几零几？"]
    [read_back] = await talk(chat, "三号楼二单元501")
    assert "居家维修" in read_back and read_back.endswith("对吗？")
    first, read_back = await talk(chat, "不是三号楼，是五号楼二单元501")
    assert first == "好的，改过来了。" and "五号楼二单元501" in read_back
    filed, passed_on = await talk(chat, "对")
    [request] = await chat.requests()
    assert request.tracking_number in filed and "已转给" in passed_on
    assert (request.status, request.unit) == ("routed", "5-2-501")
    again = await talk(chat, "对")
    assert not any("登记好了" in words for words in again) and len(await chat.requests()) == 1
    [status] = await talk(chat, "我报的事怎么样了")
    assert request.tracking_number in status
    [changed] = await talk(chat, "改成后天上午来")
    assert "改好了" in changed and "上午9点到12点" in changed
    [ask] = await talk(chat, "那个维修不用来了，取消吧")
    assert ask.endswith("对吗？")
    assert "已取消" in (await talk(chat, "对"))[0]
    [request] = await chat.requests()
    assert (request.status, request.when_start is not None) == ("cancelled", True)


@pytest.mark.parametrize(
    ("words", "points", "status"),
    [("还行吧", 3, "closed"), ("5", 5, "closed"), ("太差了", 1, "done")],
)
async def test_what_was_done_is_rated_in_words_or_in_points(
    chat: RealChat, words: str, points: int, status: str
) -> None:
    await talk(chat, *FILED, "对")
    [request] = await chat.requests()
    await chat.becomes(request.tracking_number, Status.DONE)
    await chat.work(hurry=False)
    assert "办好了吗" in chat.post.sent[-1][1]
    [answer] = await talk(chat, words)
    assert ("谢谢" if points > 2 else "对不起") in answer
    [request] = await chat.requests()
    assert (request.rating, request.status) == (points, status)


async def test_a_yes_after_it_was_done_asks_for_points(chat: RealChat) -> None:
    await talk(chat, *FILED, "对")
    [request] = await chat.requests()
    await chat.becomes(request.tracking_number, Status.DONE)
    assert "1 到 5 分" in (await talk(chat, "对，修好了"))[-1]
    assert "谢谢" in (await talk(chat, "打四分"))[-1]
    [request] = await chat.requests()
    assert (request.rating, request.status) == (4, "closed")


async def test_who_files_for_someone_else_is_not_taken_for_the_one_who_is_helped(
    chat: RealChat,
) -> None:
    [read_back] = await talk(chat, "替我妈报个修，她家厨房水龙头滴水，幸福里2号楼1单元301")
    assert "居家维修" in read_back
    [read_back] = await talk(chat, "她姓李，我姓王")
    assert "称呼李" in read_back
    await talk(chat, "对")
    [request] = await chat.requests()
    assert (request.person, request.unit, request.for_other) == ("李", "2-1-301", True)


async def test_what_is_not_done_right_goes_back_and_is_no_new_request(chat: RealChat) -> None:
    await talk(chat, *FILED, "对")
    [request] = await chat.requests()
    await chat.becomes(request.tracking_number, Status.DONE)
    assert any("再来看看" in words for words in await talk(chat, "没修好，水管还是漏"))
    [request] = await chat.requests()
    assert request.status == "routed"


async def test_two_needs_of_one_message_are_two_requests_with_one_address(chat: RealChat) -> None:
    [read_back] = await talk(chat, "幸福里三号楼二单元501马桶堵了，另外再帮我订一份午饭")
    assert "居家维修" in read_back and "送餐" in read_back
    filed = (await talk(chat, "对"))[0]
    both = await chat.requests()
    assert {r.category for r in both} == {"home_repair", "meal"}
    assert all(r.tracking_number in filed and r.unit == "3-2-501" for r in both)


async def test_who_gives_no_phone_is_not_asked_for_it_again(chat: RealChat) -> None:
    assert await talk(chat, "我想找人辅导孩子作业") == ["打哪个电话能找到您？"]
    said = await talk(chat, "电话就不留了") + await talk(chat, "安康里") + await talk(chat, "对")
    assert not any("哪个电话" in words for words in said)
    assert any("登记好了" in words for words in said)


async def test_small_talk_and_abuse_are_answered_briefly_and_the_question_comes_back(
    chat: RealChat,
) -> None:
    assert (await talk(chat, "你好"))[0].startswith("您好")
    [robot] = await talk(chat, "你是机器人吗")
    assert "自动助手" in robot
    question = await talk(chat, "家里水管漏了")
    for words, answer in (
        ("你是机器人吗", "自动助手"),
        ("今天天气真不错", "帮不上"),
        ("你们真笨", "对不起"),
    ):
        said = await talk(chat, words)
        assert answer in said[0] and said[1:] == question
    assert (await chat.conversation()).handled_by == "assistant"


async def test_two_misunderstandings_in_a_row_bring_a_person(chat: RealChat) -> None:
    first = await talk(chat, "呜呜啦啦哩哩")
    second = await talk(chat, "阿巴阿巴阿巴")
    assert "没看明白" in first[0] and "工作人员" in second[0]
    conversation = await chat.conversation()
    assert (conversation.handled_by, conversation.handed_because) == ("operator", "not_understood")
    assert await talk(chat, "在吗") == []


async def test_who_asks_for_a_person_gets_one_with_what_was_said(chat: RealChat) -> None:
    await talk(chat, "家里水管漏了，我在幸福里")
    assert "工作人员" in (await talk(chat, "我要找人工客服"))[0]
    [request] = await chat.requests()
    assert (request.status, request.place) == ("needs_review", "幸福里")


async def test_the_whole_conversation_in_english(chat: RealChat) -> None:
    assert (await talk(chat, "Hello"))[0].startswith("Hello")
    assert await talk(chat, "My kitchen tap is dripping") == ["Which estate or street is it?"]
    [question] = await talk(chat, "Willow Gardens")
    assert question.startswith("Which building")
    [read_back] = await talk(chat, "building 3, unit 2, room 501")
    assert read_back.endswith("Is that right?") and "Willow Gardens" in read_back
    await talk(chat, "tomorrow afternoon please")
    first, read_back = await talk(chat, "no, the day after tomorrow")
    assert first == "All right, I have changed it." and "14:00–18:00" in read_back
    filed = (await talk(chat, "yes"))[0]
    [request] = await chat.requests()
    assert request.tracking_number in filed and request.language == "en"
    assert request.tracking_number in (await talk(chat, "How far is my request?"))[0]
    assert "cancel" in (await talk(chat, "cancel it"))[0].lower()
    await talk(chat, "yes")
    assert (await chat.requests())[0].status == "cancelled"


@pytest.mark.parametrize("words", ["老伴半边身子没知觉了话也说不清", "我头晕得天旋地转爬不起来了"])
async def test_danger_that_no_rule_knows_is_heard_in_the_middle_of_a_conversation(
    chat: RealChat, words: str
) -> None:
    await talk(chat, "我想订一份饭")
    assert safety.read_safety(Heard.of(words)).urgency != "emergency"
    told, where = await talk(chat, words)
    assert "120" in told and "您在哪里" in where
    await talk(chat, "幸福里2号楼101")
    [request] = await chat.requests()
    assert (request.urgency, request.status, request.place) == (
        "emergency",
        "needs_review",
        "幸福里",
    )
    assert any(job[0] == "alarm" for job in await chat.jobs())


async def test_a_voice_message_is_heard_read_and_kept_with_the_request(chat: RealChat) -> None:
    assert await chat.speaks("家里水管漏了我住幸福里") == ["几号楼、几单元、几零几？"]
    [read_back] = await chat.speaks("三号楼二单元五零一")
    assert read_back.endswith("对吗？")
    await chat.speaks("对")
    [request] = await chat.requests()
    assert (request.status, request.unit, request.channel) == ("routed", "3-2-501", "webchat")
    assert request.recording_id is not None and request.transcript_id is not None
    heard = [row.text for row in await chat.messages("in")]
    assert heard == ["家里水管漏了我住幸福里", "三号楼二单元五零一", "对"]


async def test_a_dead_action_server_is_a_failure_and_not_silence(
    chat: RealChat, rasa: RealRasa
) -> None:
    await talk(chat, "家里水管漏了")
    rasa.stop_actions()
    try:
        await chat.brings("幸福里三号楼二单元501")
        await chat.work(rounds=3)
    finally:
        rasa.start_actions()
    assert "工作人员会看" in chat.post.sent[-1][1]
    [request] = await chat.requests()
    assert request.reasons[0]["code"] == "assistant_unreachable"
    assert (request.status, request.unit) == ("needs_review", "3-2-501")
    assert (await talk(chat, "你好"))[0].startswith("您好")


async def test_rasas_memory_lies_in_its_database_and_goes_when_it_is_a_day_old(
    chat: RealChat, rasa: RealRasa
) -> None:
    await talk(chat, "家里水管漏了", who="old")
    await talk(chat, "家里水管漏了", who="new")
    async with chat.parts.sessions.begin() as session:
        names = list(await session.scalars(select(Conversation.tracker).order_by(Conversation.id)))
    count = "SELECT count(*) FROM events WHERE sender_id = %s"
    assert [rasa.events(count, name)[0][0] > 5 for name in names] == [True, True]
    rasa.events(
        "UPDATE events SET timestamp = timestamp - 90000 WHERE sender_id = %s RETURNING 1", names[0]
    )
    assert await tracker_store.forget(chat.parts.settings, chat.parts.sessions) == 1
    assert [rasa.events(count, name)[0][0] > 0 for name in names] == [False, True]
    async with chat.parts.sessions.begin() as session:
        kept = await session.scalars(select(Conversation.tracker).order_by(Conversation.id))
        assert list(kept) == [None, names[1]]
    for who in ("old", "new"):
        assert await talk(chat, "幸福里", who=who) == ["几号楼、几单元、几零几？"]


async def test_no_log_of_the_assistant_holds_what_was_said(chat: RealChat, rasa: RealRasa) -> None:
    await talk(chat, "替我妈欧阳翠花报修水管，13687654321")
    await talk(chat, "家里水管漏了", "不想说")
    rasa.stop_actions()
    try:
        message = {"sender": "99.1", "message": "欧阳翠花家水管漏了"}
        url = "http://rasa/webhooks/rest/webhook"
        transport = httpx.AsyncHTTPTransport(uds=path_of(rasa.url))
        async with httpx.AsyncClient(transport=transport, timeout=30) as client:
            await client.post(url, json=message)  # fails in an action
            await client.post(url, json={**message, "metadata": ["欧阳翠花"]})
            await client.post(url, content="{欧阳翠花".encode())
            put = "http://rasa/conversations/99.1/tracker/events"
            await client.post(put, params={"token": rasa.token}, json=[{"event": "欧阳翠花"}])
            with contextlib.suppress(httpx.TimeoutException):  # who asks hangs up
                await client.post(url, json=message, timeout=0.02)
    finally:
        rasa.start_actions()
    assert "ERROR rasa.core.processor: at processor:" in rasa.log()
    for secret in ("欧阳翠花", "13687654321", rasa.internal, rasa.token):
        assert secret not in rasa.log()
    async with chat.parts.sessions.begin() as session:
        queued = await session.scalars(text("SELECT args::text FROM procrastinate_jobs"))
        assert not any("欧阳翠花" in arguments for arguments in queued)
