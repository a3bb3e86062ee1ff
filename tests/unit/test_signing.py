"""Signed links and bodies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import NotAllowed
from intake.network.signing import (
    LinkExpired,
    LinkForged,
    check_link,
    sign_body,
    sign_link,
    unix_seconds,
    verify_body,
)

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)


@given(subject=st.text(max_size=200))
def test_a_link_says_what_it_was_made_for(subject: str) -> None:
    token = sign_link("key", "recording", subject, SOON)
    assert check_link(["key"], "recording", token, NOW) == subject
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_link_ends_and_says_so() -> None:
    token = sign_link("key", "recording", "7", SOON)
    assert check_link(["key"], "recording", token, SOON) == "7"
    with pytest.raises(LinkExpired) as caught:
        check_link(["key"], "recording", token, SOON + timedelta(seconds=1))
    assert caught.value.details["subject"] == "7"


def test_a_link_for_one_purpose_is_worthless_for_another() -> None:
    token = sign_link("key", "update-done", "7", SOON)
    with pytest.raises(LinkForged):
        check_link(["key"], "update-accepted", token, NOW)


def test_a_link_outlives_a_change_of_secret_but_not_two() -> None:
    token = sign_link("old", "recording", "7", SOON)
    assert check_link(["new", "old"], "recording", token, NOW) == "7"
    with pytest.raises(LinkForged):
        check_link(["newest", "new"], "recording", token, NOW)


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_link_with_one_letter_changed_is_forged(place: int) -> None:
    token = sign_link("key", "recording", "subject of some length", SOON)
    letter = "A" if token[place] != "A" else "B"
    with pytest.raises(LinkForged):
        check_link(["key"], "recording", token[:place] + letter + token[place + 1 :], NOW)


@given(token=st.text(max_size=80))
def test_any_text_as_a_link_is_forged_and_nothing_worse(token: str) -> None:
    with pytest.raises(LinkForged):
        check_link(["key"], "recording", token, NOW)


def test_without_a_secret_nothing_is_signed_or_believed() -> None:
    with pytest.raises(ValueError, match="no secret"):
        sign_link("", "recording", "7", SOON)
    with pytest.raises(ValueError, match="no secret"):
        check_link([], "recording", "x", NOW)


def test_a_body_signature_is_the_published_one() -> None:
    # printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac whsec
    expected = "8ad37ba156048ae0e0a5533c75cdf26fee88b07f93cb57ee4c80adb053012032"
    assert sign_body("whsec", 1700000000, b'{"a":1}') == f"t=1700000000,v1={expected}"


def test_a_body_is_believed_with_either_secret_and_with_several_signatures() -> None:
    header = sign_body("old", unix_seconds(NOW), b"body")
    verify_body(["new", "old"], header, b"body", NOW)
    second = sign_body("new", unix_seconds(NOW), b"body").partition(",")[2]
    verify_body(["new"], f"{header}, {second}", b"body", NOW)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "signature_malformed"),
        ("v1=00", "signature_malformed"),
        ("t=1e3,v1=00", "signature_malformed"),
        ("t=１,v1=00", "signature_malformed"),
        ("t=1,t=2,v1=00", "signature_malformed"),
        (f"t={unix_seconds(NOW)},v1=é", "signature_wrong"),
        (sign_body("key", unix_seconds(NOW), b"other"), "signature_wrong"),
        (sign_body("another", unix_seconds(NOW), b"body"), "signature_wrong"),
        (sign_body("key", unix_seconds(NOW) - 301, b"body"), "signature_too_old"),
        (sign_body("key", unix_seconds(NOW) + 301, b"body"), "signature_too_old"),
    ],
)
def test_a_bad_body_signature_says_what_is_wrong(header: str, code: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        verify_body(["key"], header, b"body", NOW)
    assert caught.value.code == code
