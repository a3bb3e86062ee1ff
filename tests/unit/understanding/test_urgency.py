"""What must be dealt with today is urgent though nobody is in danger.

pressing.tsv: the urgency; a tab; the message.
"""

from pathlib import Path

import pytest

from intake.understanding.safety import read_safety
from intake.understanding.spoken_text import Heard

LINES = Path(__file__).with_name("pressing.tsv").read_text("utf-8").splitlines()
ROWS = [tuple(line.split("\t")) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(("urgency", "text"), ROWS)
def test_what_must_be_dealt_with_today_is_urgent(urgency: str, text: str) -> None:
    assert read_safety(Heard.of(text)).urgency == urgency
