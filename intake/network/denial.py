"""Whether an answer with a status of success says in its body that something failed.

Proxies and log-in pages answer with a page of HTML; many systems answer 200 with
``{"errcode": 40001}`` or ``{"success": false}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from intake.network import content

_NO = frozenset(
    ("false", "error", "errors", "fail", "failed", "failure", "rejected", "refused", "denied",
     "invalid", "exception", "fault", "nok", "ko")
)  # fmt: skip
_HTML = frozenset(("html", "HTML", "head", "body"))
_CODES = ("code", "errcode", "err_code", "error_code", "errno", "status", "status_code")


def says_no(answer: httpx.Response) -> bool:
    """Whether the body is a page of HTML, or JSON or XML that reports an error (`denies`, or a code
    of failure)."""
    body = answer.content.lstrip()
    try:
        found = content.tree(answer)
    except content.Unreadable:
        return body.startswith(b"<")
    if body.startswith(b"<") and _HTML & found.keys():
        return True
    return denies(found) or (isinstance(found, dict) and _failed(found))


def denies(found: Any, depth: int = content.DEPTH) -> bool:
    """Whether a JSON object says that something failed, in one of the usual ways."""
    if depth < 0 or not isinstance(found, dict | list):
        return False
    if isinstance(found, list):
        return any(denies(each, depth - 1) for each in found)
    named = {content.key_of(str(key)): value for key, value in found.items()}
    for key in ("success", "ok", "accepted", "received", "status", "result"):
        if str(named.get(key)).lower() in _NO:
            return True
    for key in ("error", "errors", "exception", "fault"):
        if str(named.get(key) or "0").lower() not in ("0", "false", "none", "null"):
            return True
    return any(denies(value, depth - 1) for value in named.values())


def _failed(found: Mapping[str, Any]) -> bool:
    """Whether a code of the object is neither 0, 1 nor one of HTTP's for success (200 to 299)."""
    named = {content.key_of(str(key)): str(value).lower() for key, value in found.items()}
    told = (named[key] for key in _CODES if key in named)
    return any(
        code in _NO or (re.fullmatch(r"-?[0-9]+", code) and not re.fullmatch("0|1|2[0-9]{2}", code))
        for code in told
    )
