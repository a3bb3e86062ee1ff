"""A home that is told over several messages is one home."""

import pytest

from intake.understanding import unit

TOLD = [
    # known, its words, what the message gives, the message, the home
    ("11", "炼塔小区11栋", "2-503", "2门503，门铃坏了，敲门", "11-2-503"),
    ("3", "3号楼", "4", "4单元的，别的单元好使", "3-4"),
    ("2-3", "住车队家属院2号楼3门，几零几我问他一声", "402", "402室", "2-3-402"),
    (
        "6-1-702",
        "6号楼1单元702",
        "5",
        "是5号楼，我记岔了，单元门牌没错",
        "5-1-702",
    ),
    ("3-2-501", "三号楼二单元501", "5-602", "不对，是5号楼602", "5-602"),
    ("3-2-501", "三号楼二单元501", "5", "不是3号楼，是5号楼", "5-2-501"),
    ("3-2-501", "三号楼二单元501", "5", "我女儿在5号楼", "5"),
    ("3-2-501", "三号楼二单元501", "3", "不是二单元，是三单元", "3-3-501"),
    ("3-2-501", "3-2-501", "502", "502室，刚才打错了", "3-2-502"),
    ("402", "402", "3", "3号楼的", "3-402"),
    ("5-3-6", "5号楼，3-6", "3-5", "3-6是对门，我们是3-5", "5-3-5"),
    ("3-2-501", "三号楼二单元501", "2-602", "2-602", "2-602"),
    ("9", "鲤鱼咀9栋", "404", "404", "9-404"),
    ("甲2", "甲2号楼", "3-101", "三门101", "甲2-3-101"),
    ("88", "石榴巷88弄", "12-602", "12号602室", "88-12-602"),
    ("3", "building 3", "502", "room 502", "3-502"),
    ("22", "唐家垴22号", "24", "是24号，说错了", "24"),
    ("12", "12号楼", "3", "三单元", "12-3"),
    ("B-1203", "B座1203", "A", "错了，A座", "A-1203"),
]


@pytest.mark.parametrize(("known", "words", "found", "text", "home"), TOLD)
def test_a_home_told_over_several_messages_is_one(
    known: str, words: str, found: str, text: str, home: str
) -> None:
    assert unit.continued(known, words, found, text) == home


ALONE = [
    ("402。他叫索长河，耳朵不好", "402"),
    ("1502 家里就我一人", "1502"),
    ("没得门栋，就一个门进去，404", "404"),
    ("五零二，谢谢", "五零二"),
    ("是1203", "1203"),
    ("120打过了", None),
    ("我打了120，没人接", None),
    ("花了300块", None),
    ("13812345678", None),
    ("301，不是302", "301"),
    ("301，302", None),
    ("血压160", None),
]


@pytest.mark.parametrize(("text", "room"), ALONE)
def test_a_number_that_is_a_clause_of_its_own_is_a_room(text: str, room: str | None) -> None:
    at = unit.room_alone(text)
    assert (text[slice(*at)] if at else None) == room
