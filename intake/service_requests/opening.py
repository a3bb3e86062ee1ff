"""Opening a request: recording, request and first event in one statement."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.ext.asyncio import AsyncSession

from intake.lifecycle import Status
from intake.service_requests.events import Author
from intake.service_requests.tracking_numbers import tracking_number
from intake.storage.db import raw_connection
from intake.storage.jobs import defer
from intake.storage.models import Recording
from intake.understanding.fields import READ_TEXTS

GIVEN = frozenset({"language", "household", *READ_TEXTS})
"""All that may stand in ``given``: fields of a sender's form, and the household of the link.
What the software or an operator notes about a request has a column of its own."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a request is opened.

    ``given``: what the sender filled in, by the names of `GIVEN`; under ``household`` what is known
    of the household whose link was used. Another name raises ValueError.
    """

    channel: str
    language: str | None = None
    recording_id: int | None = None
    contact_point_id: int | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    received_at: datetime | None = None
    household_id: int | None = None

    def __post_init__(self) -> None:
        if unknown := sorted(self.given.keys() - GIVEN):
            raise ValueError(f"no sender fills in {', '.join(unknown)}")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a channel needs for its answer to the sender."""

    id: int
    tracking_number: str
    status_key: str
    language: str | None


def hash_key(status_key: str) -> bytes:
    """SHA-256 of a status key: what the database looks up."""
    return hashlib.sha256(status_key.encode()).digest()


_GIVEN = ", ".join(READ_TEXTS)
_GIVEN_VALUES = ", ".join(f"%({name})s" for name in READ_TEXTS)
# Runs for every voicemail: one statement takes less time than three by the ORM (`make bench`).
_OPEN = f"""
    WITH kept AS (
        INSERT INTO recordings
            (blob_key, sha256, size_bytes, format, codec, duration_seconds, recorded_at)
        SELECT %(blob_key)s, %(sha256)s, %(size_bytes)s, %(format)s, %(codec)s,
               %(duration_seconds)s, %(recorded_at)s
        WHERE %(blob_key)s::text IS NOT NULL
        RETURNING id
    ), opened AS (
        INSERT INTO service_requests
            (tracking_number, status_key, status_key_hash, status, channel, language,
             recording_id, contact_point_id, household_id, given, {_GIVEN}, received_at)
        VALUES
            (%(tracking_number)s, %(status_key)s, %(status_key_hash)s, %(status)s, %(channel)s,
             %(language)s, coalesce((SELECT id FROM kept), %(recording_id)s),
             %(contact_point_id)s, %(household_id)s, %(given)s, {_GIVEN_VALUES}, %(received_at)s)
        RETURNING id, status, version
    ), noted AS (
        INSERT INTO events (service_request_id, kind, to_status, actor, who, why, version)
        SELECT id, 'opened', status, %(actor)s, %(who)s, %(why)s, version FROM opened
    )
    SELECT id FROM opened
"""  # noqa: S608 (our own words only; values are bound)

_RECORDING = (
    "blob_key",
    "sha256",
    "size_bytes",
    "format",
    "codec",
    "duration_seconds",
    "recorded_at",
)


async def open_request(
    session: AsyncSession,
    opening: Opening,
    *,
    by: Author,
    status: Status = Status.RECEIVED,
    recording: Recording | None = None,
    draft: bool = False,
) -> Opened:
    """Open a request, write its first event and defer the job that its status starts.

    ``recording``: a new one, stored with it. ``draft``: a conversation will fill in the fields, so
    no job starts.
    """
    connection = await raw_connection(session)
    known = {**opening.given.get("household", {}), **opening.given}
    cursor = await connection.execute("SELECT nextval('tracking_numbers')")
    number = tracking_number((await cursor.fetchone())[0])
    key = secrets.token_urlsafe(18)
    values = {
        "tracking_number": number,
        "status_key": key,
        "status_key_hash": hash_key(key),
        "status": status.value,
        "channel": opening.channel,
        "language": opening.language,
        "recording_id": opening.recording_id,
        "contact_point_id": opening.contact_point_id,
        "household_id": opening.household_id,
        "given": Jsonb(dict(opening.given)),
        **{name: known.get(name) for name in READ_TEXTS},
        "received_at": opening.received_at or datetime.now(UTC),
        "actor": by.actor.value,
        "who": by.who,
        "why": by.why,
        **{name: getattr(recording, name, None) for name in _RECORDING},
    }
    cursor = await connection.execute(_OPEN, values)
    opened = Opened((await cursor.fetchone())[0], number, key, opening.language)
    if status is Status.RECEIVED and not draft:
        await defer(session, "transcribe", service_request_id=opened.id)
    return opened
