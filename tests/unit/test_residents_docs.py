"""The pages about the residents' page name the keys, defaults and routes that there are."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from intake.channels.page.options import Options
from intake.cli import household
from intake.settings import ROOT
from intake.web.api import households
from intake.web.resident import status_api
from tests.support.doc_blocks import blocks

PAGES = ("docs/residents.md", "docs/residents.zh.md")


@pytest.mark.parametrize("page", PAGES)
def test_the_documented_keys_and_defaults_are_the_real_ones(page: str) -> None:
    text = (ROOT / page).read_text()
    keys = text.partition("\n## 设置项\n" if "zh" in page else "\n## The keys\n")[2]
    table = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \| ", keys, re.M))
    real = {
        name: json.dumps(field.get_default(call_default_factory=True)).removesuffix(".0")
        for name, field in Options.model_fields.items()
    }
    assert table == real


@pytest.mark.parametrize("page", PAGES)
def test_the_documented_commands_exist(page: str) -> None:
    known = {
        command.name or command.callback.__name__
        for command in household.app.registered_commands
        if command.callback
    }
    shown = re.findall(r"huying household (\w+)", (ROOT / page).read_text())
    assert len(shown) == 5
    assert set(shown) <= known


def test_the_documented_calls_name_routes_that_exist() -> None:
    page = "docs/residents.md"
    paths = {route.path for r in (status_api.router, households.router) for route in r.routes}  # type: ignore[attr-defined]
    paths.add("/api/uploads/by-key/{key}")
    named = re.findall(r"`(?:GET|POST) (/api/[^`]+)`", (ROOT / page).read_text())
    assert named and set(named) <= paths
    patterns = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$") for path in paths]
    called = [
        match[1]
        for block in blocks(page, "sh")
        for word in shlex.split(block, comments=True)
        if (match := re.match(r"\$HUYING(/[^?]*)", word))
    ]
    assert called
    for path in called:
        assert any(pattern.match(path) for pattern in patterns), path
