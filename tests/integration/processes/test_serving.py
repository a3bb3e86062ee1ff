"""The web part on the network: https of its own, or behind a proxy that it is told to believe."""

from __future__ import annotations

import base64
import secrets
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from intake.cli.up import notes
from intake.errors import SettingsError
from intake.settings import load
from tests.support.web_process import WebProcess


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(authority: trustme.CA, folder: Path, name: str = "127.0.0.1") -> dict[str, str]:
    """The settings of https with a certificate of this authority."""
    issued = authority.issue_cert(name)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return {"HUYING_TLS_CERTIFICATE_FILE": str(chain), "HUYING_TLS_KEY_FILE": str(key)}


def test_with_a_certificate_phones_are_served_over_https_and_our_own_on_loopback(
    make_settings: Callable[..., Any], authority: trustme.CA, tmp_path: Path
) -> None:
    web = WebProcess(make_settings(), **certificate(authority, tmp_path))
    web.scheme = "https"
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with web:
        with httpx.Client(trust_env=False, verify=trusting) as phone:
            assert phone.get(f"{web.url}/healthz").status_code == 200
            named = "key " + base64.b64encode(secrets.token_hex(16).encode()).decode()
            begun = phone.post(
                f"{web.url}/api/uploads/",
                headers={
                    "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": named,
                },
            )  # fmt: skip
            assert begun.status_code == 201
            assert begun.headers["location"].startswith("/api/uploads/")
        local = f"http://127.0.0.1:{web.port + 3}/healthz"
        assert httpx.get(local, trust_env=False).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{web.port}/healthz", trust_env=False)
        assert web.stop() in (0, -15)


def counted(web: WebProcess) -> list[int]:
    """What two senders behind one proxy get who each begin one upload, where one is allowed."""
    codes = []
    for address in ("203.0.113.7", "203.0.113.8"):
        named = "key " + base64.b64encode(secrets.token_hex(16).encode()).decode()
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": named,
            "X-Forwarded-For": address,
        }  # fmt: skip
        answer = httpx.post(f"{web.url}/api/uploads/", headers=headers, trust_env=False)
        codes.append(answer.status_code)
    return codes


@pytest.mark.parametrize(
    "proxies, codes", [("[]", [201, 429]), ('["127.0.0.1/32"]', [201, 201]),
                       ('["192.0.2.0/24"]', [201, 429])]
)  # fmt: skip
def test_only_a_named_proxy_is_believed_who_the_sender_is(
    make_settings: Callable[..., Any], proxies: str, codes: list[int]
) -> None:
    web = WebProcess(make_settings(), HUYING_TRUSTED_PROXIES=proxies)
    web.environment["HUYING_LIMITS__PER_ADDRESS_PER_MINUTE"] = "1"
    with web:
        assert counted(web) == codes


def test_a_certificate_without_its_own_key_is_named_before_the_start(
    authority: trustme.CA, tmp_path: Path
) -> None:
    good = certificate(authority, tmp_path)
    settings = load(env=good)
    assert (settings.base_url, settings.local_url) == (
        "https://127.0.0.1:8300",
        "http://127.0.0.1:8303",
    )
    with pytest.raises(SettingsError, match="belong together"):
        load(env={"HUYING_TLS_KEY_FILE": good["HUYING_TLS_KEY_FILE"]})
    other = tmp_path / "other"
    other.mkdir()
    wrong = certificate(authority, other)["HUYING_TLS_KEY_FILE"]
    with pytest.raises(SettingsError, match="tls_key_file can't be used"):
        load(env={**good, "HUYING_TLS_KEY_FILE": wrong})


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, ["Only this machine"]),
        ({"HUYING_HOST": "0.0.0.0"}, ["can't record"]),
        (
            {"HUYING_HOST": "192.168.1.5", "HUYING_PUBLIC_URL": "http://huying.lan"},
            ["can't record"],
        ),
        ({"HUYING_PUBLIC_URL": "https://huying.example"}, ["trusted_proxies is empty"]),
        (
            {
                "HUYING_PUBLIC_URL": "https://huying.example",
                "HUYING_TRUSTED_PROXIES": '["127.0.0.1/32"]',
            },
            [],
        ),
    ],
)
def test_up_says_when_phones_could_not_record(given: dict[str, str], words: list[str]) -> None:
    said = notes(load(env=given))
    assert len(said) == len(words)
    for sentence, word in zip(said, words, strict=True):
        assert word in sentence


def test_with_https_of_its_own_up_asks_only_for_the_public_address(
    authority: trustme.CA, tmp_path: Path
) -> None:
    good = {**certificate(authority, tmp_path), "HUYING_HOST": "0.0.0.0"}
    (sentence,) = notes(load(env=good))
    assert "public_url" in sentence
    assert notes(load(env={**good, "HUYING_PUBLIC_URL": "https://huying.example"})) == []
