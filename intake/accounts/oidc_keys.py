"""The keys with which an OpenID Connect provider signs, as it publishes them (RFC 7517).

A set may hold keys that can't be used here: of another type or curve, too short, for encryption, or
broken. They are left out (RFC 7517 section 5); what was left out is told only where it matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from intake.network.content import storable

SIGNS: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("Ed25519", "EdDSA"),
    "Ed448": ("EdDSA",),
}
"""RSA, or the curve → the algorithms with which such a key signs (RFC 7518, 8037, 9864)."""
ALGORITHMS = tuple(dict.fromkeys(name for names in SIGNS.values() for name in names))
LEAST_RSA_BITS = 2048  # RFC 7518 section 3.3
MOST_KEYS = 100
_MEMBERS = ("kty", "crv", "n", "e", "x", "y")
_BROKEN = (
    JoseError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    UnsupportedAlgorithm,
)  # fmt: skip

PublicKey = RSAKey | ECKey | OKPKey


class NoFittingKey(Exception):
    """No published key verifies the token. ``lacking``: it may be signed with a key that can't be
    used here, or there is none that can be; the text says which keys those are, and why."""

    def __init__(self, lacking: str | None = None) -> None:
        super().__init__(lacking or "not signed with a published key")
        self.lacking = lacking


@dataclass(frozen=True, slots=True)
class _Usable:
    key: PublicKey
    kid: str | None
    algorithms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unusable:
    kid: str | None
    why: str


def verified(token: str, published: Any) -> jwt.Token:
    """The token, if one of the published keys has signed it with one of `ALGORITHMS`.

    ``published``: the provider's JWK Set. Its claims are not checked. Raises `NoFittingKey`.
    """
    usable, unusable = _sorted(published)
    try:
        header = jws.extract_compact(token.encode()).headers()
    except _BROKEN:
        raise NoFittingKey(None if usable else _told(unusable)) from None
    kid, algorithm = header.get("kid"), header.get("alg")
    fitting = [one for one in usable if algorithm in one.algorithms]
    if kid is not None:  # a key without a name may be the one that is meant
        fitting = [one for one in fitting if one.kid == kid] + [
            one for one in fitting if one.kid is None
        ]
    for one in fitting:
        try:
            return jwt.decode(token, one.key, algorithms=[str(algorithm)])
        except _BROKEN:
            continue
    meant = [one for one in unusable if kid is not None and one.kid == kid]
    if not usable:
        raise NoFittingKey(_told(unusable))
    raise NoFittingKey(_told(meant) if meant and not fitting else None)


def _sorted(published: Any) -> tuple[list[_Usable], list[_Unusable]]:
    keys = published.get("keys") if isinstance(published, Mapping) else None
    usable: list[_Usable] = []
    unusable: list[_Unusable] = []
    for data in keys[:MOST_KEYS] if isinstance(keys, list) else []:
        one = _read(data)
        if isinstance(one, _Usable):
            usable.append(one)
        else:
            unusable.append(one)
    return usable, unusable


def _read(data: Any) -> _Usable | _Unusable:
    if not isinstance(data, Mapping):
        return _Unusable(None, "no JSON object")
    kid = data.get("kid") if isinstance(data.get("kid"), str) else None
    kind = " ".join(str(data[name]) for name in ("kty", "crv") if name in data) or "no kty"
    uses = data.get("key_ops")
    if data.get("use", "sig") != "sig" or (isinstance(uses, list) and "verify" not in uses):
        return _Unusable(kid, f"{kind}: not for signatures")
    curve = data.get("crv")
    algorithms = SIGNS.get(str(data.get("kty") if data.get("kty") == "RSA" else curve), ())
    if (named := data.get("alg")) is not None:
        algorithms = tuple(name for name in algorithms if name == named)
    if not algorithms:
        return _Unusable(kid, f"{kind}: its type, curve or algorithm is not supported")
    try:
        key = JWKRegistry.import_key({name: data[name] for name in _MEMBERS if name in data})
        bits = getattr(key.public_key, "key_size", None)  # reads the numbers, and checks them
    except _BROKEN as error:
        return _Unusable(kid, f"{kind}: broken ({type(error).__name__})")
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return _Unusable(kid, f"{kind}: no public key")
    if isinstance(key, RSAKey) and (not isinstance(bits, int) or bits < LEAST_RSA_BITS):
        return _Unusable(kid, f"{kind}: shorter than {LEAST_RSA_BITS} bits")
    return _Usable(key, kid, algorithms)


def _told(keys: Sequence[_Unusable]) -> str:
    """The unusable keys in one line, for a log."""
    told = [f"{one.kid or 'without kid'} ({one.why})" for one in keys]
    return storable("; ".join(told), 300).replace("\n", " ") or "the set is empty"
