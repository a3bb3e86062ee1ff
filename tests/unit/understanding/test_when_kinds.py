"""A table of spoken times by kind of fault: times.tsv in Chinese, times_english.tsv in English."""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.spoken_text import Heard
from intake.understanding.values import Window
from intake.understanding.when import overlap, read_when

NOW = datetime(2026, 11, 19, 10, 15)  # a Thursday
CASES = [
    tuple(line.split("\t"))
    for name in ("times.tsv", "times_english.tsv")
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def at(said: str) -> datetime:
    return datetime.fromisoformat(said if said.startswith("20") else f"2026-{said}")


@pytest.mark.parametrize(("kind", "text", "wanted"), CASES)
def test_a_time_said_is_read(kind: str, text: str, wanted: str) -> None:
    found = read_when(Heard.of(text), NOW)
    if wanted in ("-", "?"):
        unsure = found is not None and (found.ambiguous or found.confidence < 0.65)
        assert found is None or (wanted == "?" and unsure), found
        return
    start, end = map(at, wanted.split(".."))
    assert found is not None
    assert overlap(found.value, Window(start, end)) >= 0.5, found.value
