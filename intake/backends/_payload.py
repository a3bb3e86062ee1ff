"""A service request as JSON for other systems, as schemas/service_request.v1.json describes it.

A changed meaning or a removed field needs a new version of the schema; a new optional field does
not.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from intake.backends import Dispatch
from intake.understanding.fields import COLUMNS

SCHEMA_VERSION = 1
_PLACES = {column.name: column.payload for column in COLUMNS if column.payload is not None}
_SCHEMAS = Path(__file__).parent / "schemas"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `build` returns: the published one, and the declared
    fields that it does not describe yet."""
    path = _SCHEMAS / f"service_request.v{SCHEMA_VERSION}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for column in COLUMNS:
        if column.payload is not None:
            part, key = column.payload
            within = loaded["properties"].setdefault(part, {"type": "object", "properties": {}})
            within["properties"].setdefault(key, {"type": ["string", "null"]})
    return loaded


def build(dispatch: Dispatch) -> dict[str, Any]:
    """The JSON object for one dispatch; times are RFC 3339 in UTC."""
    recording = None
    if dispatch.recording_url is not None:
        recording = {"url": dispatch.recording_url, "name": dispatch.recording_name}
    told = _fields(dispatch)
    return {
        "schema_version": SCHEMA_VERSION,
        "event": dispatch.kind,
        "idempotency_key": dispatch.idempotency_key,
        "delivery_id": dispatch.delivery_id,
        "tracking_number": dispatch.tracking_number,
        "version": dispatch.version,
        "external_id": dispatch.external_id,
        "reason": dispatch.reason,
        "category": {
            "code": dispatch.category,
            "name": dict(dispatch.category_name),
            "service_hint": dispatch.service_hint,
        },
        "urgency": dispatch.urgency,
        "summary": dispatch.summary,
        "transcript": {"text": dispatch.transcript, "language": dispatch.language},
        "where": {
            **told.pop("where"),
            "address": dispatch.address,
            "latitude": dispatch.latitude,
            "longitude": dispatch.longitude,
        },
        "when": told.pop("when"),
        "who": told.pop("who"),
        **told,
        "received_at": _moment(dispatch.received_at),
        "deadline_at": _moment(dispatch.deadline_at),
        "recording": recording,
        "update_url": dispatch.update_url,
    }


def _fields(dispatch: Dispatch) -> dict[str, dict[str, str | None]]:
    """The request's fields by the object and the key that their columns declare."""
    told: dict[str, dict[str, str | None]] = {}
    for name, (part, key) in _PLACES.items():
        value = dispatch.fields.get(name)
        told.setdefault(part, {})[key] = _moment(value) if isinstance(value, datetime) else value
    return told


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
