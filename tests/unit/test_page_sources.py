"""The resident's page says only what the language files hold, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re

from intake import locale
from intake.settings import ROOT

PAGE = ROOT / "page"
SOURCES = {path.name: path.read_text() for path in (PAGE / "src").glob("*.ts")}
TEMPLATE = (ROOT / "intake" / "web" / "templates" / "resident.html").read_text()
# Keys that are put together, and what they can end with.
PUT_TOGETHER = {
    "hello_": ("ready", "asking", "recording"),
    "button_": ("ready", "asking", "recording"),
    "hint_": ("ready", "asking", "recording"),
    "face_": ("good", "fair", "bad"),
}


def test_every_word_of_the_page_exists_and_none_is_left_over() -> None:
    text = "\n".join(SOURCES.values())
    named = set(re.findall(r'\bsay\("([a-z_]+)"', text))
    for beginning in re.findall(r"\bsay\(`([a-z_]+)\$\{", text):
        named |= {beginning + end for end in PUT_TOGETHER[beginning]}
    quoted = set(re.findall(r'"([a-z_]+)"', text))
    for language in locale.languages():
        known = {
            key.removeprefix("resident.js.")
            for key in locale.catalog(language)
            if key.startswith("resident.js.")
        }
        assert not named - known
        assert not known - named - quoted


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for name, text in {**SOURCES, "resident.html": TEMPLATE}.items():
        for address in re.findall(r"https?://[^\s\"'`)]+", text):
            assert address == "http://www.w3.org/2000/svg", (name, address)


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((PAGE / "package-lock.json").read_text())
    assert not [path for path, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)
