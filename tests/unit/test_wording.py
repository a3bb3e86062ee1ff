"""Times in the words in which they are read back."""

from datetime import datetime

import pytest

from intake.conversation.phrases import unit_said
from intake.locale.times import window
from intake.understanding.values import Window


def on(hour: int, minute: int = 0, day: int = 22) -> datetime:
    return datetime(2026, 11, day, hour, minute)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (on(9), on(12), "11月22日周日上午9点到12点"),
        (on(14), on(18), "11月22日周日下午2点到6点"),
        (on(19, 30), on(20, 30), "11月22日周日晚上7点半到8点半"),
        (on(9, 15), on(10, 15), "11月22日周日上午9点15分到10点15分"),
        (on(11), on(14), "11月22日周日上午11点到下午2点"),
        (on(18), on(23, 59), "11月22日周日晚上6点以后"),
        (on(0), on(23, 59), "11月22日周日"),
        (on(0), on(23, 59, 25), "11月22日周日到11月25日周三"),
        (on(9), on(12, 0, 23), "11月22日周日上午9点到11月23日周一中午12点"),
    ],
)
def test_a_time_is_read_back_as_people_say_it(start: datetime, end: datetime, words: str) -> None:
    assert window(Window(start, end), "zh") == words


def test_in_english_the_clock_goes_round_to_24() -> None:
    assert window(Window(on(14), on(18)), "en") == "Sunday 22 November 14:00–18:00"
    assert window(Window(on(0), on(23, 59)), "en") == "Sunday 22 November"


@pytest.mark.parametrize(
    ("words", "value", "said"),
    [
        ("三号楼二单元五零二", "3-2-502", "三号楼二单元五零二"),
        ("5号楼二单元301", "5-2-301", "5号楼二单元301"),
        ("五楼东户", "5-东", "五楼东户"),
        ("building 3, flat 12", "3-12", "building 3, flat 12"),
        ("3-4单元60亿", "3-4-601", "3-4-601"),
        ("时4号楼1单元402", "14-1-402", "14-1-402"),
        ("", "3-2", "3-2"),
        ("2门503", "11-2-503", "11-2-503"),
        ("402", "2-3-402", "2-3-402"),
    ],
)
def test_a_unit_is_read_back_in_the_residents_words_unless_they_are_misspelled(
    words: str, value: str, said: str
) -> None:
    assert unit_said(words, value) == said
