"""The page on voicemail by e-mail tells what the channel does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import trustme

from intake.channels import check
from intake.channels.email.options import CALLER_HEADERS, Options
from intake.settings import ROOT
from tests.support.doc_blocks import blocks
from tests.unit.test_settings import cell, defaults, rows, section

PAGES = {
    "docs/email-voicemail.md": ("The keys", "docs/settings.md"),
    "docs/email-voicemail.zh.md": ("所有的键", "docs/settings.zh.md"),
}
SAID_ABOVE = {"caller_headers", "caller_patterns"}


@pytest.mark.parametrize("page", PAGES)
def test_every_key_is_documented_with_its_default(page: str) -> None:
    heading, alike = PAGES[page]
    found = rows(section(page, heading))
    real = {key: cell(alike, value) for key, value in defaults(Options)}
    assert found.keys() == real.keys()
    assert {k: v for k, v in found.items() if k not in SAID_ABOVE} == {
        k: v for k, v in real.items() if k not in SAID_ABOVE
    }
    text = (ROOT / page).read_text()
    assert all(f"`{header}`" in text for header in CALLER_HEADERS)


@pytest.mark.parametrize("page", PAGES)
def test_every_example_is_good_settings(page: str, tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "mail.pem")
    issued.private_key_pem.write_to_path(tmp_path / "mail.key")
    (tmp_path / "mail_login").write_text("a password")
    examples = blocks(page, "toml")
    assert len(examples) == 5
    for example in examples:
        here = re.sub(r'"secrets/', f'"{tmp_path}/', example)
        for name, table in tomllib.loads(here)["channels"].items():
            assert check(name, table) is not None
