"""Who writes: an anonymous visitor, known again by a signed token that her page keeps.

The visitor's id is random (192 bits) and worthless without our signature, so it may stand in the
database and in logs; the token is the secret.
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
    """``address``: the contact point's. ``token``: signed anew at each visit, so it lives on."""

    address: str
    token: str
    is_new: bool


def welcome(keys: Sequence[str], token: str | None, days: int) -> Visitor:
    """The visitor of a token, or a new one where the token is none, foreign or too old."""
    address = known(keys, token)
    is_new = address is None
    address = address or secrets.token_urlsafe(24)
    ends = datetime.now(UTC) + timedelta(days=days)
    return Visitor(address, sign_link(keys[0], PURPOSE, address, ends), is_new)


def known(keys: Sequence[str], token: str | None) -> str | None:
    """The visitor's address, None for a token that is not (or no longer) good."""
    if not token or len(token) > TOKEN_LENGTH:
        return None
    try:
        return check_link(keys, PURPOSE, token, datetime.now(UTC))
    except NotAllowed:
        return None


def origin_allowed(origin: str | None, host: str | None, own: str, allowed: Sequence[str]) -> bool:
    """May a page of this origin talk to us? Ours may (``own`` URL, or the host it asked for), and
    those of the settings; a browser always says where a WebSocket comes from."""
    if not origin:
        return False
    origin = origin.lower()
    own_parts = urlsplit(own.lower())
    if origin in allowed or origin == f"{own_parts.scheme}://{own_parts.netloc}":
        return True
    parts = urlsplit(origin)
    return bool(host) and parts.scheme in ("http", "https") and parts.netloc == str(host).lower()


def plain_host(host: str | None) -> str | None:
    """The Host header if it is one that may be repeated in a header of ours."""
    return host if host and _HOST.fullmatch(host) else None
