"""Parses GeoReport v2 answers, JSON or XML, into plain records.

Source: the Open311 GeoReport v2 specification. Servers differ in details, so a single object is
read as a list of one, numbers as their text, and records are found in whatever they are wrapped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from intake.errors import BackendError
from intake.network import content

Record = Mapping[str, str]
"""Field name → text; absent, null and empty fields are left out."""

SPECIFICATION = "georeport_v2"
_REQUEST = (
    "service_request_id", "token", "service_notice", "account_id", "requested_datetime",
)  # fmt: skip
_ATTRIBUTE = ("variable", "required", "datatype")
_LISTS = frozenset(
    ("service_requests", "requests", "service_request", "request", "services", "service", "data",
     "results", "items", "response")
)  # fmt: skip
_LONG = 8000


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of service. ``kind``: "realtime" answers with a number, "batch" with a token,
    "blackbox" with neither. ``has_attributes``: its definition asks for more fields."""

    code: str
    kind: str
    has_attributes: bool


def requests(answer: httpx.Response) -> list[Record]:
    """The requests of an answer, in whatever they are wrapped; empty for an empty list.

    Raises `BackendError` for anything else: a page of HTML, or the description of an error, is no
    list of requests, least of all an empty one.
    """
    return _records(answer, _REQUEST)


def services(answer: httpx.Response) -> dict[str, Service]:
    """The service list by code. Raises `BackendError` for an answer that is no such list."""
    found = [
        Service(
            record["service_code"],
            record.get("type", "realtime").lower(),
            record.get("metadata", "false").lower() == "true",
        )
        for record in _records(answer, ("service_code",))
        if "service_code" in record
    ]
    return {service.code: service for service in found}


def required_attributes(answer: httpx.Response) -> set[str]:
    """Codes of the attributes that a service definition demands."""
    items = map(_flat, content.carriers(_content(answer), _ATTRIBUTE))
    return {
        each["code"]
        for each in items
        if "code" in each
        and each.get("required", "false").lower() == "true"
        and each.get("variable", "true").lower() == "true"
    }


def endpoint(answer: httpx.Response, kind: str) -> str | None:
    """The address of the ``kind`` ("production", "test") endpoint in a discovery document."""
    for each in map(_flat, content.carriers(_content(answer), ("specification",))):
        fits = SPECIFICATION in each.get("specification", "").lower()
        if fits and each.get("type", "production").lower() == kind and "url" in each:
            return each["url"].rstrip("/")
    return None


def moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """A W3C datetime as aware UTC, one without a zone on the clock of ``zone``; None where it can't
    be read."""
    try:
        read = datetime.fromisoformat(text or "")
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _records(answer: httpx.Response, keys: tuple[str, ...]) -> list[Record]:
    found = _content(answer)
    out = [_flat(each) for each in content.carriers(found, keys)]
    if not out and not _is_empty_list(found):
        raise _unreadable(answer)
    return out


def _is_empty_list(found: Any) -> bool:
    """Whether it is ``[]``, or such a list under a name that lists have, beside plain values."""
    if not isinstance(found, dict):
        return isinstance(found, list) and not found
    named: dict[str, Any] = {content.key_of(str(key)): value for key, value in found.items()}
    lists = [value for key, value in named.items() if key in _LISTS]
    others = [value for key, value in named.items() if key not in _LISTS]
    if not lists or any(isinstance(value, dict | list) for value in others):
        return False
    if any(named.get(key) for key in ("error", "errors", "message", "description")):
        return False
    empty: tuple[Any, ...] = (None, "", [], {})
    return all(
        value in empty or (isinstance(value, str) and not value.strip()) or _is_empty_list(value)
        for value in lists
    )


def _flat(item: Mapping[str, Any]) -> Record:
    out = {}
    for key, given in item.items():
        value = given[0] if isinstance(given, list) and len(given) == 1 else given
        if isinstance(value, bool):
            out[key] = str(value).lower()
        elif isinstance(value, str | int | float) and (text := content.storable(str(value), _LONG)):
            out[key] = text
    return out


def _content(answer: httpx.Response) -> Any:
    try:
        return content.tree(answer)
    except content.Unreadable:
        raise _unreadable(answer) from None


def _unreadable(answer: httpx.Response) -> BackendError:
    return BackendError(
        "The backend's answer is neither the JSON nor the XML of GeoReport v2.",
        code="answer_unreadable",
        sent=None,
        answer=content.excerpt(answer),
        description=content.description(answer),
    )
