"""Signed links that expire, and signed webhook bodies.

Pure. Every check takes a list of secrets, the current one and the previous ones, so that a secret
can be changed without breaking the links that were already sent.

Links are itsdangerous tokens (HMAC-SHA256, the purpose as salt); the end is inside the signed
part, because a link may live minutes (a recording) or weeks (an order in an e-mail).
Webhook bodies are signed as ``t=<unix seconds>,v1=<hex>``: HMAC-SHA256 over ``<t>.<body>``,
the scheme that Stripe made common, so that receivers can check it with what they have.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeSerializer

from intake.errors import NotAllowed

_DIGITS = re.compile(r"[0-9]{1,12}", re.ASCII)


class LinkExpired(NotAllowed):
    """The link's signature is right, but it has expired; ``details["subject"]`` is its subject."""

    default_code = "link_expired"


class LinkForged(NotAllowed):
    """The link was not signed by us, is damaged, or is meant for another purpose."""

    default_code = "link_not_valid"


def sign_link(secret: str, purpose: str, subject: str, expires_at: datetime) -> str:
    """Make a URL-safe token for ``subject`` that `check_link` accepts until ``expires_at``.

    ``purpose`` keeps tokens apart: one made for "recording" is worthless for "order_done".
    ``expires_at`` is aware; it is kept in whole seconds.
    """
    if expires_at.tzinfo is None:
        raise ValueError("expires_at must be aware")
    token = _serializer([secret], purpose).dumps([subject, int(expires_at.timestamp())])
    return str(token)


def check_link(secrets: Sequence[str], purpose: str, token: str, now: datetime) -> str:
    """Return the subject of a token; raise `LinkExpired` or `LinkForged`.

    ``secrets``: the current one and the previous ones, in any order. ``now`` is aware.
    """
    serializer = _serializer(secrets, purpose)
    try:
        subject, until = serializer.loads(token)
        subject, until = str(subject), int(until)
    except (BadData, ValueError, TypeError):
        raise LinkForged("This link is not valid; ask for a new one.") from None
    if now.timestamp() > until:
        raise LinkExpired("This link has ended; ask for a new one.", subject=subject)
    return subject


def sign_body(secret: str, timestamp: int, body: bytes) -> str:
    """The signature header of a webhook body; ``timestamp`` in Unix seconds."""
    return f"t={timestamp},v1={_mac(secret, timestamp, body)}"


def verify_body(
    secrets: Sequence[str],
    header: str,
    body: bytes,
    now: datetime,
    tolerance_seconds: float = 300,
) -> None:
    """Raise `NotAllowed` unless one of ``secrets`` signed exactly this body within the last
    ``tolerance_seconds`` before ``now``.

    A header may carry several ``v1=`` (a sender that is changing its secret). Codes:
    ``signature_malformed``, ``signature_too_old`` (also when from the future), and
    ``signature_wrong``.
    """
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for key, _, value in pairs if key == "t"]
    given = [value for key, _, value in pairs if key == "v1"]
    if len(times) != 1 or not _DIGITS.fullmatch(times[0]) or not given:
        raise NotAllowed(
            "The signature header must read t=<unix seconds>,v1=<hex>.", code="signature_malformed"
        )
    timestamp = int(times[0])
    good = False
    for secret in secrets:
        expected = _mac(secret, timestamp, body).encode()
        for value in given:
            good |= hmac.compare_digest(expected, value.encode())
    if not good:
        raise NotAllowed(
            "The signature does not fit the body; check the secret on both sides.",
            code="signature_wrong",
        )
    if abs(now.timestamp() - timestamp) > tolerance_seconds:
        raise NotAllowed(
            f"The signature is not from the last {tolerance_seconds:.0f} s; check both clocks.",
            code="signature_too_old",
        )


def unix_seconds(moment: datetime | None = None) -> int:
    """Whole Unix seconds of an aware moment, or of now."""
    return int((moment or datetime.now(UTC)).timestamp())


def _mac(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def _serializer(secrets: Sequence[str], purpose: str) -> URLSafeSerializer:
    # itsdangerous signs with the last key of its list and accepts all of them.
    if not secrets or not all(secrets):
        raise ValueError("no secret")
    return URLSafeSerializer(
        list(reversed(secrets)),
        salt=f"huying.{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
