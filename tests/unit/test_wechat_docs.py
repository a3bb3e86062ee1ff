"""The pages about WeChat name the keys and defaults that there are, and our words fit."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from intake.channels import check
from intake.channels.wechat import PATH, menu
from intake.channels.wechat.options import Options
from intake.locale import languages
from intake.settings import ROOT
from tests.fakes.wechat import Account

PAGES = {"docs/wechat.md": "required", "docs/wechat.zh.md": "必填"}


def shown(default: Any, required: str) -> str:
    if default is PydanticUndefined:
        return required
    return "–" if default is None else f"`{json.dumps(default)}`"


@pytest.mark.parametrize("page", PAGES)
def test_the_documented_keys_and_defaults_are_the_real_ones(page: str) -> None:
    text = (ROOT / page).read_text()
    keys = text.partition("\n## 设置项\n" if "zh" in page else "\n## The keys\n")[2]
    table = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| ", keys.partition("\n## ")[0], re.M))
    real = {
        name: shown(field.get_default(call_default_factory=True), PAGES[page])
        for name, field in Options.model_fields.items()
    }
    assert table == real
    assert PATH in text


@pytest.mark.parametrize("page", PAGES)
def test_the_documented_settings_are_good(page: str, tmp_path: Path) -> None:
    (block,) = re.findall(r"^ *```toml\n(.*?)^ *```", (ROOT / page).read_text(), re.M | re.S)
    table = tomllib.loads(block)["channels"]["wechat"]
    account = Account()
    for name, secret in (
        ("app_secret_file", account.secret),
        ("token_file", account.token),
        ("aes_key_file", account.aes_key),
    ):
        table[name] = tmp_path / Path(table[name]).name
        table[name].write_text(secret)
    options = check("wechat", table)
    assert isinstance(options, Options)
    assert options.key_ring().tokens == (account.token,)


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_menus_title_is_no_longer_than_wechat_takes(language: str) -> None:
    (button,) = menu.wanted(language)["button"]
    assert 0 < len(button["name"].encode()) <= 16
