import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.channels.voicemail import FIELDS, read_fields
from intake.errors import BadField


def at(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


def test_fields_are_taken_as_given() -> None:
    given_ = read_fields({"name": " 王 阿姨 ", "phone": "138", "language": "zh-CN"}, 30)
    assert given_ == {"person": "王 阿姨", "phone": "138", "language": "zh"}


@pytest.mark.parametrize(
    "field, value",
    [
        ("language", "tlh"),
        ("phone", "1" * 33),
        ("recorded_at", "yesterday"),
        ("recorded_at", "2026-11-19T09:32:00"),
        pytest.param("recorded_at", at(days=31), id="recorded_at-long ago"),
        pytest.param("recorded_at", at(days=-1), id="recorded_at-tomorrow"),
        ("recorded_at", "0001-01-01T00:00:00+14:00"),
        ("colour", "red"),
    ],
)
def test_a_bad_field_is_named(field: str, value: str) -> None:
    with pytest.raises(BadField) as caught:
        read_fields({field: value}, 30)
    assert caught.value.details["field"] == field


def test_a_phone_whose_clock_runs_ahead_a_little_is_believed_to_mean_now() -> None:
    moment = read_fields({"recorded_at": at(minutes=-5)}, 30)["recorded_at"]
    assert moment <= datetime.now(UTC)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=300)))
def test_no_form_makes_the_reader_raise_anything_else(fields: dict[str, str]) -> None:
    with contextlib.suppress(BadField):
        read_fields(fields, 30)
