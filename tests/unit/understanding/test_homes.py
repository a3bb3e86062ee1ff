"""Homes as people from many provinces say them, each beside a place of a small town.

homes.tsv: the home, "-" for none; a tab; the message.
"""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding import replies
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand
from intake.understanding.values import Understanding

TOWN = Gazetteer.from_rows(
    [
        *((name, "road", "G1", "") for name in ("人民路", "石榴巷", "鱼市胡同", "滨港二路")),
        *((name, "road", "G2", "") for name in ("柳絮弄", "下塘街", "望江路", "九曲巷")),
        ("二号井路", "road", "G2", "二井路"),
        ("缆绳巷", "road", "G2", ""),
        ("梧桐苑", "community", "G3", "Wutong Court"),
        ("北渔里", "community", "G3", "北渔|Beiyuli"),
        ("港务二宿舍", "community", "G3", "港二宿舍|港二"),
        ("三纺宿舍", "community", "G4", ""),
        ("赵家屯", "community", "G4", ""),
        ("锦梭新村", "community", "G4", ""),
        ("矿工新村", "community", "G4", "矿村"),
        ("明湖大厦", "building", "G5", ""),
        ("海员楼", "building", "G5", "老海员楼"),
        ("归帆公寓", "building", "G5", "归帆|Guifan Apartments|Guifan"),
        ("市二院", "facility", "G5", "二院"),
        ("鱼市菜场", "facility", "G5", "鱼市"),
        ("三角埕", "facility", "G5", ""),
        ("渡口小学", "facility", "G5", ""),
    ]
)


def rows(file: str) -> list[tuple[str, str]]:
    """The home and the message of each line."""
    lines = Path(__file__).with_name(file).read_text("utf-8").splitlines()
    parts = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return [(home, text) for home, text in parts]


ROWS = [row for name in ("homes", "homes_apart", "homes_unmet") for row in rows(f"{name}.tsv")]
SPOKEN = rows("homes_spoken.tsv")


class Word:
    """A recognised word: with one, the text is a transcript."""

    start = 0.0
    confidence = None


def read(text: str, *, spoken: bool = False) -> Understanding:
    return understand(
        text,
        received_at=datetime(2026, 11, 19, 10, 15),
        ranking=[("general", 1.0)],
        gazetteer=TOWN,
        words=[Word()] if spoken else [],
    )


def home(text: str, *, spoken: bool = False) -> str:
    unit = read(text, spoken=spoken).unit
    return unit.value if unit else "-"


@pytest.mark.parametrize(("wanted", "text"), ROWS)
def test_a_typed_home_is_read(wanted: str, text: str) -> None:
    assert home(text) == wanted


@pytest.mark.parametrize(("wanted", "text"), [*ROWS, *SPOKEN])
def test_a_spoken_home_is_read(wanted: str, text: str) -> None:
    assert home(text, spoken=True) == wanted


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("她住锦梭新村3号楼……错了错了，那是老房子，去年搬的梧桐苑，10号楼2单元702", "梧桐苑"),
        ("以前住梧桐苑2号楼301，现在住三纺宿舍8号楼101", "三纺宿舍"),
        ("梧桐苑5号楼602的，日脚算错了，走不到市二院", "梧桐苑"),
        ("就在九曲巷靠近菜场那头，76号，老钟", "九曲巷"),
        ("She lives at 14 缆绳巷, near 鱼市菜场", "缆绳巷"),
    ],
)
def test_the_place_of_the_home_wins(text: str, place: str) -> None:
    found = read(text).place
    assert found is not None
    assert found.value == place


@pytest.mark.parametrize(
    "text",
    [
        "梧桐苑3号楼501和5号楼602都没电",
        "梧桐苑3号楼501还是502来着，我记不清",
        "我是梧桐苑3号楼501的，隔壁502的王奶奶摔倒了",
        "他是海员楼9-4，我9-3",
        "Guifan block A, 1604. Mrs. Yu, next door in sixteen oh two, needs help",
    ],
)
def test_of_two_homes_a_person_must_choose(text: str) -> None:
    unit = read(text).unit
    assert unit is not None
    assert unit.ambiguous


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("石榴巷6号，6号早上来剪头", "2026-12-06T07:00"),
        ("望江路26号4单元501，26号上午九点", "2026-11-26T09:00"),
        ("赵家屯八组十七号王桂英，十七号中午送饭", "2026-12-17T11:00"),
    ],
)
def test_a_house_number_is_no_day_and_a_day_no_house_number(text: str, wanted: str) -> None:
    when = read(text).when
    assert when is not None
    assert when.value.start.strftime("%Y-%m-%dT%H:%M") == wanted


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("就靠河那头，58号前面", "58"),
        ("门牌73", "73"),
        ("153 1007 2644", None),
        ("42号", "42"),
        ("是88弄12号", "88-12"),
        ("北头第三排6号", "3-6"),
        ("我也不清楚几号", None),
    ],
)
def test_an_answer_names_the_house(answer: str, wanted: str | None) -> None:
    found = replies.bare("unit", answer, others=False)
    assert (found.value if found else None) == wanted
