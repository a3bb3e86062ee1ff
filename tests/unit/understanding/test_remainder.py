"""Every number and every time to come is used by a reader or known to be something else."""

from datetime import datetime

import pytest

from intake.understanding.gazetteer import Gazetteer, Place
from intake.understanding.readers import understand
from intake.understanding.remainder import find_numbers
from intake.understanding.spoken_text import Heard

NOW = datetime(2026, 11, 20, 9, 30)
GAZETTEER = Gazetteer([Place("梧桐里", "community", "G01", ())])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("家在石榴巷里头63", ["63"]),
        ("来拿，我这里是22", ["22"]),
        ("门牌是5号之3", ["5", "3"]),
        ("说是十二号，也不晓得对不对", ["十二"]),
        ("我们那栋是三零二", ["三零二"]),
        ("送到7-1204", ["7-1204"]),
        ("后头那排33", ["33"]),
        ("十五栋对面", ["十五"]),
        ("号头是幺三九", ["幺三九"]),
        ("we are at 212, blue door", ["212"]),
        ("ring the bell marked 14", ["14"]),
        ("5#的老人", ["5"]),
        ("九弄里头", ["九"]),
    ],
)
def test_a_number_that_nobody_can_place_is_found(text: str, numbers: list[str]) -> None:
    assert [text[a:b] for a, b in find_numbers(Heard.of(text), ())] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "血压160/95，头有点胀",
        "高压一百九，低压110",
        "血糖13.8，要不要紧",
        "氨氯地平5毫克一天一片",
        "胰岛素打了12个单位",
        "坐63路来的",
        "3号线那头",
        "今年83岁了",
        "我91了",
        "他94岁，耳朵背",
        "八十二岁老太太",
        "一共4800元",
        "金额4800倒是对的",
        "花9800买的",
        "欠费3260",
        "户号末四位0937",
        "尾号8817的手机",
        "车位117被人占了",
        "地下B217那个车位",
        "取件码8-3-2017",
        "住了20天",
        "2019年的事",
        "七九年进厂",
        "体温38.5",
        "第14床",
        "两百多步",
        "三四个人",
        "七八成新",
        "要两份",
        "一百四十斤",
        "三三两两的人",
        "120叫了没有",
        "打110也没用",
        "12点还在唱",
        "九点多就睡了",
        "3个月没来",
        "9月到11月",
        "30%的折扣",
        "24小时都行",
        "六楼没电梯",
        "18层",
        "she is 83 years old",
        "he just turned 65.",
        "about 2,300 yuan",
        "at age 77",
        "bus 12 does not stop",
        "bay 58",
        "20 minutes late",
        "floor 9",
    ],
)
def test_a_number_that_counts_or_measures_something_is_explained(text: str) -> None:
    assert not list(find_numbers(Heard.of(text), ()))


def codes(text: str, category: str = "home_repair") -> set[str]:
    read = understand(
        text, received_at=NOW, ranking=[(category, 0.95)], gazetteer=GAZETTEER, unarranged={"noise"}
    )
    return {reason.code for reason in read.reasons}


@pytest.mark.parametrize(
    ("text", "category", "code"),
    [
        ("梧桐里3号楼2单元501水管漏了", "home_repair", None),
        ("梧桐里3号楼2单元501水管漏了，63", "home_repair", "number_unexplained"),
        ("这周六放不放假，梧桐里水管漏了", "home_repair", "time_unexplained"),
        ("梧桐里晚上11点还在吵", "noise", None),
    ],
)
def test_what_is_not_explained_keeps_a_request_from_being_decided_alone(
    text: str, category: str, code: str | None
) -> None:
    assert codes(text, category) == ({code} if code else set())


@pytest.mark.parametrize(
    ("text", "danger", "urgency"),
    [
        ("我姓庞，13900551182", 0.15, "normal"),
        ("梧桐里3号楼2单元501", 0.2, "normal"),
        ("我姓庞，13900551182", 0.5, "urgent"),
        ("张桂芳没气了，梧桐里", 0.9, "emergency"),
        ("他坐在那里不说话，也不吃东西，梧桐里", 0.2, "urgent"),
    ],
)
def test_an_answer_alone_is_too_little_to_learn_a_doubt_from(
    text: str, danger: float, urgency: str
) -> None:
    read = understand(text, received_at=NOW, ranking=(), gazetteer=GAZETTEER, danger=danger)
    assert read.urgency == urgency
