"""What the setup shows while it runs, and how it judges what its programs wrote."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from tools.setup.failure import plain, sentence
from tools.setup.progress import Board, Line, cut, drawn
from tools.setup.steps import digest


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("npm error code ENOSPC", "The disk is full"),
        ("error: failed to write: No space left on device (os error 28)", "The disk is full"),
        ("error: Failed to fetch: `https://index.example/simple/x/`", "nothing can be fetched"),
        ("npm error getaddrinfo EAI_AGAIN registry.example", "nothing can be fetched"),
        ("FATAL ERROR: JavaScript heap out of memory", "the memory did not suffice"),
        ("first\n\x1b[31mhuying: Rasa did not train\x1b[0m\n", "huying: Rasa did not train"),
        ("", "it ended with code 3"),
    ],
)
def test_a_failed_step_is_one_sentence(tmp_path: Path, output: str, expected: str) -> None:
    said = sentence("the pages", output, 3, tmp_path / "log")
    assert expected in said
    assert "\n" not in said
    assert "\x1b" not in said


def test_of_a_line_that_is_drawn_again_and_again_the_last_counts() -> None:
    assert plain("1 %\r50 %\r100 %\r\ndone\n") == "100 %\ndone\n"


def test_a_step_with_a_percentage_has_a_bar_and_the_time_left() -> None:
    line = Line("training", "training: 40 %", began=time.monotonic() - 60)
    assert drawn(line).startswith("… training  ████████░░░░░░░░░░░░ 40%  60 s, about 90 s left")
    assert "left" not in drawn(Line("training", "40 %"))
    assert "█" not in drawn(Line("pages", "built in a moment"))


def test_a_drawn_line_is_no_wider_than_the_terminal() -> None:
    assert cut("训练 abc", 5) == "训练 "
    assert cut("abc", 5) == "abc"


def test_without_a_terminal_a_step_is_one_plain_line_when_it_is_done() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    with Board(out) as board:
        line = board.begin("pages")
        line.said = "50 %"
        board.end(line)
    out.seek(0)
    assert out.read() == "? pages  (0 s)\n"


def test_a_digest_changes_with_names_and_contents(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    found = {digest(one), digest(two), digest(one, two)}
    one.write_text("b")
    assert len(found | {digest(one)}) == 4
