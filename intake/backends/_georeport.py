"""Parses GeoReport v2 answers, JSON or XML, into plain records.

Source: the Open311 GeoReport v2 specification. Servers differ in details, so a single object is
read as a list of one, and numbers as their text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import httpx
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from intake.errors import BackendError

Record = Mapping[str, str]
"""Field name → text; absent, null and empty fields are left out."""

SPECIFICATION = "georeport_v2"


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of service. ``kind``: "realtime" answers with a number, "batch" with a token,
    "blackbox" with neither. ``has_attributes``: its definition asks for more fields."""

    code: str
    kind: str
    has_attributes: bool


def records(answer: httpx.Response) -> list[Record]:
    """The records of a list answer (services, requests, tokens); raises `BackendError`."""
    found = _content(answer)
    if isinstance(found, Element):
        return [_flat({c.tag: c.text for c in child}) for child in found]
    if isinstance(found, dict):
        inner = [value for value in found.values() if isinstance(value, list)]
        found = inner[0] if len(found) == 1 and inner else [found]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _unreadable()
    return [_flat(item) for item in found]


def services(answer: httpx.Response) -> dict[str, Service]:
    """The service list by code."""
    found = [
        Service(
            record["service_code"],
            record.get("type", "realtime").lower(),
            record.get("metadata", "false").lower() == "true",
        )
        for record in records(answer)
        if "service_code" in record
    ]
    return {service.code: service for service in found}


def required_attributes(answer: httpx.Response) -> set[str]:
    """Codes of the attributes that a service definition demands."""
    found = _content(answer)
    if isinstance(found, Element):
        items = [_flat({c.tag: c.text for c in each}) for each in found.iter("attribute")]
    else:
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        raw = found.get("attributes") if isinstance(found, dict) else None
        items = [_flat(each) for each in raw or [] if isinstance(each, dict)]
    return {
        each["code"]
        for each in items
        if "code" in each
        and each.get("required", "false").lower() == "true"
        and each.get("variable", "true").lower() == "true"
    }


def endpoint(answer: httpx.Response, kind: str) -> str | None:
    """The address of the ``kind`` ("production", "test") endpoint in a discovery document."""
    found = _content(answer)
    if isinstance(found, Element):
        items = [_flat({c.tag: c.text for c in each}) for each in found.iter("endpoint")]
    else:
        raw = found.get("endpoints") if isinstance(found, dict) else None
        items = [_flat(each) for each in raw or [] if isinstance(each, dict)]
    for each in items:
        fits = SPECIFICATION in each.get("specification", "").lower()
        if fits and each.get("type", "production").lower() == kind and "url" in each:
            return each["url"].rstrip("/")
    return None


def moment(text: str | None) -> datetime | None:
    """A W3C datetime as aware UTC; None where it has no zone or can't be read."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if read.tzinfo is None else read.astimezone(UTC)


def _flat(item: Mapping[str, Any]) -> Record:
    out = {}
    for key, value in item.items():
        if isinstance(value, bool):
            out[key] = str(value).lower()
        elif isinstance(value, str | int | float) and str(value).strip():
            out[key] = str(value).strip()
    return out


def _content(answer: httpx.Response) -> Any:
    # Told by the content: a server may ignore the format that the path asks for.
    body = answer.content.strip()
    try:
        if body.startswith(b"<"):
            return fromstring(body, forbid_dtd=True)
        return json.loads(body)
    except (ValueError, ParseError, DefusedXmlException, LookupError, RecursionError):
        raise _unreadable() from None


def _unreadable() -> BackendError:
    return BackendError(
        "The backend's answer is neither the JSON nor the XML of GeoReport v2.",
        code="answer_unreadable",
        sent=None,
    )
