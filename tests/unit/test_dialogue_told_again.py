"""What a later message says of what is known: another hour, another day, another need, a name."""

# ruff: noqa: E501 (Han characters count double; a row is read best in one line)

from datetime import datetime
from typing import Any

import pytest

from intake.conversation.clauses import worth_ranking
from intake.conversation.context import corrected
from intake.conversation.form import State, Turn, respond, same_day
from intake.conversation.form.times import on_known_day
from intake.understanding import replies
from intake.understanding.readers import understand
from intake.understanding.values import Field, Window
from tests.support.dialogue import CATALOGUE, Dialogue

NOW = datetime(2026, 11, 20, 20, 0)  # a Friday evening
DIALOGUE = Dialogue(
    NOW,
    [
        ("幸福里", "community", "东片", []),
        ("安康里", "community", "西片", []),
        ("县人民医院", "facility", "西片", ["县医院"]),
    ],
)
said, talk, PLACES = DIALOGUE.said, DIALOGUE.talk, DIALOGUE.places


def window(said: str) -> Field[Window]:
    """`11-25 09:00-12:00`, of 2026."""
    day, hours = said.split()
    start, end = (datetime.fromisoformat(f"2026-{day}T{hour}") for hour in hours.split("-"))
    return Field(Window(start, end), None, 1.0)


def shown(value: Window) -> str:
    return f"{value.start:%m-%d %H:%M}-{value.end:%H:%M}"


WHOLE = "00:00-23:59"


@pytest.mark.parametrize(
    ("known", "said", "hours"),
    [
        (f"11-25 {WHOLE}", "几点他没讲，就下午", "11-25 14:00-18:00"),
        (f"11-25 {WHOLE}", "那就上午吧", "11-25 09:00-12:00"),
        (f"11-21 {WHOLE}", "八点半走", "11-21 08:30-09:30"),
        (f"11-21 {WHOLE}", "晚上七点", "11-21 19:00-20:00"),
        (f"11-25 {WHOLE}", "我姓张，下午都行", "11-25 14:00-18:00"),
        (f"11-25 {WHOLE}", "我下午要去医院", None),
        (f"11-25 {WHOLE}", "下午不行", None),
        (f"11-25 {WHOLE}", "两个人的份", None),
        (f"11-25 {WHOLE}", "后天下午", None),
    ],
)
def test_a_time_of_day_is_one_of_the_day_that_is_known(
    known: str, said: str, hours: str | None
) -> None:
    found = on_known_day(window(known), said)
    assert (shown(found.value) if found else None) == hours


@pytest.mark.parametrize(
    ("known", "read", "said", "hours"),
    [
        # Corrected to another day of the week that is known, not of this one.
        ("12-02 07:30-08:30", f"11-26 {WHOLE}", "挪到周四了，钟点没动", "12-03 07:30-08:30"),
        ("12-02 07:30-08:30", f"11-26 {WHOLE}", "改周四吧，还那个点", "12-03 07:30-08:30"),
        ("12-02 07:30-08:30", f"11-26 {WHOLE}", "周四", "11-26 07:30-08:30"),
        ("11-25 08:00-09:00", f"12-03 {WHOLE}", "是下周四，时间没变", "12-03 08:00-09:00"),
        ("11-25 08:00-09:00", "12-03 14:00-18:00", "改到下周四下午", "12-03 14:00-18:00"),
    ],
)
def test_a_corrected_day_keeps_the_hours_and_the_week(
    known: str, read: str, said: str, hours: str
) -> None:
    assert shown(same_day(window(known), window(read), said).value) == hours


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("礼拜五上午九点到十点半我在，不行，那天要抽血，改成礼拜六吧，还那个点", "when", "11-21 09:00-10:30"),
        ("瓦窑湾，5栋，门牌掉了，应该是3-6", "unit", "5-3-6"),
        ("三号楼402，不是402，是401", "unit", "3-401"),
        ("明天下午，改成后天吧", "when", "11-22 14:00-18:00"),
        ("明天早上来人行不行？不行，早上我去看牙，改下午吧", "when", "11-21 14:00-18:00"),
    ],
)  # fmt: skip
def test_a_correction_within_a_message_keeps_what_it_leaves_open(
    text: str, name: str, value: str
) -> None:
    start = replies.instead(text)
    now = datetime(2026, 11, 18, 10, 0) if "礼拜五" in text else NOW

    def read(part: str) -> Any:
        return understand(part, received_at=now, ranking=(), gazetteer=PLACES)

    found = corrected(read(text), read(text[:start]), read(text[start:]), text, start).get(name)
    assert found is not None
    assert (shown(found.value) if name == "when" else found.value) == value


def value(turn: Turn, name: str) -> Any:
    field = turn.state.drafts[0].read.get(name)
    return field.value if field else None


HOME = (("想请人陪我看病", "medical_escort"), ("幸福里3号楼501", "inform"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("县医院，明天早上八点", "幸福里"),
        ("去县人民医院", "幸福里"),
        ("我住县医院家属楼后头", "县人民医院"),
        ("搬到安康里了", "安康里"),
        ("错了，是县医院接", "县人民医院"),
    ],
)
def test_a_hospital_named_once_the_home_is_known_is_where_she_goes(text: str, place: str) -> None:
    assert value(talk(*HOME, (text, "inform")), "place") == place


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("小蒋", "小蒋"),
        ("阿荣伯", "阿荣伯"),
        ("安康里12号楼201，阿古拉", "阿古拉"),
        ("安康里12号楼201 老迟", "老迟"),
        ("钟，钟表的钟", "钟"),
        ("我姓吕，双口的吕", "吕"),
        ("小路", None),
        ("老家", None),
        ("漏水", None),
    ],
)
def test_a_familiar_name_is_an_answer_that_needs_no_question(text: str, name: str | None) -> None:
    assert value(talk(("水管漏了", "home_repair"), (text, "inform")), "person") == name


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        # What is asked for counts before what is told beside it.
        ((("他怕黑不敢冲凉", "counselling", 0.7), ("换成修灯可以吗", "home_repair", 0.5)), "home_repair"),
        ((("先帮她修油烟机", "home_repair", 0.42), ("一点都不吸", "deny", 0.4)), "home_repair"),
        ((("打扫我喊侄女来做", "housekeeping", 0.8), ("来个人给我理个发", "haircut", 0.8)), "haircut"),
        ((("车不要了", "cancel_request", 0.9), ("腿跑不动", "medical_escort", 0.4)), "meal"),
    ],
)  # fmt: skip
def test_the_clause_that_asks_names_the_need_that_replaces_another(
    clauses: tuple[tuple[str, str, float], ...], code: str
) -> None:
    text = "算了，" + "，".join(words for words, _, _ in clauses)
    ranked = tuple((words, ((kind, share),)) for words, kind, share in clauses)
    first = respond(State(), said("想订饭，幸福里3号楼501", "meal"), CATALOGUE)
    turn = respond(first.state, said(text, "inform", 0.3, ranked), CATALOGUE)
    assert turn.state.drafts[0].read.category == code


@pytest.mark.parametrize(
    ("clause", "names_need"),
    [
        ("要不冒烟的那种", False),
        ("最好便宜一点的", False),
        ("买软和的就行", False),
        ("就靠河那头旁边", False),
        ("要修水管", True),
    ],
)
def test_a_clause_that_says_which_kind_names_no_need(clause: str, names_need: bool) -> None:
    assert (clause in worth_ranking(State(), f"想请人帮忙买炭，{clause}，麻烦快点来")) is names_need
