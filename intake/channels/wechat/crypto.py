"""WeChat's signatures, and the encryption and decryption of its messages.

A signature is the SHA-1 of the sorted and joined parts; the algorithm is WeChat's choice.
Encryption ("safe mode") is AES-256-CBC, IV = the key's first 16 bytes, of
``16 random bytes + length (4 bytes, big-endian) + message + AppID``, padded to 32 (PKCS #7).
Source: "Message Encryption and Decryption" in WeChat's Official Accounts documentation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from intake.errors import NotAllowed

_BLOCK_BITS = 256
_HEAD = 20  # random bytes and length


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Tokens and 32-byte AES keys that are accepted, the current one first."""

    app_id: str
    tokens: tuple[str, ...]
    keys: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A decrypted message, and the key that decrypted it, with which the answer is encrypted."""

    message: bytes
    key: bytes


def aes_key(text: str) -> bytes:
    """The 32 bytes of an EncodingAESKey (43 characters). Raises `ValueError` for other text."""
    try:
        key = base64.b64decode(text + "=", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(text) != 43 or len(key) != 32:
        raise ValueError("an EncodingAESKey has 43 letters and digits; copy it whole")
    return key


def sign(*parts: str) -> str:
    """WeChat's signature of the parts: 40 hex digits."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324


def check_signature(tokens: tuple[str, ...], given: str, *parts: str) -> str:
    """Return the token that signed ``parts``; raises `NotAllowed` if none did.

    All tokens are tried, each in constant time, so that the time tells nothing about them.
    """
    signed = [
        token
        for token in tokens
        if hmac.compare_digest(sign(token, *parts).encode(), given.encode())
    ]
    if not signed:
        raise NotAllowed("The signature is not WeChat's; check the Token.", code="bad_signature")
    return signed[0]


def check_fresh(timestamp: str, now: float, window_seconds: float) -> None:
    """Raises `NotAllowed` for a timestamp (Unix seconds) that is more than ``window_seconds`` from
    ``now`` (Unix seconds)."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise NotAllowed("The timestamp is no number.", code="bad_timestamp")
    if abs(now - int(timestamp)) > window_seconds:
        raise NotAllowed(
            "The request is too old, or this machine's clock is wrong.", code="stale_timestamp"
        )


def decrypt(ring: KeyRing, encrypted: str) -> Opened:
    """Decrypt the text of an ``Encrypt`` element with the first key that fits.

    The caller has checked its signature. Raises `NotAllowed` when no key fits, or when the text is
    truncated or was encrypted for another AppID.
    """
    try:
        ciphertext = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError):
        ciphertext = b""
    for key in ring.keys:
        message = _decrypt_with(key, ciphertext, ring.app_id)
        if message is not None:
            return Opened(message, key)
    raise NotAllowed(
        "The message is not encrypted for this account; check EncodingAESKey and AppID.",
        code="not_for_us",
    )


def encrypt(key: bytes, message: bytes, app_id: str) -> str:
    """Encrypt a message; returns the text of an ``Encrypt`` element (base64)."""
    plain = secrets.token_bytes(16) + len(message).to_bytes(4, "big") + message + app_id.encode()
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _decrypt_with(key: bytes, ciphertext: bytes, app_id: str) -> bytes | None:
    if not ciphertext or len(ciphertext) % 16:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None
    end = _HEAD + int.from_bytes(plain[16:_HEAD], "big")
    if len(plain) < _HEAD or end > len(plain) or plain[end:] != app_id.encode():
        return None
    return plain[_HEAD:end]
