"""Danger that is told calmly raises the alarm; a household's alarming words explain themselves.

Each line of the tables is `subject<TAB>sentence`; what counts is the share. The rules stand alone:
the learned chance of danger is 0 unless a test says otherwise.
"""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

FOLDER = Path(__file__).parent
NOBODYS = Gazetteer.from_rows(())


def step(text: str, danger: float = 0.0) -> str:
    """ "alarm", "listen first" or "nothing"."""
    now = datetime(2026, 11, 21, 10)
    found = understand(text, received_at=now, ranking=[], gazetteer=NOBODYS, danger=danger)
    if found.urgency == "emergency":
        return "alarm"
    doubt = any(reason.code == "danger_possible" for reason in found.reasons)
    return "listen first" if doubt else "nothing"


def steps(table: str) -> dict[str, str]:
    rows = (FOLDER / table).read_text("utf-8").splitlines()
    return {text: step(text) for text in (row.split("\t")[1] for row in rows)}


def test_most_danger_played_down_raises_the_alarm() -> None:
    found = steps("danger_played_down.tsv")
    missed = [text for text, how in found.items() if how == "nothing"]
    unsure = [text for text, how in found.items() if how == "listen first"]
    assert len(missed) <= 0.08 * len(found), "\n".join(missed)
    assert len(missed + unsure) <= 0.15 * len(found), "\n".join(missed + unsure)


def test_what_explains_itself_raises_no_alarm() -> None:
    found = steps("no_danger_household.tsv")
    assert [text for text, how in found.items() if how == "alarm"] == []
    doubted = [text for text, how in found.items() if how == "listen first"]
    assert len(doubted) <= 0.05 * len(found), "\n".join(doubted)


def test_what_was_missed_on_people_never_met_is_heard_now() -> None:
    found = steps("danger_unmet.tsv")
    assert [text for text, how in found.items() if how == "nothing"] == []
    unsure = [text for text, how in found.items() if how == "listen first"]
    assert len(unsure) <= 0.1 * len(found), "\n".join(unsure)


def test_what_alarmed_on_people_never_met_is_quiet_now() -> None:
    found = steps("no_danger_unmet.tsv")
    assert [text for text, how in found.items() if how != "nothing"] == []


@pytest.mark.parametrize(
    ("text", "danger", "expected"),
    [
        ("表扬小王，雨里送药，鞋陷泥里拔不出来", 0.8, "nothing"),
        ("表扬小王，雨里送药，鞋陷泥里拔不出来", 0.95, "listen first"),
        ("表扬小王。我爸现在胸口疼得直冒冷汗", 0.0, "alarm"),
        ("纸钱烧完了，火早灭透了，来扫扫灰", 0.6, "nothing"),
        ("昨晚的火灭了，刚才垃圾房又冒烟了", 0.0, "alarm"),
        ("我以为是放鞭炮，结果是煤气罐炸了", 0.0, "alarm"),
    ],
)
def test_an_explanation_quietens_the_learned_chance_but_not_other_danger(
    text: str, danger: float, expected: str
) -> None:
    assert step(text, danger) == expected
