"""Anonymous visitors of the web chat, recognised by a signed token that the visitor's page stores.

A visitor's address is random (192 bits) and useless without our signature, so the database and the
logs may contain it; the token is the secret.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from intake.errors import NotAllowed
from intake.network.signing import check_link, sign_link

PURPOSE = "webchat-visitor"
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
TOKEN_LENGTH = 512
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Visitor:
    """``address``: the contact point's. ``token``: signed anew at each visit, so that its term
    begins anew."""

    address: str
    token: str
    is_new: bool


def welcome(keys: Sequence[str], token: str | None, days: int) -> Visitor:
    """The visitor of this token; a new one without a token or with one that is invalid or expired.

    ``keys``: the signing secrets, the current one first. ``days``: how long the new token is valid.
    """
    address = known(keys, token)
    is_new = address is None
    address = address or secrets.token_urlsafe(24)
    ends = datetime.now(UTC) + timedelta(days=days)
    return Visitor(address, sign_link(keys[0], PURPOSE, address, ends), is_new)


def known(keys: Sequence[str], token: str | None) -> str | None:
    """The visitor's address; None for a token that is missing, invalid or expired."""
    if not token or len(token) > TOKEN_LENGTH:
        return None
    try:
        return check_link(keys, PURPOSE, token, datetime.now(UTC))
    except NotAllowed:
        return None


def origin_allowed(origin: str | None, host: str | None, own: str, allowed: Sequence[str]) -> bool:
    """Whether a page of this origin may connect.

    Ours may (the ``own`` URL, or the ``host`` that the request names), and those ``allowed`` by the
    settings. Without an origin: no, because a browser always sends one with a WebSocket.
    """
    if not origin:
        return False
    origin = origin.lower()
    own_parts = urlsplit(own.lower())
    if origin in allowed or origin == f"{own_parts.scheme}://{own_parts.netloc}":
        return True
    parts = urlsplit(origin)
    return bool(host) and parts.scheme in ("http", "https") and parts.netloc == str(host).lower()


def plain_host(host: str | None) -> str | None:
    """The Host header, None when it has characters that no host has and so must not be repeated in
    a header of ours."""
    return host if host and _HOST.fullmatch(host) else None
