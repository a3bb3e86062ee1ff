"""No text, however odd or long, makes a reader raise, and reading takes linear time."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import sys
from collections.abc import Callable
from datetime import datetime
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand
from intake.understanding.values import Understanding

NOW = datetime(2026, 11, 19, 10, 15)
TOWN = Gazetteer.from_rows(
    [
        ("幸福里", "community", "N1", "幸福里小区|老幸福"),
        ("兴福里", "community", "N2", ""),
        ("碧水花园", "community", "N4", "碧水"),
        ("纺织厂家属院", "community", "N5", "棉纺大院"),
        ("城北医院", "facility", "N5", "北医"),
    ]
)
PIECES = [
    "幸福里", "新福里", "三号楼", "二单元", "五零一", "3-2-501", "明天", "后天", "下午三点", "周二", "腊月二十三",
    "不对", "不是", "电话", "13912345678", "幺三九", "我叫", "王秀兰", "姓", "老李", "着火了", "没有", "上个月",
    "摔倒了", "喘不上气", "，", "。", " ", "\n", "的", "1", "一", "零", "号", "点", "-", ".", "公园的园", "每", "周",
    "at 3 pm", "tomorrow", "building 3", "不想活", "九十九年后", "二月三十号", "13月45号", "25点70分", "九千年", "时期号楼",
]  # fmt: skip


class Spoken:
    start = 0.0
    confidence = None


def read(text: str, *, spoken: bool = False) -> Understanding:
    return understand(
        text,
        received_at=NOW,
        ranking=[("general", 0.5)],
        gazetteer=TOWN,
        words=[Spoken()] if spoken else [],
    )


def check(text: str, *, spoken: bool) -> None:
    got = read(text, spoken=spoken)
    for field in got.fields.values():
        if field is not None:
            assert 0.0 <= field.confidence <= 1.0
            if field.evidence is not None:
                start, end = field.evidence
                assert 0 <= start < end <= len(text)
    if got.when is not None:
        assert got.when.value.start <= got.when.value.end
    assert (got.urgency_evidence is None) == (got.urgency == "normal")
    assert Understanding.from_json(got.to_json()) == got


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=200), spoken=st.booleans())
def test_any_characters_can_be_read(text: str, spoken: bool) -> None:
    check(text, spoken=spoken)


@settings(max_examples=150, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40), spoken=st.booleans())
def test_any_order_of_meaningful_pieces_can_be_read(pieces: list[str], spoken: bool) -> None:
    check("".join(pieces), spoken=spoken)


@settings(max_examples=100, deadline=None)
@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=12),
    now=st.datetimes(min_value=datetime(1999, 1, 1), max_value=datetime(2098, 12, 31)),
)
def test_any_moment_of_reception_will_do(pieces: list[str], now: datetime) -> None:
    text = "".join(pieces)
    got = understand(text, received_at=now, ranking=[], gazetteer=TOWN)
    if got.when is not None:
        assert got.when.value.end >= now.replace(second=0, microsecond=0)


@pytest.mark.parametrize("odd", ["\ud800", "\x00", "👨‍👩‍👧", "𠮷", "ﷺ", "İ", "ß", "１", "㈠", "龘"])
def test_odd_characters_keep_the_offsets(odd: str) -> None:
    text = f"{odd}{odd}我住幸福里三號樓"
    got = read(text)
    assert got.place is not None
    assert got.place.evidence is not None
    assert text[slice(*got.place.evidence)] == "幸福里"


def count_calls(work: Callable[[], Any]) -> int:
    """Count function calls, Python's and C's: a measure of work that no busy machine disturbs."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("piece", [*PIECES, "".join(PIECES), "的" * 7 + "老"])
def test_twice_the_text_takes_twice_the_work(piece: str) -> None:
    def repeated(length: int) -> str:
        return (piece * (length // len(piece) + 1))[:length]

    read(repeated(2000), spoken=True)  # fills the caches
    half = count_calls(lambda: read(repeated(1000), spoken=True))
    whole = count_calls(lambda: read(repeated(2000), spoken=True))
    assert whole < 2.5 * half + 2000


@pytest.mark.parametrize("piece", ["".join(PIECES), "一", "老"])
def test_a_hundred_thousand_characters_can_be_read(piece: str) -> None:
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    check(text, spoken=True)
