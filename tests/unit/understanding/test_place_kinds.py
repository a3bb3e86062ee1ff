"""Places in pinyin, denied, gone to and told by a neighbour, one to a line of place_kinds.tsv."""

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
LINES = Path(__file__).with_name("place_kinds.tsv").read_text("utf-8").splitlines()
ROWS = [line.split("\t") for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(("wanted", "text"), ROWS)
def test_the_place_is_where_help_is_needed(wanted: str, text: str) -> None:
    found = understand(
        text,
        received_at=datetime(2026, 11, 19, 10, 15),
        ranking=[("general", 1.0)],
        gazetteer=TOWN,
    ).place
    if wanted == "-":
        assert found is None, found
    else:
        assert found is not None
        assert (found.value, found.ambiguous) == (wanted.lstrip("?"), wanted.startswith("?"))
