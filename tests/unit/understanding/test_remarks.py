"""What messages do in a conversation besides giving fields, in many wordings.

remarks.tsv: what the message is; a tab; the message.
"""

from pathlib import Path

import pytest

from intake.understanding import remarks

LINES = Path(__file__).with_name("remarks.tsv").read_text("utf-8").splitlines()
ROWS = [tuple(line.split("\t")) for line in LINES if line and not line.startswith("#")]
KINDS = {
    "question": (remarks.asks_fact, True),
    "no question": (remarks.asks_fact, False),
    "another time": (remarks.moves, True),
    "no other time": (remarks.moves, False),
    "taken back": (remarks.takes_danger_back, True),
    "not taken back": (remarks.takes_danger_back, False),
    "lost": (remarks.is_lost, True),
    "called off": (remarks.calls_off, True),
    "not called off": (remarks.calls_off, False),
}


@pytest.mark.parametrize(("kind", "text"), ROWS)
def test_a_remark_is_told_by_many_wordings(kind: str, text: str) -> None:
    tells, expected = KINDS[kind]
    assert tells(text) is expected


def test_what_is_broken_is_no_word_of_being_lost() -> None:
    assert not remarks.is_lost("水管漏了")
