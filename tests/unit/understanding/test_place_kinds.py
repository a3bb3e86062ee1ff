"""Places in pinyin, denied, gone to and told by a neighbour, one to a line of the tables."""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

TOWN = Gazetteer.from_rows(
    [
        ("石桥嘉园", "community", "A", "石桥"),
        ("教工新村", "community", "A", "教工村"),
        ("枫溪湾小区", "community", "A", "枫溪湾"),
        ("粮站家属院", "community", "A", "粮站院"),
        ("何家坳村", "community", "B", "何家坳"),
        ("西坪村", "community", "B", "西坪"),
        ("东坪村", "community", "B", "东坪"),
        ("柳湾村", "community", "B", "柳湾"),
        ("刘湾村", "community", "C", "刘湾"),
        ("南庭苑", "community", "C", ""),
        ("楠亭院", "building", "C", ""),
        ("绿源花园", "community", "C", ""),
        ("长安里", "community", "C", ""),
        ("银杏公寓", "building", "C", "银杏"),
        ("迎宾东路", "road", "D", ""),
        ("豆腐巷", "road", "D", ""),
        ("锅炉街", "road", "D", ""),
        ("何家坳村卫生室", "facility", "B", "何家坳卫生室"),
        ("何家坳小学", "facility", "B", ""),
        ("江州铁路医院", "facility", "A", "铁医|铁路医院"),
        ("妈祖庙", "facility", "A", ""),
        ("退管办", "facility", "A", ""),
        ("三角埕", "facility", "A", ""),
        ("红砖筒子楼", "building", "A", "筒子楼"),
    ]
)
CITY = Gazetteer.from_rows(
    [
        ("海棠湾花园", "community", "", ""),
        ("罐头厂家属院", "community", "", "罐头厂院|罐头厂"),
        ("青岗镇社区", "community", "", "青岗"),
        ("杨家桥", "community", "", ""),
        ("李子坝社区", "community", "", "李子坝"),
        ("王小庄", "community", "", "小庄"),
        ("张家屯", "community", "", ""),
        ("孙家屯", "community", "", ""),
        ("文昌街", "road", "", ""),
        ("解放西路", "road", "", ""),
        ("解放东路", "road", "", ""),
        ("五一路", "road", "", ""),
        ("鼓楼巷", "road", "", ""),
        ("钟楼巷", "road", "", ""),
        ("碧桂苑", "community", "", ""),
        ("金色家园", "community", "", "金色"),
        ("和平里", "community", "", "和平"),
        ("李子坝小学", "facility", "", ""),
        ("李子坝卫生服务站", "facility", "", "李子坝服务站"),
        ("青岗中心卫生院", "facility", "", "青岗卫生院"),
        ("市人民医院", "facility", "", "人民医院|市医院"),
        ("鼓楼菜场", "facility", "", "菜场"),
        ("滨江公园", "facility", "", "江边公园"),
        ("民政局", "facility", "", ""),
        ("银河大厦", "building", "", "银河"),
    ]
)


def rows(file: str) -> list[list[str]]:
    """The place and the message of each line."""
    lines = Path(__file__).with_name(file).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def check(town: Gazetteer, wanted: str, text: str) -> None:
    found = understand(
        text,
        received_at=datetime(2026, 11, 19, 10, 15),
        ranking=[("general", 1.0)],
        gazetteer=town,
    ).place
    if wanted == "-":
        assert found is None, found
    else:
        assert found is not None
        assert (found.value, found.ambiguous) == (wanted.lstrip("?"), wanted.startswith("?"))


@pytest.mark.parametrize(("wanted", "text"), rows("place_kinds.tsv"))
def test_the_place_is_where_help_is_needed(wanted: str, text: str) -> None:
    check(TOWN, wanted, text)


@pytest.mark.parametrize(("wanted", "text"), rows("place_kinds_city.tsv"))
def test_it_is_in_another_town_too(wanted: str, text: str) -> None:
    check(CITY, wanted, text)
