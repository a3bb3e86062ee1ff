"""What is denied or taken back is never the value, of no field; what is left open is not sure."""

import csv
from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.denial import Stance, stances
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

PLACES = Gazetteer.from_rows(
    [
        ("幸福里", "community", "G01", []),
        ("安康里", "community", "G02", []),
        ("春晖苑", "community", "G01", []),
        ("白云路", "road", "G01", []),
        ("运河路", "road", "G02", []),
        ("县人民医院", "facility", "G02", ["县医院"]),
    ]
)
THURSDAY = datetime(2026, 11, 19, 10, 15)
SURE = 0.6


def rows() -> list[list[str]]:
    lines = (Path(__file__).parent / "denied.tsv").read_text("utf-8").splitlines()[1:]
    return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(("name", "value", "text"), rows())
def test_what_is_denied_can_not_be_the_value(name: str, value: str, text: str) -> None:
    read = understand(text, received_at=THURSDAY, ranking=(("home_repair", 0.9),), gazetteer=PLACES)
    field = read.get(name)
    if value == "?":
        assert field is None or field.ambiguous or field.confidence < SURE
        return
    found = field.value if field is not None else "-"
    if field is not None and name == "when":
        found = f"{field.value.start:%m-%d %H:%M}-{field.value.end:%H:%M}"
    assert found == value


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("A，B", "holds holds"),
        ("不是A，是B", "denied holds"),
        ("A，不对，B", "denied|holds"),
        ("A，哦不，B，也写错了，C", "taken back|denied|holds"),
        ("A，不是A，是B", "denied|denied|holds"),
        ("A停机了，打B", "denied|holds"),
        ("打A，别打B", "holds|denied"),
        ("A还是B", "open|open"),
        ("A或者B，反正就那儿", "open|open"),
        ("除了A，B也停电", "denied|holds"),
        ("登记A，别写成B", "holds|denied"),
        ("not A but B", "denied|holds"),
        ("A, sorry, B", "taken back|holds"),
        ("特别A", "holds"),
        ("A的孩子说那是以前的事，后来又讲了很多很多别的话，这才说不对，B", "holds|holds"),
    ],
)
def test_a_value_holds_unless_it_is_denied_taken_back_or_left_open(text: str, meant: str) -> None:
    spans = [(at, at + 1) for at, letter in enumerate(text) if letter in "ABC"]
    found = [stance.value for stance in stances(text.lower(), spans)]
    assert found == (meant.split("|") if "|" in meant else meant.split(" "))


def test_nothing_is_said_of_no_values() -> None:
    assert stances("不是，不对", []) == []
    assert Stance("open") is Stance.OPEN
