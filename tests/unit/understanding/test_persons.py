"""Names as people of many places write them, and sentences in which nobody is named."""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

NOW = datetime(2026, 11, 19, 10, 15)
TOWN = Gazetteer.from_rows(
    [
        ("柳荫小区", "community", "N1", ""),
        ("荷叶街", "road", "N1", ""),
        ("矿工新村", "community", "N1", ""),
        ("向阳街", "road", "N1", ""),
    ]
)
TABLES = [Path(__file__).with_name(name) for name in ("persons.tsv", "persons_unmet.tsv")]
ROWS = [
    line.split("\t")
    for table in TABLES
    for line in table.read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("text", "person"), ROWS)
def test_the_person_is_read_as_said(text: str, person: str) -> None:
    found = understand(text, received_at=NOW, ranking=[("general", 0.5)], gazetteer=TOWN).get(
        "person"
    )
    assert (found.value if found else "") == person


def test_two_persons_of_whom_either_may_be_meant_are_left_to_a_person() -> None:
    found = understand(
        "柳荫小区3号楼201，张桂兰，李淑芬，13500001234，要理发",
        received_at=NOW,
        ranking=[("haircut", 0.9)],
        gazetteer=TOWN,
    ).get("person")
    assert found is not None
    assert found.ambiguous
    assert {found.value, *found.alternatives} == {"张桂兰", "李淑芬"}
