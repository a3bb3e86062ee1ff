"""What is asked, merged and confirmed in a conversation; pure."""

from datetime import datetime
from typing import Any

import pytest

from intake.conversation.clauses import worth_ranking
from intake.conversation.form import (
    MessageReading,
    State,
    Turn,
    missing,
    respond,
    with_early,
)
from intake.understanding import replies
from tests.support.dialogue import CATALOGUE, Dialogue

NOW = datetime(2026, 11, 20, 10, 0)
DIALOGUE = Dialogue(
    NOW, [("幸福里", "estate", "东片", ["幸福小区"]), ("安康里", "estate", "西片", [])]
)
said, talk = DIALOGUE.said, DIALOGUE.talk


def known(turn: Turn, number: int = 0) -> dict[str, Any]:
    read = turn.state.drafts[number].read
    found = {n: read.get(n) for n in ("place", "unit", "when", "person", "phone")}
    return {name: value.value for name, value in found.items() if value is not None}


def test_each_missing_field_is_asked_for_once_in_the_catalogues_order() -> None:
    turn = talk(("水管漏了", "home_repair"))
    assert (turn.outcome, turn.state.asked) == ("ask", "place")
    turn = talk(("水管漏了", "home_repair"), ("厨房那个一直在流", "home_repair"))
    assert (turn.outcome, turn.state.asked) == ("ask", "unit")
    turn = talk(
        ("水管漏了", "home_repair"), ("厨房那个一直在流", "home_repair"), ("不方便说", "deny")
    )
    assert turn.outcome == "read_back"
    assert missing(turn.state.drafts[0], CATALOGUE) == ["place", "unit"]


@pytest.mark.parametrize(
    "words", ["电话就不给了", "不方便", "算了 不留电话", "没有手机", "I'd rather not"]
)
def test_who_will_not_give_a_phone_is_not_asked_again(words: str) -> None:
    turn = talk(("孩子要人辅导作业", "tutoring"), (words, "deny"))
    assert turn.state.declined == ("phone",)
    assert turn.outcome == "read_back"


@pytest.mark.parametrize(
    ("asked", "words", "field", "value"),
    [
        ("几号楼", "501", "unit", "501"),
        ("几号楼", "3-2-501", "unit", "3-2-501"),
        ("几号楼", "五零一", "unit", "501"),
        ("几号楼", "三号楼二单元501", "unit", "3-2-501"),
    ],
)
def test_a_bare_answer_fills_the_field_that_was_asked_for(
    asked: str, words: str, field: str, value: str
) -> None:
    turn = talk(("幸福里的水管漏了", "home_repair"), (words, "out_of_scope"))
    assert known(turn)[field] == value


def test_the_room_said_after_the_building_joins_it() -> None:
    turn = talk(("幸福里3号楼水管漏了", "home_repair"), ("二单元501", "out_of_scope"))
    assert known(turn)["unit"] == "3-2-501"


def test_a_time_of_day_said_after_the_day_is_on_that_day() -> None:
    turn = talk(("后天要用车", "transport"), ("上午九点", "transport"))
    window = known(turn)["when"]
    assert (window.start, window.end) == (datetime(2026, 11, 22, 9), datetime(2026, 11, 22, 10))


@pytest.mark.parametrize(
    ("first", "more", "start"),
    [
        ("周二下午两点要用车", "哎呀周二不行，改周三吧，还那个点儿", "2026-11-25T14"),
        ("周三早上七点半要用车", "医院刚来电话，挪到周四了，钟点没动", "2026-11-26T07:30"),
        ("周二要用车", "日子没变，早上八点半", "2026-11-24T08:30"),
        ("周二下午要用车", "日子没变，早上八点半", "2026-11-24T08:30"),
        ("周二下午两点要用车", "早上八点半吧", "2026-11-24T08:30"),
        ("后天晚上要用车", "八点", "2026-11-22T20"),
        ("下周要用车", "周三早上七点半", "2026-11-25T07:30"),
        ("后天要用车", "明天早上八点", "2026-11-21T08"),
        ("后天上午要用车", "改成下午", "2026-11-22T14"),
        ("后天上午九点要用车", "大后天吧，时间不变", "2026-11-23T09"),
    ],
)
def test_the_day_or_the_hour_that_was_known_stays(first: str, more: str, start: str) -> None:
    turn = talk((first, "transport"), (more, "transport"))
    assert known(turn)["when"].start == datetime.fromisoformat(start)


def test_yes_files_it_and_a_yes_with_more_in_it_too() -> None:
    whole = ("幸福里3号楼2单元501水管漏了", "home_repair")
    assert talk(whole, ("对", "affirm")).outcome == "submit"
    turn = talk(whole, ("对，电话13812345678", "affirm"))
    assert (turn.outcome, known(turn)["phone"]) == ("submit", "13812345678")


def test_a_no_asks_what_is_wrong_once_and_then_a_person_takes_over() -> None:
    whole = ("幸福里3号楼2单元501水管漏了", "home_repair")
    assert talk(whole, ("不对", "deny")).outcome == "what_is_wrong"
    right = talk(whole, ("不对", "deny"), ("是安康里", "deny"))
    assert (right.outcome, known(right)["place"]) == ("read_back", "安康里")
    assert talk(whole, ("不对", "deny"), ("唉", "deny")).outcome == "hand_over"


def test_small_talk_is_answered_and_the_question_stays() -> None:
    turn = talk(("水管漏了", "home_repair"), ("今天天气真好", "out_of_scope"))
    assert (turn.talk, turn.outcome, turn.state.asked) == ("out_of_scope", "ask", "place")


def test_something_else_instead_keeps_what_is_known() -> None:
    clauses = (("饭先不订了", (("meal", 0.9),)), ("先帮我叫个车吧", (("transport", 0.95),)))
    state = respond(State(), said("给我妈订饭，幸福里", "meal"), CATALOGUE).state
    message = said("饭先不订了 先帮我叫个车吧", "meal", clauses=clauses)
    turn = respond(state, message, CATALOGUE)
    assert turn.state.drafts[0].read.category == "transport"
    assert known(turn)["place"] == "幸福里"


def test_two_needs_of_one_message_share_their_address_and_are_filed_together() -> None:
    clauses = (("水管漏了", (("home_repair", 0.9),)), ("顺便订一份饭", (("meal", 0.9),)))
    message = said("幸福里3号楼2单元501水管漏了，顺便订一份饭", "home_repair", clauses=clauses)
    turn = respond(State(), message, CATALOGUE)
    assert [d.read.category for d in turn.state.drafts] == ["home_repair", "meal"]
    assert known(turn, 1)["unit"] == "3-2-501"
    assert respond(turn.state, said("对", "affirm"), CATALOGUE).outcome == "submit"


def test_the_name_of_who_writes_is_not_that_of_who_is_helped() -> None:
    turn = talk(
        ("替我妈报个修，她叫李秀英，幸福里3号楼2单元501", "home_repair"), ("我姓王", "affirm")
    )
    assert known(turn)["person"] == "李秀英"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("她姓李，我姓王", "李"),
        ("我妈叫赵桂兰，今年八十了", "赵桂兰"),
        ("Her name is Ann Lee", "Ann Lee"),
    ],
)
def test_who_is_helped_is_told_from_who_writes(words: str, name: str) -> None:
    turn = talk(("替我妈报个修，幸福里3号楼2单元501", "home_repair"), (words, "out_of_scope"))
    assert known(turn)["person"] == name


def test_two_needs_are_two_though_the_classifier_is_torn_over_the_whole() -> None:
    clauses = (("马桶堵了", (("home_repair", 0.9),)), ("另外订一份饭", (("meal", 0.9),)))
    message = MessageReading(
        "幸福里3号楼2单元501马桶堵了，另外订一份饭",
        said("幸福里3号楼2单元501马桶堵了，另外订一份饭", "errand", 0.4).read,
        clauses,
    )
    turn = respond(State(), message, CATALOGUE)
    assert [d.read.category for d in turn.state.drafts] == ["home_repair", "meal"]


@pytest.mark.parametrize(
    "words", ["你是机器人吗", "你们是真人吗？", "是不是机器人啊", "Are you a real person?"]
)
def test_who_asks_for_a_machine_is_told_and_the_question_stays(words: str) -> None:
    turn = talk(("水管漏了", "home_repair"), (words, "handoff"))
    assert (turn.talk, turn.outcome, turn.state.asked) == ("robot", "ask", "place")
    assert talk(("水管漏了", "home_repair"), ("帮我转真人", "handoff")).outcome == "hand_over"


def test_abuse_is_borne_and_the_question_stays() -> None:
    turn = talk(("水管漏了", "home_repair"), ("你真笨", "feedback"), ("真是废物", "feedback"))
    assert (turn.talk, turn.outcome, turn.state.asked) == ("rude", "ask", "place")


def test_who_would_rather_not_say_a_number_does_not_ask_for_a_person() -> None:
    turn = talk(("幸福里3号楼2单元501水管漏了", "home_repair"), ("电话不方便留", "handoff"))
    assert (turn.outcome, turn.state.declined) == ("read_back", ("phone",))


def test_a_number_kept_back_with_the_reason_changes_nothing_of_the_need() -> None:
    words = "电话就不给了行不 我怕骗子"
    draft = talk(("幸福里3号楼2单元501楼道灯坏了", "public_facility")).state
    turn = respond(
        draft,
        said(words, "counselling", clauses=[("我怕骗子", (("counselling", 0.9),))]),
        CATALOGUE,
    )
    assert turn.state.drafts[0].read.category == "public_facility"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Willow Gardens", "Willow Gardens"),
        ("Meihuayuan.", "Meihuayuan"),
        ("What?", None),
        ("Hi", None),
    ],
)
def test_a_name_in_english_answers_the_question_where(words: str, place: str | None) -> None:
    turn = talk(("the tap is dripping", "home_repair"), (words, "out_of_scope"))
    assert known(turn).get("place") == place


def test_not_wanted_any_more_drops_the_draft() -> None:
    assert talk(("水管漏了", "home_repair"), ("算了不修了", "cancel_request")).outcome == "drop"


def test_a_guess_that_is_too_weak_opens_nothing() -> None:
    turn = respond(State(), said("我儿子在深圳上班", "benefits", 0.2), CATALOGUE)
    assert (turn.outcome, turn.state.drafts) == ("none", ())


def test_a_state_survives_being_stored() -> None:
    turn = talk(("幸福里3号楼水管漏了 明天下午来 13812345678", "home_repair"), ("不对", "deny"))
    assert State.from_json(turn.state.to_json()) == turn.state


@pytest.mark.parametrize(
    ("words", "points"),
    [
        ("5", 5),
        ("打四分", 4),
        ("还行吧", 3),
        ("太差了", 1),
        ("非常满意", 5),
        ("不太满意", 2),
        ("蓝色", None),
    ],
)
def test_a_rating_is_read_in_points_or_words(words: str, points: int | None) -> None:
    assert replies.points(words) == points


def test_what_is_said_before_the_need_is_not_lost() -> None:
    early = with_early(State(), said("13912345678，这个打得通", "out_of_scope"))
    assert early is not None
    more = with_early(early, said("幸福里3号楼2单元501", "out_of_scope"))
    assert more is not None
    stored = State.from_json(more.to_json())
    turn = respond(stored, said("水管漏了", "home_repair"), CATALOGUE)
    assert turn.outcome == "read_back"
    assert known(turn) == {"place": "幸福里", "unit": "3-2-501", "phone": "13912345678"}
    draft = turn.state.drafts[0]
    place = draft.read.place
    assert place is not None and place.evidence is not None
    assert draft.text[slice(*place.evidence)] == "幸福里"


@pytest.mark.parametrize("text", ["你好", "谢谢", "今儿天真好啊"])
def test_words_without_any_field_leave_nothing_behind(text: str) -> None:
    assert with_early(State(), said(text, "greet")) is None


@pytest.mark.parametrize(
    "words", ["轮椅能折起来的", "就在花坛跟车棚中间那里", "我家有条狗，拴着的", "要会说方言的最好"]
)
def test_what_belongs_to_the_need_is_noted_when_it_is_read_back(words: str) -> None:
    turn = talk(("幸福里3号楼2单元501水管漏了", "home_repair"), (words, "home_repair"))
    assert (turn.outcome, turn.noted, turn.missed) == ("read_back", True, False)
    assert turn.state.drafts[0].text.endswith(words)


@pytest.mark.parametrize(
    "words",
    [
        "我不留名了",
        "名字就不说了",
        "姓名别写",
        "匿名吧",
        "不报姓名",
        "I won't give my name",
    ],
)
def test_who_will_not_give_a_name_is_understood_whenever_it_is_said(words: str) -> None:
    turn = talk(("幸福里3号楼2单元501水管漏了", "home_repair"), (words, "out_of_scope"))
    assert "person" in turn.state.declined and not turn.missed


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("402。等等，我看看", "402"),
        ("就501，电梯上来右手", "501"),
        ("3-2-501，门口有棵树", "3-2-501"),
        ("四零二，快点", "402"),
    ],
)
def test_a_room_at_the_beginning_of_an_answer_is_taken(words: str, unit: str) -> None:
    turn = talk(("幸福里的水管漏了", "home_repair"), (words, "out_of_scope"))
    assert known(turn)["unit"] == unit


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("车先别派了", True),
        ("不用来了", True),
        ("不用再来人了", True),
        ("甭修了", True),
        ("别送了", True),
        ("先不约", True),
        ("不要紧了", False),
        ("别提了", False),
        ("他不来了", False),
        ("不客气了", False),
    ],
)
def test_who_wants_nothing_any_more_is_understood(words: str, wanted: bool) -> None:
    assert replies.drops(words, likely=False) is wanted


def two_needs() -> State:
    clauses = (
        ("下周二给我安排个车", (("transport", 0.9),)),
        ("再找个人陪我看眼睛", (("medical_escort", 0.9),)),
    )
    text = "下周二给我安排个车，再找个人陪我看眼睛"
    return respond(State(), said(text, "transport", clauses=clauses), CATALOGUE).state


@pytest.mark.parametrize(
    ("words", "clauses", "stays"),
    [
        ("车不要了", (("车不要了", (("transport", 0.8),)),), "medical_escort"),
        ("人不用来了，车还要", (("人不用来了", (("medical_escort", 0.7),)),), "transport"),
        (
            "车不要了，你们出个人陪我",
            (
                ("他开车拉我", (("transport", 0.5),)),
                ("车不要了", (("transport", 0.6),)),
                ("你们出个人陪我", (("medical_escort", 0.8),)),
            ),
            "medical_escort",
        ),
    ],
)
def test_of_two_needs_one_can_be_taken_back(words: str, clauses: Any, stays: str) -> None:
    turn = respond(two_needs(), said(words, "cancel_request", clauses=clauses), CATALOGUE)
    assert [draft.read.category for draft in turn.state.drafts] == [stays]
    assert turn.outcome in ("ask", "read_back")


def test_another_need_instead_is_taken_from_the_clause_that_asks_for_it() -> None:
    state = respond(State(), said("想订饭", "meal"), CATALOGUE).state
    words = "算了饭不订。帮我找人看看冰箱，不冷了"
    clauses = (
        ("算了饭不订", (("cancel_request", 0.8),)),
        ("帮我找人看看冰箱", (("home_repair", 0.45),)),
    )
    turn = respond(state, said(words, "cancel_request", clauses=clauses), CATALOGUE)
    assert [draft.read.category for draft in turn.state.drafts] == ["home_repair"]


@pytest.mark.parametrize("words", ["不 急", "你们 方便 时候", "什么 时候 都 行"])
def test_words_with_spaces_between_them_are_understood(words: str) -> None:
    state = respond(State(), said("幸福里3号楼2单元501要人陪我去医院", "medical_escort"), CATALOGUE)
    turn = respond(state.state, said(words, "deny"), CATALOGUE)
    assert "when" in turn.state.declined


def test_a_wish_beside_the_need_is_no_small_talk() -> None:
    turn = talk(("我妈要找人帮洗澡", "personal_care"))
    turn = respond(turn.state, said("最好是女的，力气大点", "out_of_scope", 0.55), CATALOGUE)
    assert turn.talk is None


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("5-3-602", ["幸福里5栋", "3单元602。周四下午两点"]),
        ("5-3-602", ["幸福里5栋", "三单元六零二"]),
        ("5-3-602", ["幸福里，5号楼", "3单元，602室"]),
        ("10-607", ["幸福里", "10 号楼 不知道 几 单元 607"]),
        ("5-501", ["幸福里5栋", "501室"]),
        ("5-2-501", ["幸福里5栋", "2单元", "501室"]),
        ("42", ["幸福里", "42号"]),
        ("42", ["幸福里", "就42号"]),
        ("5-2-301", ["幸福里5栋2单元302", "说错了，是301"]),
        ("7-2-403", ["幸福里7栋2单元403", "周六下午吧"]),
    ],
)
def test_what_is_said_later_completes_the_home(unit: str, texts: list[str]) -> None:
    turn = talk(("水管漏了", "home_repair"), *((text, "home_repair") for text in texts))
    assert known(turn)["unit"] == unit


@pytest.mark.parametrize(
    "text",
    [
        "等一下，她在旁边说周六要去安康里，那改下周一上午",
        "哎呀周四我得上安康里开会，改周五吧，还那个点儿",
        "周日要去安康里看闺女，周一再来吧",
        "明天得去安康里，后天上午行不行",
        "I have to go to 安康里 on Friday, make it Monday morning",
        "下午我要陪老伴去安康里，换成晚上",
    ],
)
def test_a_place_somebody_goes_to_leaves_the_home_as_it_is(text: str) -> None:
    turn = talk(
        ("水管漏了", "home_repair"), ("幸福里7栋2单元403", "home_repair"), (text, "home_repair")
    )
    assert (known(turn)["place"], known(turn)["unit"]) == ("幸福里", "7-2-403")


@pytest.mark.parametrize(
    "text",
    ["说错了，是安康里", "不是幸福里，是安康里", "搬到安康里了，2栋3单元501", "安康里7栋2单元403"],
)
def test_a_corrected_place_replaces_the_home(text: str) -> None:
    turn = talk(
        ("水管漏了", "home_repair"), ("幸福里7栋2单元403", "home_repair"), (text, "home_repair")
    )
    assert known(turn)["place"] == "安康里"


def test_a_surname_alone_after_the_reading_back_is_the_name() -> None:
    turn = talk(("幸福里3号楼2单元501水管漏了", "home_repair"), ("魏", "greet"))
    assert known(turn)["person"] == "魏"


def test_a_moved_home_keeps_nothing_of_the_old_one() -> None:
    turn = talk(
        ("水管漏了", "home_repair"),
        ("幸福里5栋", "home_repair"),
        ("说错了，是安康里3单元602", "home_repair"),
    )
    assert (known(turn)["place"], known(turn)["unit"]) == ("安康里", "3-602")


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("家里水管漏了，在紫罗兰花盆旁边", []),
        ("灯坏了不亮，就在电梯门口", []),
        ("家里水管漏了，还想订两份饭", ["家里水管漏了", "还想订两份饭"]),
        ("在家门口摔过的老人要人陪，想订两份饭", ["在家门口摔过的老人要人陪", "想订两份饭"]),
    ],
)
def test_a_clause_that_only_says_where_names_no_need(text: str, clauses: list[str]) -> None:
    assert worth_ranking(State(), text) == clauses
