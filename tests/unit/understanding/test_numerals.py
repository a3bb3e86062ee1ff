"""Numbers as people say them."""

import pytest

from intake.understanding.numerals import digits, number

VALUES = [
    ("十二", 12), ("二十", 20), ("二十三", 23), ("廿三", 23), ("一百零三", 103), ("一百二", 120),
    ("五百零三", 503), ("一千二百零三", 1203), ("三零一", 301), ("两百", 200), ("501", 501),
    ("零", 0), ("百", 100), ("seven", 7),
]  # fmt: skip


@pytest.mark.parametrize(("spoken", "value"), VALUES)
def test_a_number_has_the_value_a_person_means(spoken: str, value: int) -> None:
    assert number(spoken) == value


@pytest.mark.parametrize("spoken", ["", "一下", "三楼", "abc", "一" * 50])
def test_what_is_no_number_gives_none(spoken: str) -> None:
    assert number(spoken) is None


def test_every_number_to_9999_comes_back_from_its_usual_spelling() -> None:
    names = "零一二三四五六七八九"
    for value in range(1, 10_000):
        spelled, zero = "", False
        for scale, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = value // scale % 10
            if digit:
                spelled += ("零" if zero and spelled else "") + names[digit] + unit
                zero = False
            else:
                zero = True
        assert number(spelled) == value, spelled


def test_digits_are_read_one_by_one() -> None:
    assert digits("幺三八零") == "1380"
    assert digits("一下") is None
