"""Writes invented requests with triggers disabled and in large batches: 100,000 take minutes.

Each batch is one transaction with all rows that belong to its requests; no job is queued and
nothing is sent. An invented request says so in its column ``invented``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql

from intake.catalogue.services import Catalogue
from intake.cli.sample_data.generate import WRITTEN, InventedHousehold, InventedRequest, Inventor
from intake.lifecycle import ENDED
from intake.service_requests.deadlines import time_allowed
from intake.service_requests.tracking_numbers import tracking_number

PIECE = 2000
REQUESTS_PER_HOUSEHOLD = 12
TABLES = (
    "households", "contact_points", "conversations", "recordings", "transcripts",
    "service_requests", "understandings", "events", "messages", "deliveries", "alarms",
)  # fmt: skip
QUIET = ("service_requests", "messages", "conversations", "alarms")
_END = {status.value for status in ENDED}
Row = tuple[Any, ...]


def holds_real_requests(connection: psycopg.Connection) -> bool:
    """Is there a request that was not invented here?"""
    found = connection.execute(
        "SELECT EXISTS (SELECT FROM service_requests WHERE NOT invented)"
    ).fetchone()
    return bool(found and found[0])


def seed(
    connection: psycopg.Connection,
    inventor: Inventor,
    count: int,
    *,
    days: int = 365,
    backend: str | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Write ``count`` invented requests of the last ``days`` days, and a household for each 12.

    ``connection``: in autocommit mode. ``backend``: the name of the backend that does the work.
    ``progress`` is called with the number written so far. The tables that the desk reads are
    analysed at the end.
    """
    households = inventor.households(max(1, count // REQUESTS_PER_HOUSEHOLD))
    with connection.transaction():
        ids = _ids(connection, "households", len(households))
        columns = "id name phone language place unit area resident_group"
        rows = (
            (
                n,
                household.name,
                household.phone,
                "zh",
                household.place,
                household.unit,
                household.area,
                household.group,
            )
            for n, household in zip(ids, households, strict=True)
        )
        _copy(connection, "households", columns, rows)
    writer = _Writer(connection, inventor.catalogue, households, ids, backend)
    requests = inventor.requests(households, count, days, datetime.now(UTC))
    done = 0
    while piece := list(islice(requests, PIECE)):
        with connection.transaction():
            writer.write(piece)
        done += len(piece)
        progress(done)
    for table in (*TABLES, "request_words"):
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))


class _Writer:
    def __init__(
        self,
        connection: psycopg.Connection,
        catalogue: Catalogue,
        households: Sequence[InventedHousehold],
        household_ids: Sequence[int],
        backend: str | None,
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.households, self.household_ids = households, household_ids
        self.backend = backend
        self.conversations: dict[tuple[str, str], tuple[int, int]] = {}

    def write(self, requests: Sequence[InventedRequest]) -> None:
        """Write one batch, in the caller's transaction."""
        for table in QUIET:
            self._alter(table, "DISABLE")
        numbers = _ids(self.connection, "service_requests", len(requests))
        self._conversations(requests)
        heard = [item for item in requests if item.channel not in WRITTEN]
        recordings = dict(zip(map(id, heard), self._recordings(heard), strict=True))
        transcripts = self._transcripts(heard, recordings)
        understandings = _ids(self.connection, "understandings", len(requests))
        merged_into: dict[str, int] = {}
        rows: list[Row] = []
        running = _next(self.connection, "tracking_numbers", len(requests))
        for item, number, run, understanding in zip(
            requests, numbers, running, understandings, strict=True
        ):
            into = merged_into.get(item.category) if item.status == "merged" else None
            merged_into[item.category] = number
            rows.append(
                self._request(
                    item, number, run, understanding, into,
                    recordings.get(id(item)), transcripts.get(id(item)),
                )
            )  # fmt: skip
        _copy(self.connection, "service_requests", REQUEST, rows)
        _copy(
            self.connection,
            "understandings",
            "id service_request_id transcript_id category confidence fields created_at",
            (
                (
                    understanding, number, transcripts.get(id(item)), item.category,
                    item.understanding.category_confidence, _json(item.understanding.to_json()),
                    item.moves[0][1],
                )
                for item, number, understanding in zip(
                    requests, numbers, understandings, strict=True
                )
            ),
        )  # fmt: skip
        both = list(zip(requests, numbers, strict=True))
        self._events(both)
        self._messages(both)
        self._deliveries(both)
        _copy(
            self.connection,
            "alarms",
            "service_request_id status acknowledged_by acknowledged_at created_at",
            (
                (number, "acknowledged", "李敏", item.moves[0][1], item.moves[0][1])
                for item, number in both
                if item.urgency == "emergency"
            ),
        )
        self.connection.execute("SELECT huying_note_words(%s)", [numbers])
        for table in QUIET:
            self._alter(table, "ENABLE")

    def _alter(self, table: str, how: str) -> None:
        statement = "ALTER TABLE {} " + how + " TRIGGER USER"
        self.connection.execute(sql.SQL(statement).format(sql.Identifier(table)))

    def _conversations(self, requests: Iterable[InventedRequest]) -> None:
        """Write contact points and conversations of requests that came in writing."""
        new = {
            (item.channel, item.phone): item.moves[0][1]
            for item in requests
            if item.channel in WRITTEN and (item.channel, item.phone) not in self.conversations
        }
        points = _ids(self.connection, "contact_points", len(new))
        talks = _ids(self.connection, "conversations", len(new))
        made = list(zip(new, points, talks, new.values(), strict=True))
        _copy(
            self.connection,
            "contact_points",
            "id channel address created_at",
            ((p, channel, f"invented-{secrets.token_hex(6)}-{to}", at)
             for (channel, to), p, _, at in made),
        )  # fmt: skip
        _copy(
            self.connection,
            "conversations",
            "id contact_point_id language last_in_at created_at",
            ((t, p, "zh", at, at) for _, p, t, at in made),
        )
        self.conversations.update({key: (point, talk) for key, point, talk, _ in made})

    def _recordings(self, heard: Sequence[InventedRequest]) -> list[int]:
        ids = _ids(self.connection, "recordings", len(heard))
        _copy(
            self.connection,
            "recordings",
            "id blob_key sha256 size_bytes format codec duration_seconds recorded_at forgotten_at"
            " created_at",
            (
                (
                    number, f"invented/{number}-{secrets.token_hex(4)}", secrets.token_bytes(32),
                    int(item.seconds * 4000), "webm", "opus", item.seconds, item.moves[0][1],
                    item.moves[0][1], item.moves[0][1],
                )
                for item, number in zip(heard, ids, strict=True)
            ),
        )  # fmt: skip
        return ids

    def _transcripts(
        self, heard: Sequence[InventedRequest], recordings: dict[int, int]
    ) -> dict[int, int]:
        ids = _ids(self.connection, "transcripts", len(heard))
        _copy(
            self.connection,
            "transcripts",
            "id recording_id text language engine model words confidence duration_seconds"
            " speech_seconds created_at",
            (
                (
                    number, recordings[id(item)], item.text, "zh", "invented", "invented",
                    _json(item.words), 0.9, item.seconds, item.seconds * 0.8, item.moves[0][1],
                )
                for item, number in zip(heard, ids, strict=True)
            ),
        )  # fmt: skip
        return dict(zip(map(id, heard), ids, strict=True))

    def _request(
        self,
        item: InventedRequest,
        number: int,
        running: int,
        understanding: int,
        merged_into: int | None,
        recording: int | None,
        transcript: int | None,
    ) -> Row:
        key = secrets.token_urlsafe(18)
        received, latest = item.moves[0][1], item.moves[-1][1]
        allowed = time_allowed(item.category, item.urgency, self.catalogue)
        assert allowed is not None
        at = {status: when for status, when, _ in item.moves}
        point, talk = self.conversations.get((item.channel, item.phone), (None, None))
        routed = at.get("routed")
        return (
            number, tracking_number(running), hashlib.sha256(key.encode()).digest(), key,
            item.status, len(item.moves), item.channel, "zh", recording, transcript, understanding,
            talk, point, None if item.household is None else self.household_ids[item.household],
            merged_into,
            item.category, item.urgency, item.text, item.place, item.area, item.unit,
            item.person, item.phone, True, _json(item.reasons),
            self.backend if routed else None, received, received + allowed,
            item.held_until, "李敏" if "needs_review" in at and routed else None, routed,
            latest if item.status in _END else None, item.rating, received, latest,
        )  # fmt: skip

    def _events(self, requests: Sequence[tuple[InventedRequest, int]]) -> None:
        def rows() -> Iterator[Row]:
            for item, number in requests:
                before = None
                for version, (status, at, actor) in enumerate(item.moves, 1):
                    kind = "moved" if before else "opened"
                    who = "李敏" if actor == "operator" else None
                    yield number, kind, before, status, actor, who, version, at
                    before = status

        columns = "service_request_id kind from_status to_status actor who version created_at"
        _copy(self.connection, "events", columns, rows())

    def _messages(self, requests: Sequence[tuple[InventedRequest, int]]) -> None:
        def rows() -> Iterator[Row]:
            for item, number in requests:
                _, talk = self.conversations.get((item.channel, item.phone), (None, None))
                if talk is not None and item.channel in WRITTEN:
                    at = item.moves[0][1]
                    yield talk, number, "in", f"i{number}", item.text, at, at, None, at
                    yield talk, number, "out", f"o{number}", "已收到。", None, None, at, at

        columns = (
            "conversation_id service_request_id direction external_id text received_at handled_at"
            " sent_at created_at"
        )
        _copy(self.connection, "messages", columns, rows())

    def _deliveries(self, requests: Sequence[tuple[InventedRequest, int]]) -> None:
        sent = [
            (number, at)
            for item, number in requests
            for status, at, _ in item.moves
            if status == "routed" and self.backend is not None
        ]
        _copy(
            self.connection,
            "deliveries",
            "service_request_id backend idempotency_key status attempts delivered_at created_at",
            ((n, self.backend, f"invented:{n}", "delivered", 1, at, at) for n, at in sent),
        )


REQUEST = (
    "id tracking_number status_key_hash status_key status version channel language recording_id"
    " transcript_id understanding_id conversation_id contact_point_id household_id merged_into_id"
    " category urgency text place area unit person phone invented reasons backend received_at"
    " deadline_at on_hold_until decided_by routed_at ended_at rating created_at updated_at"
)


def _ids(connection: psycopg.Connection, table: str, count: int) -> list[int]:
    return _next(connection, f"{table}_id_seq", count)


def _next(connection: psycopg.Connection, sequence: str, count: int) -> list[int]:
    statement = "SELECT nextval(%s) FROM generate_series(1, %s)"
    return [row[0] for row in connection.execute(statement, [sequence, count]).fetchall()]


def _copy(connection: psycopg.Connection, table: str, columns: str, rows: Iterable[Row]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
