"""What a resident says is taken in: questions, another time, a number and nothing more."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.support.chat import Chat

MORNING = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


async def test_a_question_of_fact_is_answered_honestly_and_reaches_a_person(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501家里水管漏了")
    answer, again = await chat.says("换水管要钱吗")
    assert answer == "这个我说不准，记下来了，工作人员会告诉您。"
    assert again.endswith("对吗？")
    await chat.says("对")
    [request] = await chat.requests()
    assert request.status == "needs_review"
    [why] = request.reasons
    assert (why["code"], "要钱吗" in why["zh"]) == ("chat_question", True)


async def test_what_holds_information_is_noted(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501家里水管漏了")
    for words in ("跟四栋中间那个门进", "轮椅能折的", "以前干过木匠，工具都有"):
        assert (await chat.says(words))[0] == "记下了。"
    [request] = await chat.requests()
    assert "轮椅能折的" in (request.text or "")


async def test_a_filed_request_is_put_to_another_time(chat: Chat) -> None:
    await chat.says("明天上午九点要用车，从幸福里三号楼二单元501走", received_at=MORNING)
    await chat.says("对", received_at=MORNING)
    [request] = await chat.requests()
    await chat.age(request.tracking_number, "3 hours")
    [asked] = await chat.says("改期了", received_at=MORNING)
    assert asked == f"要改到哪天、几点？编号 {request.tracking_number}，出行接送。"
    [done] = await chat.says("后天下午两点", received_at=MORNING)
    assert done.startswith(f"编号 {request.tracking_number} 改好了")
    [request] = await chat.requests()
    assert request.when_start == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


async def test_a_request_is_put_off_in_one_message(chat: Chat) -> None:
    await chat.says("明天上午九点要用车，从幸福里三号楼二单元501走", received_at=MORNING)
    await chat.says("对", received_at=MORNING)
    [request] = await chat.requests()
    await chat.age(request.tracking_number, "3 hours")
    [done] = await chat.says("车改到后天上午九点", received_at=MORNING)
    assert done.startswith(f"编号 {request.tracking_number} 改好了")


async def test_who_gives_only_a_number_and_goes_away_is_not_forgotten(chat: Chat) -> None:
    await chat.says("13812345678，这个打得通")
    [request] = await chat.requests()
    assert (request.status, request.phone) == ("received", "13812345678")
    await chat.age(request.tracking_number, "11 minutes")
    await chat.work(rounds=2)
    [request] = await chat.requests()
    assert (request.status, request.reasons[0]["code"]) == ("needs_review", "chat_abandoned")
    assert (await chat.conversation()).state == {}


async def test_what_was_told_before_the_need_becomes_one_request_with_it(chat: Chat) -> None:
    await chat.says("13812345678，这个打得通")
    await chat.says("家里水管漏了，幸福里三号楼二单元501")
    await chat.says("对")
    [request] = await chat.requests()
    assert (request.status, request.category) == ("routed", "home_repair")


async def test_danger_that_is_taken_back_is_shown_and_the_need_goes_on(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501家里水管漏了")
    told = (await chat.says("救命啊，有人拿刀要杀人"))[0]
    assert "119" in told
    back, again = await chat.says("没有没有，是电视里在打")
    assert back == "好，您说没有危险，我已经告诉值班人员，由他们来定。"
    assert again.endswith("对吗？") and "居家维修" in again
    await chat.says("对")
    need, emergency = sorted(await chat.requests(), key=lambda r: r.urgency, reverse=True)
    assert (emergency.urgency, emergency.status) == ("emergency", "needs_review")
    assert "danger_taken_back" in [why["code"] for why in emergency.reasons]
    assert (need.category, need.unit, need.status) == ("home_repair", "3-2-501", "routed")


async def test_danger_that_goes_on_is_not_taken_back(chat: Chat) -> None:
    await chat.says("家里着火了 快来人")
    said = await chat.says("不是开玩笑，真的着火了")
    assert "119" in said[-1] or "您在哪里" in said[-1]
    [request] = await chat.requests()
    assert "danger_taken_back" not in [why["code"] for why in request.reasons]


async def test_in_danger_nobody_waits_for_an_appointment_and_the_home_is_joined(
    chat: Chat,
) -> None:
    await chat.says("明天上午要用车，幸福里7号楼1单元", received_at=MORNING)
    await chat.says("快来人，我胸口疼得喘不上气", received_at=MORNING)
    await chat.says("1502 家里就我一人", received_at=MORNING)
    [request] = await chat.requests()
    assert (request.urgency, request.when_start) == ("emergency", None)
    assert (request.place, request.unit) == ("幸福里", "7-1-1502")
