"""What the demo prints: it fits a terminal, and gives an account only where nobody lives."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from tools.demo import __main__ as demo

PASSWORD = "plum-river-42"


def row(**changed: Any) -> dict[str, Any]:
    """A voicemail with long words everywhere."""
    state = {
        "status": "needs_review",
        "backend": None,
        "urgency": "emergency",
        "reasons": [{"code": "category_unclear"}, {"code": "place_unknown"}],
        "alarm": {"at": "2026-01-01T08:00:00+08:00"},
        "tracking_number": "8F3K-2M9Q-7T",
        "text": "喂，你好，我家厨房的水龙头一直在滴水，关也关不严，想请师傅来看看。" * 3,
        "category": "public_facility",
        "place": "杏林里小区东区",
        "unit": "14-3-1102",
        "when_start": "2026-11-19T14:00:00+08:00",
        "when_end": "2026-11-19T18:00:00+08:00",
        "person": "秦桂英",
        "phone": "13520417788",
    }
    sample = {"audio": "audio/unclear-address.m4a", "expect": {"status": "routed"}}
    return {"sample": sample, "state": state | changed, "seconds": 3.2}


def printed(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    out = io.StringIO()
    monkeypatch.setattr(demo, "console", Console(file=out, width=width))
    return out


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_fits_the_terminal_and_says_everything(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    out = printed(monkeypatch, width)
    assert demo.show([row(), row(status="routed", backend="open311_city")], 60) == 1
    lines = out.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    text = out.getvalue()
    for word in ("unclear-address.m4a", "8F3K-2M9Q-7T", "13520417788", "秦桂英", "✗", "✓"):
        assert word in text
    assert "1 of 2 ended as expected" in text


def test_the_account_is_shown_for_a_demos_home_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Any = SimpleNamespace(port=8300, home=Path("/house"))
    out = printed(monkeypatch, 80)
    demo.where_to_look(settings, PASSWORD)
    said = out.getvalue()
    assert said.count(PASSWORD) == 1
    for page in ("8300/ ", "8300/chat", "8300/desk"):
        assert page in said
    out = printed(monkeypatch, 80)
    demo.where_to_look(settings, None)
    assert PASSWORD not in out.getvalue()
    assert "your own account" in out.getvalue()


def test_a_home_is_a_demos_when_it_is_new_or_a_demo_made_it(tmp_path: Path) -> None:
    assert demo.is_demo_home(tmp_path / "new")
    (tmp_path / "secrets").mkdir()
    assert not demo.is_demo_home(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "huying.toml").touch()
    assert demo.is_demo_home(tmp_path)
