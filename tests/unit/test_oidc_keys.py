"""One key that can't be used locks nobody out; nobody gets in with one that must not be used."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from intake.accounts.oidc_keys import ALGORITHMS, NoFittingKey, verified

RSA = RSAKey.generate_key(2048, {"kid": "1"})
OTHER = RSAKey.generate_key(2048, {"kid": "2"})
SHORT = RSAKey.import_key(rsa.generate_private_key(65537, 1024), {"kid": "short"})
PUBLIC = RSA.as_dict(private=False)
CLAIMS = {"sub": "7"}

UNUSABLE: dict[str, Any] = {
    "unknown curve": {"kty": "EC", "crv": "brainpoolP256r1", "kid": "bp", "x": "AAAA", "y": "AAAA"},
    "curve of no algorithm here": {**ECKey.generate_key("secp256k1").as_dict(private=False)},
    "no curve": {"kty": "EC", "kid": "e", "x": "AAAA", "y": "AAAA"},
    "not on its curve": {"kty": "EC", "crv": "P-256", "kid": "e", "x": "AAAA", "y": "AAAA"},
    "curve that is a list": {"kty": "EC", "crv": ["P-256"], "x": "AAAA", "y": "AAAA"},
    "unknown type": {"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq", "pub": "AAAA"},
    "type that is a list": {"kty": [], "kid": "x"},
    "no type": {"kid": "x"},
    "secret": {**OctKey.generate_key(256).as_dict(private=True), "kid": "s"},
    "too short": SHORT.as_dict(private=False),
    "tiny": {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "t"},
    "without modulus": {"kty": "RSA", "e": "AQAB", "kid": "t"},
    "number for a modulus": {"kty": "RSA", "n": 5, "e": "AQAB", "kid": "t"},
    "empty modulus": {"kty": "RSA", "n": "", "e": "", "kid": "t"},
    "exponent of one": {**PUBLIC, "e": "AQ", "kid": "t"},
    "no base64": {**PUBLIC, "n": "§§§", "kid": "t"},
    "key exchange": {**OKPKey.generate_key("X25519").as_dict(private=False), "kid": "k"},
    "cut": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "k"},
    "for encryption": {**OTHER.as_dict(private=False), "use": "enc"},
    "use that is a list": {**OTHER.as_dict(private=False), "use": ["enc"]},
    "for wrapping keys": {**OTHER.as_dict(private=False), "key_ops": ["wrapKey"]},
    "of an encrypting algorithm": {**OTHER.as_dict(private=False), "alg": "RSA-OAEP"},
    "algorithm that is a number": {**OTHER.as_dict(private=False), "alg": 7},
    "null": None,
    "text": "key",
    "list": [],
    "empty": {},
}


def signed(key: Any = RSA, **header: Any) -> str:
    header = {"alg": "RS256", "kid": "1", **header}
    header = {name: value for name, value in header.items() if value is not None}
    return jwt.encode(header, CLAIMS, key, algorithms=[header["alg"]])


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("kid", ["1", None])
@pytest.mark.parametrize("strange", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_beside_it_that_can_not_be_used_changes_nothing(
    strange: Any, kid: str | None, first: bool
) -> None:
    keys = [strange, PUBLIC] if first else [PUBLIC, strange]
    assert verified(signed(kid=kid), {"keys": keys}).claims == CLAIMS


@pytest.mark.parametrize("strange", UNUSABLE.values(), ids=UNUSABLE)
def test_a_set_without_a_usable_key_says_what_it_holds(strange: Any) -> None:
    with pytest.raises(NoFittingKey) as caught:
        verified(signed(), {"keys": [strange]})
    assert caught.value.lacking
    assert "\n" not in caught.value.lacking
    if isinstance(strange, dict) and isinstance(strange.get("kid"), str):
        assert strange["kid"] in caught.value.lacking


@pytest.mark.parametrize("published", [{}, {"keys": []}, {"keys": None}, {"keys": {}}, None, []])
def test_a_set_without_keys_says_so(published: Any) -> None:
    with pytest.raises(NoFittingKey) as caught:
        verified(signed(), published)
    assert caught.value.lacking == "the set is empty"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, "RS256"), (RSA, "RS512"), (RSA, "PS256"), (RSA, "PS384"),
        (ECKey.generate_key("P-256", {"kid": "1"}), "ES256"),
        (ECKey.generate_key("P-384", {"kid": "1"}), "ES384"),
        (ECKey.generate_key("P-521", {"kid": "1"}), "ES512"),
        (OKPKey.generate_key("Ed25519", {"kid": "1"}), "EdDSA"),
        (OKPKey.generate_key("Ed25519", {"kid": "1"}), "Ed25519"),
        (OKPKey.generate_key("Ed448", {"kid": "1"}), "EdDSA"),
    ],
)  # fmt: skip
def test_every_algorithm_is_checked_with_its_kind_of_key(key: Any, algorithm: str) -> None:
    keys = [OTHER.as_dict(private=False), key.as_dict(private=False)]
    token = signed(key, alg=algorithm)
    assert algorithm in ALGORITHMS
    assert verified(token, {"keys": keys}).claims == CLAIMS
    assert verified(signed(key, alg=algorithm, kid=None), {"keys": keys}).claims == CLAIMS


def test_keys_of_one_name_and_keys_without_a_name_are_tried_each() -> None:
    ec = ECKey.generate_key("P-256", {"kid": "1"}).as_dict(private=False)
    twin = {**OTHER.as_dict(private=False), "kid": "1"}
    nameless = {name: value for name, value in PUBLIC.items() if name != "kid"}
    for keys in ([ec, twin, PUBLIC], [twin, nameless], [{**PUBLIC, "kid": 1}], [nameless, ec]):
        assert verified(signed(), {"keys": keys}).claims == CLAIMS
    private = RSA.as_dict(private=True)
    assert verified(signed(), {"keys": [{**private, "x5c": ["broken"]}]}).claims == CLAIMS


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(algorithm: str, secret: bytes) -> str:
    head = _packed(json.dumps({"alg": algorithm, "kid": "1"}).encode())
    body = f"{head}.{signed().split('.')[1]}"
    return f"{body}.{_packed(hmac.digest(secret, body.encode(), hashlib.sha256))}"


@pytest.mark.parametrize(
    "token",
    [
        signed(OTHER),
        signed(OTHER, kid="1"),
        signed(OTHER, kid=None),
        signed(OTHER, kid="2"),
        signed(ECKey.generate_key("P-256"), alg="ES256"),
        forged("HS256", RSA.as_pem(private=False)),
        forged("none", b""),
        forged("RS256", RSA.as_pem(private=False)),
        signed()[:-8] + "AAAAAAAA",
        signed().rsplit(".", 1)[0] + ".",
        "",
        "a.b",
        "a.b.c",
        "..",
        "中.文.字",
        _packed(b'{"alg":["RS256"]}') + ".e30.AAAA",
        _packed(b'{"alg":"RS256","kid":["1"]}') + ".e30.AAAA",
        _packed(b"[]") + ".e30.AAAA",
    ],
    ids=lambda _: "token",  # the keys are new in each process
)
def test_what_no_published_key_has_signed_is_refused_and_blames_no_key(token: str) -> None:
    with pytest.raises(NoFittingKey) as caught:
        verified(token, {"keys": [PUBLIC, UNUSABLE["unknown curve"]]})
    assert caught.value.lacking is None


def test_a_token_that_names_a_key_which_can_not_be_used_says_so() -> None:
    short = signed(SHORT, kid="short")
    with pytest.raises(NoFittingKey) as caught:
        verified(short, {"keys": [PUBLIC, SHORT.as_dict(private=False)]})
    assert caught.value.lacking is not None
    assert "2048" in caught.value.lacking


def test_what_a_key_is_called_can_not_write_lines_into_a_log() -> None:
    strange = {"kty": "AKP", "kid": "x\nERROR \x1b[2J forged"}
    with pytest.raises(NoFittingKey) as caught:
        verified(signed(), {"keys": [strange] * 200})
    assert caught.value.lacking is not None
    assert not set(caught.value.lacking) & {"\n", "\x1b"}
    assert len(caught.value.lacking) <= 300
