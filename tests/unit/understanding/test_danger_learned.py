"""The learned second opinion on danger stands beside the rules and never below them."""

from datetime import datetime

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand
from intake.understanding.values import Understanding

NOBODYS = Gazetteer.from_rows(())


def read(text: str, danger: float) -> Understanding:
    now = datetime(2026, 11, 21, 10)
    return understand(text, received_at=now, ranking=[], gazetteer=NOBODYS, danger=danger)


@pytest.mark.parametrize(
    ("danger", "urgency", "code"),
    [(0.9, "emergency", "life_safety"), (0.4, "urgent", "danger_possible"), (0.05, "normal", None)],
)
def test_what_the_rules_let_pass_is_judged_by_its_chance(
    danger: float, urgency: str, code: str | None
) -> None:
    found = read("他叫不应了，手也凉", danger) if danger > 0.5 else read("家里的灯不亮", danger)
    assert found.urgency == urgency
    assert [r.code for r in found.reasons] == ([code] if code else [])


def test_the_rules_need_no_second_opinion() -> None:
    assert read("着火了快来人", 0.0).urgency == "emergency"


def test_the_chance_is_kept_with_what_was_read() -> None:
    assert Understanding.from_json(read("家里的灯不亮", 0.4).to_json()).danger == 0.4
