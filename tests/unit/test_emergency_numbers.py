"""The emergency numbers are listed in one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import intake
from intake.locale import catalog, emergency_numbers, languages
from intake.understanding import phone
from intake.understanding.spoken_text import Heard

ROOT = Path(intake.__file__).parent
HERE = ROOT / "locale" / "emergency_numbers.py"
READERS = ROOT / "understanding"  # what residents say is no list of whom to ring
NUMBER = re.compile(r"(?<!\d)119(?!\d)")


def test_no_other_module_and_no_template_lists_them() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text!r}"
        for path in ROOT.rglob("*.py")
        if path != HERE and READERS not in path.parents
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(text := node.value, str)
        if NUMBER.search(text)
    ]
    found += [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.html")
        if NUMBER.search(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_each_is_shown_with_a_label_of_its_own_and_in_every_sentence(language: str) -> None:
    shown = emergency_numbers.labelled(language)
    assert [number for number, _ in shown] == list(emergency_numbers.EMERGENCY_NUMBERS)
    assert len({label for _, label in shown}) == len(shown)
    assert all(label.startswith(number) for number, label in shown)
    for key, text in catalog(language).items():
        if NUMBER.search(text) and not key.startswith("dial."):
            assert all(number in text for number, _ in shown), key


def test_none_of_them_is_read_as_the_phone_number_of_a_resident() -> None:
    for number in emergency_numbers.EMERGENCY_NUMBERS:
        assert phone.read_phone(Heard.of(f"我打了{number}")) is None
