"""`given` of a request holds what its sender filled in, and nothing that was noted later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import intake
from intake.service_requests import GIVEN, Opening

ROOT = Path(intake.__file__).parent
COLUMNS = {
    "route_to",
    "hear_again",
    "rejected_because",
    "assistant_tries",
    "told_in_chat",
    "for_other",
    "invented",
}
"""What once stood in `given`."""


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_request_is_not_opened_with_what_no_sender_fills_in(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Opening("voicemail", given={"phone": "13812345678", name: "x"})


def test_a_request_is_opened_with_all_that_a_sender_may_fill_in() -> None:
    given = dict.fromkeys(GIVEN, "x")
    assert Opening("voicemail", given=given).given == given


def test_nothing_writes_given_after_a_request_was_opened() -> None:
    assert [f"{path.relative_to(ROOT)}:{line}" for path, line in _writes()] == []


def _writes() -> Iterator[tuple[Path, int]]:
    """Where an attribute ``given`` of anything is assigned to."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                target = node.value if isinstance(node, ast.Subscript) else node
                if isinstance(target, ast.Attribute) and target.attr == "given":
                    yield path, node.lineno
