import re
import string

from intake import locale
from intake.lifecycle import Status
from intake.settings import ROOT


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_chinese_and_english_have_the_same_keys_with_the_same_fields() -> None:
    zh, en = locale.catalog("zh"), locale.catalog("en")
    assert zh.keys() == en.keys()
    for key in zh:
        assert fields(zh[key]) == fields(en[key]), key


def test_every_key_that_the_code_names_exists() -> None:
    known = locale.catalog("zh")
    source = "\n".join(p.read_text() for p in (ROOT / "intake").rglob("*.py"))
    said = set(re.findall(r'\bsay\("([a-z_.]+)"', source))
    reasons = {f"reason.{code}" for code in re.findall(r'\breason\("([a-z_]+)"', source)}
    assert said and reasons
    assert not (said | reasons) - known.keys()


def test_every_status_has_a_word() -> None:
    assert all(f"status.{status}" in locale.catalog("zh") for status in Status)


def test_nobody_is_ever_told_to_try_again() -> None:
    for language in locale.languages():
        for text in locale.catalog(language).values():
            assert "try again" not in text.lower()
            assert "请重试" not in text and "再试一次" not in text
