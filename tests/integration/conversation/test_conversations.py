"""A resident writes: the request is arranged, filed, changed, cancelled, rated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from intake.lifecycle import Status
from intake.settings import ROOT
from speech import Transcript
from tests.support.chat import Chat


async def test_one_thing_is_asked_at_a_time_and_the_request_is_filed_once(chat: Chat) -> None:
    assert await chat.says("家里水管漏了") == ["您住在哪个小区、哪条街？"]
    [draft] = await chat.requests()
    assert (draft.status, draft.category, draft.channel) == ("received", "home_repair", "webchat")
    assert await chat.says("幸福里") == ["几号楼、几单元、几零几？"]
    [read_back] = await chat.says("三号楼二单元501")
    assert "居家维修" in read_back and "幸福里" in read_back and read_back.endswith("对吗？")
    filed, passed_on = await chat.says("对")
    [request] = await chat.requests()
    assert request.tracking_number in filed and request.tracking_number in passed_on
    assert (request.status, request.place, request.unit) == ("routed", "幸福里", "3-2-501")
    assert request.area == "东片"


async def test_what_was_said_at_once_is_not_asked_again(chat: Chat) -> None:
    [read_back] = await chat.says("幸福里三号楼二单元501的灯坏了")
    assert read_back.endswith("对吗？")


async def test_any_field_can_be_corrected_until_it_is_right(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了，明天下午来")
    first, read_back = await chat.says("不是明天，是后天")
    assert first == "好的，改过来了。" and "下午2点到6点" in read_back
    first, read_back = await chat.says("不是三号楼，是五号楼二单元501")
    assert "五号楼二单元501" in read_back
    await chat.says("对")
    [request] = await chat.requests()
    assert request.unit == "5-2-501"


@pytest.mark.parametrize(
    ("correction", "field", "value"),
    [
        ("不对，是安康里", "place", "安康里"),
        ("门牌错了，应该是5号楼1单元201", "unit", "5-1-201"),
        ("电话不对，应该是13987654321", "phone", "13987654321"),
        ("我不姓王，我姓汪", "person", "汪"),
        ("不是修灯，换成订一份饭", "category", "meal"),
    ],
)
async def test_every_field_can_be_corrected_after_it_was_read_back(
    chat: Chat, correction: str, field: str, value: str
) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了，我姓王，电话13812345678")
    read_back = (await chat.says(correction))[-1]
    assert read_back.endswith("对吗？")
    await chat.says("对")
    [request] = await chat.requests()
    assert (getattr(request, field), request.status) == (value, "routed")


async def test_a_picture_is_kept_with_the_need_and_shown_to_operators(chat: Chat) -> None:
    assert await chat.shows() == ["图片收到了，是什么事，您说一句。"]
    await chat.says("家里水管漏了")
    assert await chat.shows() == ["图片收到了。"]
    [request] = await chat.requests()
    first, _, second = await chat.messages("in")
    assert (first.service_request_id, second.service_request_id) == (None, request.id)
    desk = await chat.operator()
    [line] = (await desk.get("/api/conversations")).json()
    whole = (await desk.get(f"/api/conversations/{line['id']}")).json()
    assert [m["media_type"] for m in whole["messages"] if m["kind"] == "image"] == [
        "image/jpeg",
        "image/jpeg",
    ]


async def test_danger_in_what_else_a_voice_message_may_have_said_raises_the_alarm(
    chat: Chat,
) -> None:
    class Unsure:
        def transcribe(self, path: Any, language: str | None = None) -> Transcript:
            garbled = Transcript("家里照货了快来", "zh", "test", "test", (), 1.0, 1.0, 0.4, ())
            return replace(garbled, alternatives=("家里着火了快来",))

        def close(self) -> None:
            """Nothing to give back."""

    chat.parts.transcriber = Unsure()  # type: ignore[assignment]
    told, where = await chat.speaks("")
    [request] = await chat.requests()
    assert "119" in told and "您在哪里" in where
    assert (request.urgency, request.recording_id is not None) == ("emergency", True)


async def test_silence_in_a_voice_message_goes_to_a_person_who_hears_it(chat: Chat) -> None:
    [told] = await chat.speaks("")
    [request] = await chat.requests()
    assert "工作人员会看" in told and request.reasons[0]["code"] == "no_speech"
    assert request.recording_id is not None


@pytest.mark.parametrize(
    ("words", "points", "status", "tasks"),
    [("还行吧", 3, "closed", 0), ("5分", 5, "closed", 0), ("太差了", 1, "done", 1)],
)
async def test_what_was_done_is_rated_and_operators_see_a_low_one(
    chat: Chat, words: str, points: int, status: str, tasks: int
) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    await chat.says("对")
    [request] = await chat.requests()
    await chat.becomes(request.tracking_number, Status.DONE)
    await chat.says(words)
    [request] = await chat.requests()
    assert (request.rating, request.status) == (points, status)
    desk = await chat.operator()
    shown = (await desk.get(f"/api/requests/{request.tracking_number}")).json()
    assert len([t for t in shown["tasks"] if t["kind"] == "low_rating"]) == tasks


async def test_a_yes_from_long_ago_cancels_nothing(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    await chat.says("对")
    assert (await chat.says("取消"))[0].endswith("对吗？")
    await chat.says("我报的事怎么样了")
    await chat.says("对")
    [request] = await chat.requests()
    assert request.status == "routed"


async def test_danger_at_any_point_interrupts_and_what_follows_belongs_to_it(chat: Chat) -> None:
    await chat.says("我想订一份饭")
    told, where = await chat.says("哎呀 锅里的油烧着了 火窜到抽油烟机上了")
    [request] = await chat.requests()
    assert (request.urgency, request.status) == ("emergency", "needs_review")
    assert "120" in told and request.tracking_number in told and "您在哪里" in where
    assert any(job[0] == "alarm" for job in await chat.jobs())
    turns = len(chat.rasa.turns)
    assert len(await chat.says("幸福里2号楼101")) == 1
    [request] = await chat.requests()
    assert (request.place, request.unit, request.category) == ("幸福里", "2-101", "meal")
    assert len(chat.rasa.turns) == turns


async def test_danger_that_only_the_classifier_sees_raises_the_alarm_too(chat: Chat) -> None:
    chat.rasa.dangers = {"发黑": 0.95}
    told, _ = await chat.says("眼前发黑站都站不住")
    [request] = await chat.requests()
    assert (request.urgency, "119" in told) == ("emergency", True)


async def test_danger_is_answered_though_the_assistant_is_dead(chat: Chat) -> None:
    chat.rasa.up = False
    told, _ = await chat.says("家里着火了 快来人")
    assert "119" in told
    [request] = await chat.requests()
    assert request.urgency == "emergency"


@pytest.mark.parametrize("failure", ["dead", "silent"])
async def test_without_an_assistant_a_person_reads_and_the_resident_is_told_once(
    chat: Chat, failure: str
) -> None:
    chat.rasa.up, chat.rasa.silent = failure != "dead", failure == "silent"
    await chat.brings("家里水管漏了")
    await chat.brings("幸福里三号楼二单元501")
    await chat.work(rounds=20)
    [request] = await chat.requests()
    assert [r["code"] for r in request.reasons] == ["assistant_unreachable"]
    assert (request.status, request.place, request.unit) == ("needs_review", "幸福里", "3-2-501")
    assert [words for _, words in chat.post.sent if "工作人员会看" in words] == [
        chat.post.sent[0][1]
    ]
    assert len(chat.post.sent) == 1
    chat.rasa.up, chat.rasa.silent = True, False
    await chat.work(rounds=3)
    assert (chat.rasa.turns, len(await chat.requests())) == ([], 1)
    assert (await chat.says("你好"))[0].startswith("您好")


async def test_a_turn_that_died_after_rasa_had_moved_on_is_said_and_done_once(chat: Chat) -> None:
    await chat.says("家里水管漏了")
    died: list[str] = []

    def die(text: str) -> None:
        if text not in died:
            died.append(text)
            raise ConnectionError("kill -9")

    chat.rasa.after = die
    await chat.brings("幸福里三号楼二单元501")
    await chat.work(rounds=3)
    assert [words.endswith("对吗？") for _, words in chat.post.sent[1:]] == [True]
    assert chat.rasa.turns.count("幸福里三号楼二单元501") == 2
    await chat.brings("对")
    await chat.work(rounds=3)
    filed = [words for _, words in chat.post.sent if "登记好了" in words]
    [request] = await chat.requests()
    assert (len(filed), request.status) == (1, "routed")


async def test_the_same_message_twice_is_one_message(chat: Chat) -> None:
    assert await chat.brings("家里水管漏了", external_id="x") is not None
    assert await chat.brings("家里水管漏了", external_id="x") is None
    await chat.work(hurry=False)
    assert (len(chat.post.sent), len(await chat.requests())) == (1, 1)


async def test_messages_of_one_resident_are_handled_in_order_and_others_do_not_wait(
    chat: Chat,
) -> None:
    for n in range(4):
        for who in ("anna", "bert"):
            await chat.brings(f"你好 {who} {n}", who)
    await chat.work(hurry=False)
    for who in ("anna", "bert"):
        assert [t for t in chat.rasa.turns if who in t] == [f"你好 {who} {n}" for n in range(4)]


async def test_ten_quiet_minutes_send_the_draft_to_review_with_what_is_known(chat: Chat) -> None:
    await chat.says("家里水管漏了，我在幸福里")
    [draft] = await chat.requests()
    await chat.age(draft.tracking_number, "11 minutes")
    await chat.work(rounds=2)
    [request] = await chat.requests()
    codes = [r["code"] for r in request.reasons]
    assert (request.status, request.place) == ("needs_review", "幸福里")
    assert codes[0] == "chat_abandoned" and "unit_missing" in codes
    assert (await chat.conversation()).state == {}


async def test_a_person_takes_over_answers_and_hands_back(chat: Chat) -> None:
    await chat.says("家里水管漏了")
    assert await chat.says("转人工") == ["好的，请工作人员来跟您说，您稍等。"]
    assert await chat.says("有人吗") == []
    desk = await chat.operator()
    [waiting] = (await desk.get("/api/conversations?handled_by=operator")).json()
    whole = (await desk.get(f"/api/conversations/{waiting['id']}")).json()
    assert [m["text"] for m in whole["messages"] if m["direction"] == "in"] == [
        "家里水管漏了",
        "转人工",
        "有人吗",
    ]
    sent = await desk.post(
        f"/api/conversations/{waiting['id']}/messages", json={"text": "我是小李"}
    )
    assert sent.status_code == 201
    await chat.work(hurry=False)
    assert chat.post.sent[-1] == ("anna", "我是小李")
    back = await desk.post(f"/api/conversations/{waiting['id']}/hand-back")
    assert back.json()["handled_by"] == "assistant"
    assert await chat.says("还要订一份饭") == ["您住在哪个小区、哪条街？"]


@pytest.mark.parametrize("page", ["conversations.md", "conversations.zh.md"])
async def test_the_documentation_names_every_field_that_operators_get(
    chat: Chat, page: str
) -> None:
    await chat.says("家里水管漏了")
    desk = await chat.operator()
    [line] = (await desk.get("/api/conversations")).json()
    whole = (await desk.get(f"/api/conversations/{line['id']}")).json()
    told = (ROOT / "docs" / page).read_text("utf-8")
    names = {*whole["messages"][0], "unsent", "latest", "handed_because", "tracking_number"}
    assert [name for name in names - {"id"} if f"`{name}`" not in told] == []


async def test_two_misunderstandings_in_a_row_bring_a_person(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了")
    chat.rasa.kinds = {"呜": "query_status"}
    first, _ = await chat.says("呜呜啦啦")
    assert first == "这句我没看明白。"
    await chat.says("呜啦呜啦")
    assert (await chat.conversation()).handled_by == "operator"


async def test_two_misunderstandings_in_a_row_bring_a_person_when_nothing_is_arranged(
    chat: Chat,
) -> None:
    chat.rasa.kinds = {**chat.rasa.kinds, "呜": "meal"}
    chat.rasa.share = {"呜": 0.2}
    first = await chat.says("呜呜啦啦")
    assert first == ["这句我没看明白。", "有什么要办的，您说。"]
    await chat.says("你好")
    assert (await chat.says("呜哩哇啦"))[0] == "这句我没看明白。"
    assert await chat.says("呜噜呜噜") == ["好的，请工作人员来跟您说，您稍等。"]
    conversation = await chat.conversation()
    assert (conversation.handled_by, conversation.handed_because) == ("operator", "not_understood")


async def test_earlier_requests_can_be_asked_about_changed_and_cancelled(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了，明天下午来")
    await chat.says("对")
    [told] = await chat.says("我报的事怎么样了")
    [request] = await chat.requests()
    assert request.tracking_number in told and "居家维修" in told
    await chat.says("改成后天上午")
    [changed] = await chat.requests()
    assert changed.when_start is not None and request.when_start is not None
    assert (changed.when_start - request.when_start).total_seconds() == (24 - 5) * 3600
    [ask] = await chat.says("取消")
    assert ask.endswith("对吗？")
    await chat.says("对")
    [cancelled] = await chat.requests()
    assert cancelled.status == "cancelled"


async def test_the_internal_api_is_for_the_actions_only(chat: Chat) -> None:
    body = {"conversation_id": 1, "message_id": 1, "ranking": []}
    refused = await chat.client.post("/internal/understand", json=body)
    assert refused.status_code == 401


async def test_a_number_and_a_home_before_any_need_join_the_request(chat: Chat) -> None:
    noted = ["记下了。", "有什么要办的，您说。"]
    assert await chat.says("13812345678，这个打得通") == noted
    assert await chat.says("幸福里三号楼二单元501") == noted
    [read_back] = await chat.says("家里水管漏了")
    assert all(words in read_back for words in ("居家维修", "幸福里", "13812345678"))
    await chat.says("对")
    [request] = await chat.requests()
    assert (request.place, request.unit, request.phone) == ("幸福里", "3-2-501", "13812345678")


async def test_who_never_names_a_need_gets_a_person(chat: Chat) -> None:
    for words in ("13812345678", "幸福里三号楼二单元501"):
        assert (await chat.says(words))[0] == "记下了。"
    said = await chat.says("安康里")
    assert said == ["好的，请工作人员来跟您说，您稍等。"]
