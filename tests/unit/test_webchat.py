"""Who may talk to the web chat, and that its documentation is true."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from intake.channels.webchat import page, visitors
from intake.channels.webchat.options import Options
from intake.locale import catalog
from intake.network.addresses import counted_as
from intake.network.signing import sign_link
from intake.settings import ROOT

KEYS = ["new secret", "old secret"]
OWN = "https://huying.example/base"


def test_a_visitor_is_known_again_by_her_token_also_after_the_secret_changed() -> None:
    first = visitors.welcome(["old secret"], None, 30)
    again = visitors.welcome(KEYS, first.token, 30)
    assert first.is_new and not again.is_new
    assert first.address == again.address
    assert visitors.known(["new secret"], again.token) == first.address


def test_visitors_differ_and_cannot_be_guessed() -> None:
    addresses = {visitors.welcome(KEYS, None, 30).address for _ in range(100)}
    assert len(addresses) == 100
    assert all(len(address) >= 32 for address in addresses)


def test_a_token_that_is_old_foreign_or_for_something_else_is_nobodys() -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    good = visitors.welcome(KEYS, None, 30)
    assert visitors.known(KEYS, sign_link(KEYS[0], "recording", good.address, soon)) is None
    assert visitors.known(KEYS, sign_link("theirs", visitors.PURPOSE, "x", soon)) is None
    past = datetime.now(UTC) - timedelta(seconds=5)
    assert visitors.known(KEYS, sign_link(KEYS[0], visitors.PURPOSE, "x", past)) is None
    assert visitors.known(KEYS, good.address) is None


@given(st.text(max_size=60))
def test_no_made_up_token_is_anybodys(token: str) -> None:
    assert visitors.known(KEYS, token) is None


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("https://huying.example", "proxy.internal", True),
        ("HTTPS://HUYING.EXAMPLE", None, True),
        ("http://192.168.1.7:8300", "192.168.1.7:8300", True),
        ("https://friend.example", "huying.example", True),
        ("http://friend.example", "huying.example", False),
        ("https://friend.example.evil.example", "huying.example", False),
        ("https://huying.example.evil.example", "huying.example", False),
        ("http://huying.example", "other", False),
        ("null", "huying.example", False),
        ("", "", False),
        (None, None, False),
    ],
)
def test_only_our_own_pages_and_named_sites_may_connect(
    origin: str | None, host: str | None, allowed: bool
) -> None:
    friends = ["https://friend.example"]
    assert visitors.origin_allowed(origin, host, OWN, friends) is allowed


@pytest.mark.parametrize(
    "origin",
    ["friend.example", "https://a.example/", "https://a.example/x", "ftp://a.example", "https://",
     "*", "https://*", "https://a.example;script-src *", "https://a b"],
)  # fmt: skip
def test_an_origin_that_is_none_is_named(origin: str) -> None:
    with pytest.raises(ValidationError, match="must"):
        Options(allowed_origins=[origin])


@pytest.mark.parametrize("host", ["a.example; script-src *", "a b", "x\r\ny", "", None, "é"])
def test_a_strange_host_gets_into_no_header(host: str | None) -> None:
    assert visitors.plain_host(host) is None


def test_a_whole_home_network_counts_as_one_address() -> None:
    assert counted_as("2001:db8::1") == counted_as("2001:db8::2:3")
    assert counted_as("2001:db8::1") != counted_as("2001:db8:0:1::1")
    assert counted_as("192.0.2.1") != counted_as("192.0.2.2")
    assert counted_as("::ffff:192.0.2.1") == counted_as("192.0.2.1")


@pytest.mark.parametrize("name", ["docs/webchat.md", "docs/webchat.zh.md"])
def test_every_key_is_documented_with_its_default(name: str) -> None:
    rows = re.findall(r"(?m)^\| `(\w+)` \| `(.+?)` \|", (ROOT / name).read_text())
    defaults = Options().model_dump()
    assert {key: json.loads(value) for key, value in rows} == defaults


def test_every_word_that_a_script_says_is_there() -> None:
    main = (page.ASSETS / "main.js").read_text()
    used = set(re.findall(r"\bsay\.(\w+)", main))
    known = {k.removeprefix(page.SCRIPTS_SAY) for k in catalog("en") if page.SCRIPTS_SAY in k}
    assert used and used <= known
    assert {word for word in known - used if not word.startswith("refused_")} == set()


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    html = (Path(page.WEB) / "templates" / "chat.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    for script in re.findall(r"<script[^>]*>", html):
        assert "src=" in script or 'type="application/json"' in script
