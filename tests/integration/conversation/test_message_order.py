"""Messages in order, answers in order, and nothing lost: slow ends, closed ways, people who come
in the middle of a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from sqlalchemy import text

from intake.errors import CannotSend
from intake.lifecycle import Status
from tests.support.chat import Chat
from tests.support.webchat import at_work


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.02)


async def test_one_who_waits_for_her_answer_keeps_nobody_else_waiting(chat: Chat) -> None:
    bert_was_answered, running = asyncio.Event(), set[str]()

    async def wait(text: str) -> None:
        who = text.split()[1]
        assert who not in running, "two turns of one resident at once"
        running.add(who)
        if who == "anna":
            await asyncio.wait_for(bert_was_answered.wait(), 20)
        running.remove(who)

    chat.rasa.before = wait
    await chat.brings("你好 anna 1", "anna")
    await chat.brings("你好 anna 2", "anna")
    await chat.brings("你好 bert 1", "bert")
    async with at_work(chat):
        await until(lambda: [who for who, _ in chat.post.sent] == ["bert"])
        bert_was_answered.set()
        await until(lambda: len(chat.post.sent) == 3)
    assert [t for t in chat.rasa.turns if "anna" in t] == ["你好 anna 1", "你好 anna 2"]


async def test_a_slow_assistant_costs_no_message_and_a_person_reads_it(chat: Chat) -> None:
    def too_slow(text: str) -> None:
        raise httpx.ReadTimeout("30 s")

    chat.rasa.before = too_slow
    await chat.brings("幸福里三号楼二单元501的灯坏了")
    await chat.work()
    assert [words for _, words in chat.post.sent if "工作人员会看" in words] == [
        words for _, words in chat.post.sent
    ]
    [request] = await chat.requests()
    assert (request.status, request.place, request.unit) == ("needs_review", "幸福里", "3-2-501")
    assert (await chat.messages("in"))[0].handled_at is not None


async def test_what_can_not_be_sent_waits_for_her_next_message_and_goes_first(chat: Chat) -> None:
    chat.post.refuses = [CannotSend("closed", code="window_closed")]
    assert await chat.says("家里水管漏了") == []
    [waiting] = await chat.messages()
    assert (waiting.waits, waiting.send_error) == (True, "window_closed")
    desk = await chat.operator()
    [line] = (await desk.get("/api/conversations")).json()
    assert line["unsent"] == 1
    said = await chat.says("幸福里")
    assert said == ["您住在哪个小区、哪条街？", "几号楼、几单元、几零几？"]
    assert all(row.sent_at is not None and not row.waits for row in await chat.messages())


async def test_later_answers_do_not_overtake_one_that_waits(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    chat.post.refuses = [CannotSend("closed", code="window_closed")]
    assert await chat.says("对") == []
    assert [row.waits for row in await chat.messages()] == [False, True, True]
    filed, passed_on, thanks = await chat.says("谢谢")
    assert "登记好了" in filed and "已转给" in passed_on and thanks.startswith("不客气")


async def test_a_message_that_comes_while_the_way_is_found_closed_opens_it(chat: Chat) -> None:
    await chat.says("家里水管漏了")
    send, closed = chat.post.send, [True]

    async def close_once(*told: Any) -> None:
        if closed.pop() if closed else False:
            await chat.brings("三号楼二单元501")
            raise CannotSend("closed", code="window_closed")
        await send(*told)

    chat.post.send = close_once  # type: ignore[method-assign]
    said = await chat.says("幸福里")
    assert said[0] == "几号楼、几单元、几零几？" and said[1].endswith("对吗？")


async def test_a_way_that_is_shut_for_a_moment_is_tried_again_in_order_and_once(
    chat: Chat,
) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    chat.post.refuses = [CannotSend("busy", code="busy", retryable=True) for _ in range(3)]
    await chat.brings("对")
    await chat.work()
    filed, passed_on = [words for _, words in chat.post.sent[1:]]
    assert "登记好了" in filed and "已转给" in passed_on


async def test_a_way_that_stays_shut_is_tried_again_later_and_operators_see_why(
    chat: Chat,
) -> None:
    chat.post.refuses = [CannotSend("down", code="channel_down", retryable=True)] * 5
    await chat.brings("家里水管漏了")
    await chat.work(rounds=5)
    desk = await chat.operator()
    [line] = (await desk.get("/api/conversations")).json()
    [left] = (await desk.get(f"/api/conversations/{line['id']}")).json()["messages"][1:]
    assert (line["unsent"], left["send_error"], left["sent_at"]) == (1, "channel_down", None)
    assert chat.post.sent == []
    await chat.work(rounds=2)
    assert chat.post.sent == [("anna", "您住在哪个小区、哪条街？")]
    [line] = (await desk.get("/api/conversations")).json()
    assert line["unsent"] == 0


async def test_after_a_day_a_way_that_is_shut_waits_for_her_next_message(chat: Chat) -> None:
    chat.post.refuses = [CannotSend("down", code="channel_down", retryable=True)] * 5
    await chat.brings("家里水管漏了")
    await chat.work(hurry=False)
    async with chat.parts.sessions.begin() as session:
        await session.execute(text("UPDATE messages SET created_at = now() - interval '25 hours'"))
    await chat.work()
    [waiting] = await chat.messages()
    assert (waiting.waits, waiting.send_error, chat.post.sent) == (True, "channel_down", [])
    assert (await chat.says("幸福里"))[0] == "您住在哪个小区、哪条街？"


async def test_a_person_who_takes_over_during_a_turn_is_not_talked_over(chat: Chat) -> None:
    await chat.says("家里水管漏了")
    desk = await chat.operator()

    async def take_over(text: str) -> None:
        [line] = (await desk.get("/api/conversations")).json()
        taken = await desk.post(f"/api/conversations/{line['id']}/take-over")
        assert taken.json()["handed_because"] == "taken_over"

    chat.rasa.before = take_over
    assert await chat.says("幸福里三号楼二单元501") == []
    conversation = await chat.conversation()
    whole = (await desk.get(f"/api/conversations/{conversation.id}")).json()
    assert [m["text"] for m in whole["messages"]][-1] == "幸福里三号楼二单元501"
    assert whole["requests"][0]["status"] == "needs_review"
    chat.rasa.before = None
    await desk.post(f"/api/conversations/{conversation.id}/messages", json={"text": "我来办"})
    assert await chat.says("好的") == ["我来办"]
    back = await desk.post(f"/api/conversations/{conversation.id}/hand-back")
    assert (back.json()["handled_by"], back.json()["handed_because"]) == ("assistant", None)
    assert (await chat.says("你好"))[0].startswith("您好")


async def test_danger_that_comes_during_a_turn_makes_its_answer_void(chat: Chat) -> None:
    await chat.says("家里水管漏了")

    async def meanwhile(text: str) -> None:
        chat.rasa.before = None
        await chat.brings("着火了 快来人")

    chat.rasa.before = meanwhile
    said = await chat.says("幸福里三号楼二单元501")
    [request] = await chat.requests()
    assert (request.urgency, request.place, request.unit) == ("emergency", "幸福里", "3-2-501")
    assert "119" in said[0] and not any("对吗" in words for words in said)
    assert chat.rasa.turns == ["家里水管漏了", "幸福里三号楼二单元501"]


async def test_what_moved_on_during_a_turn_is_looked_at_again(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    await chat.says("对")
    [request] = await chat.requests()
    await chat.says("取消")

    async def done(text: str) -> None:
        chat.rasa.before = None
        await chat.becomes(request.tracking_number, Status.DONE)

    chat.rasa.before = done
    before = len(chat.post.sent)
    await chat.brings("对")
    await chat.work(rounds=3)
    said = [words for _, words in chat.post.sent[before:]]
    assert not any("已取消" in words for words in said)
    [request] = await chat.requests()
    assert request.status in ("done", "closed")
