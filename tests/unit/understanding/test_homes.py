"""Homes as people from many provinces say them, each beside a place of a small town.

homes.tsv: the home, "-" for none; a tab; the message.
"""

from datetime import datetime
from pathlib import Path

import pytest

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
        ("渡口小学", "facility", "G5", ""),
    ]
)
ROWS = [
    tuple(line.split("\t"))
    for line in Path(__file__).with_name("homes.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def read(text: str) -> Understanding:
    return understand(
        text, received_at=datetime(2026, 11, 19, 10, 15), ranking=[("general", 1.0)], gazetteer=TOWN
    )


@pytest.mark.parametrize(("wanted", "text"), ROWS)
def test_a_home_is_read(wanted: str, text: str) -> None:
    unit = read(text).unit
    assert (unit.value if unit else "-") == wanted
