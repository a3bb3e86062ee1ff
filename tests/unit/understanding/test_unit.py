"""Building, unit and room, however they are said or mangled."""

import pytest

from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units, read_unit, room_digits

SAID = [
    ("三号楼二单元五零一", "3-2-501"),
    ("3-2-501", "3-2-501"),
    ("12栋 1单元 1602", "12-1-1602"),
    ("十二号楼三门四零二", "12-3-402"),
    ("5号楼602室", "5-602"),
    ("五杠六零二", "5-602"),
    ("三杠二杠五零一", "3-2-501"),
    ("二十一号楼一单元一百零二", "21-1-102"),
    ("7号楼3单元", "7-3"),
    ("八号楼", "8"),
    ("十七栋，三单元五层，五零二", "17-3-502"),
    ("三号楼。灯坏了。三号楼二单元602", "3-2-602"),
    ("一号楼？不对，二号楼三单元201", "2-3-201"),
    ("2单元，5号楼，5号楼2单元302", "5-2-302"),
    ("10座1204", "10-1204"),
    ("六号楼，那个，四单元，三零二", "6-4-302"),
    ("我是902的业主", "902"),
    ("Building 3, unit 2, room 501", "3-2-501"),
    ("apartment 1204 in block 7", "7-1204"),
    ("Building two, apartment 503", "2-503"),
    ("building nine, unit two, flat four oh one", "9-2-401"),
    ("２号楼１单元３０２", "2-1-302"),
    ("三號樓二單元五零一", "3-2-501"),
    ("15号楼三单元 1801 房", "15-3-1801"),
]
HEARD = [
    ("11号楼1.2", "11-102"),
    ("3-4单元60亿", "3-4-601"),
    ("18洞一单元26.0亿", "18-1-2601"),
    ("石号楼", "10"),
    ("16号罗203", "16-203"),
    ("一号楼部队二号楼", "2"),
    ("就住在十期号楼三单元", "17-3"),
]
NONE = [
    "五楼的灯坏了",
    "中山路56号门口",
    "取件码8-3-2017",
    "我今年82岁",
    "地下B2-118车位",
    "12月3号上午",
    "血压150到90",
    "工单尾号2291",
    "七点到九点",
    "每天8-9点",
    "2026-11-20",
    "家里一百二十平",
    "买2-3斤苹果",
    "",
]


def unit_of(text: str, *, spoken: bool = False, place_end: int | None = None) -> str | None:
    heard = Heard.of(text, spoken=spoken)
    found = read_unit(heard, find_units(heard), place_end)
    return found.value if found else None


@pytest.mark.parametrize(("text", "unit"), SAID)
def test_a_unit_is_read_in_any_spoken_form(text: str, unit: str) -> None:
    assert unit_of(text) == unit


@pytest.mark.parametrize(("text", "unit"), HEARD)
def test_a_unit_is_read_through_what_recognisers_make_of_digits(text: str, unit: str) -> None:
    assert unit_of(text, spoken=True) == unit


@pytest.mark.parametrize("text", NONE)
def test_other_numbers_are_no_unit(text: str) -> None:
    assert unit_of(text) is None


def test_a_bare_room_counts_right_after_the_place() -> None:
    assert unit_of("望江楼2006", place_end=3) == "2006"
    assert unit_of("望江楼十五层1508", place_end=3) == "1508"
    assert unit_of("望江楼2006年建的", place_end=3) is None


def test_the_unit_next_to_the_place_wins() -> None:
    text = "对面2号楼吵，我在梧桐苑5号楼301"
    assert unit_of(text, place_end=12) == "5-301"


def test_a_guessed_digit_lowers_the_confidence() -> None:
    sure = Heard.of("十号楼", spoken=True)
    guessed = Heard.of("石号楼", spoken=True)
    one, other = (read_unit(heard, find_units(heard), None) for heard in (sure, guessed))
    assert one is not None
    assert other is not None
    assert other.confidence < one.confidence


@pytest.mark.parametrize(
    ("spoken", "room"),
    [("五零一", "501"), ("1.2", "102"), ("26.01", "2601"), ("五百零三", "503"), ("1", None)],
)
def test_room_digits(spoken: str, room: str | None) -> None:
    assert room_digits(spoken) == room


def spoken(text: str, place_end: int | None = None) -> tuple[str, float]:
    heard = Heard.of(text, spoken=True)
    found = read_unit(heard, find_units(heard), place_end)
    assert found is not None
    return found.value, found.confidence


def test_a_ten_that_got_lost_before_the_building_is_put_back_and_unsure() -> None:
    assert spoken("松鹤公寓时,6号楼203", 4) == ("16-203", 0.5)
    assert spoken("松鹤公寓是6号楼203", 4) == ("6-203", 0.5)
    assert spoken("松鹤公寓6号楼203", 4) == ("6-203", 0.95)


@pytest.mark.parametrize("text", ["2号楼2门5103", "10-1006"])
def test_a_room_that_no_building_has_is_unsure(text: str) -> None:
    assert spoken(text)[1] < 0.55


def test_a_misheard_building_before_a_stairway_is_one() -> None:
    assert spoken("十二号路三门402")[0] == "12-3-402"
