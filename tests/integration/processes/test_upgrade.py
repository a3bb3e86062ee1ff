"""A database of an earlier version, with data in it, comes up to date and loses nothing."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from intake.storage import migrations
from intake.storage.db import engine_url
from intake.storage.models import Base

ROWS = (
    "INSERT INTO recordings (blob_key, sha256, size_bytes) VALUES ('2026/01/01/a', 'x', 1)",
    "INSERT INTO transcripts (recording_id, text, engine, model)"
    " SELECT id, '麻烦帮我买一瓶酱油送来', 'vosk', 'small' FROM recordings",
    "INSERT INTO households (place, unit) VALUES ('幸福里', '3-2-501')",
    "INSERT INTO contact_points (channel, address) VALUES ('webchat', 'anna')",
    "INSERT INTO conversations (contact_point_id) SELECT id FROM contact_points",
    "INSERT INTO messages (conversation_id, direction, external_id, text)"
    " SELECT id, 'in', 'm1', '家里水管漏了' FROM conversations",
    "INSERT INTO service_requests (tracking_number, status_key, status_key_hash, status, channel,"
    " recording_id, transcript_id, household_id, conversation_id, text, place, phone)"
    " SELECT '1-0000-9', 'key', 'hash', 'routed', 'voicemail', r.id, t.id, h.id, c.id, t.text,"
    " '幸福里', '13812345678' FROM recordings r, transcripts t, households h, conversations c",
    "INSERT INTO events (service_request_id, kind, actor, version)"
    " SELECT id, 'opened', 'door', 1 FROM service_requests",
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
    " SELECT 'default', 'tell', jsonb_build_object('service_request_id', id)"
    " FROM service_requests",
)
REVISIONS = ("0001", "0006", migrations.known_revisions()[1])


@pytest.fixture
def fresh(postgres: str) -> Iterator[str]:
    name = f"older_{secrets.token_hex(4)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_earlier_schema_with_data_comes_up_to_date(fresh: str, revision: str) -> None:
    engine = create_engine(engine_url(fresh))
    try:
        with engine.begin() as connection:
            migrations.upgrade(connection, revision)
            for row in ROWS:
                connection.execute(text(row))
            names = [f'"{t}"' for t in _tables(connection)]
            before = {n: connection.scalar(text(f"SELECT count(*) FROM {n}")) for n in names}
        assert migrations.migrate(fresh) == (revision, migrations.known_revisions()[0])
        with engine.begin() as connection:
            after = {n: connection.scalar(text(f"SELECT count(*) FROM {n}")) for n in names}
            kept = connection.execute(
                text(
                    "SELECT q.tracking_number, q.text, q.phone, t.text, m.text, j.task_name"
                    " FROM service_requests q JOIN transcripts t ON t.id = q.transcript_id"
                    " JOIN messages m ON m.conversation_id = q.conversation_id"
                    " JOIN procrastinate_jobs j ON (j.args->>'service_request_id')::bigint = q.id"
                )
            ).all()
            words = "麻烦帮我买一瓶酱油送来"
            assert kept == [("1-0000-9", words, "13812345678", words, "家里水管漏了", "tell")]
            found = connection.scalar(
                text("SELECT count(*) FROM request_words WHERE said LIKE '%酱油%'")
            )
            assert found == 1
            assert all(after[name] >= count for name, count in before.items())
            context = MigrationContext.configure(
                connection,
                opts={"include_object": lambda o, n, t, *_: not (n or "").startswith("procras")},
            )
            assert compare_metadata(context, Base.metadata) == []
    finally:
        engine.dispose()


def _tables(connection: object) -> list[str]:
    query = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [row[0] for row in connection.execute(query)]  # type: ignore[attr-defined]


NOTED = {
    "route_to": "office",
    "hear_again": True,
    "rejected_because": "这件事不归我们管：“请打12345”。",
    "assistant_tries": 3,
    "told_in_chat": "needs_review",
    "for_other": True,
    "invented": True,
}
FILLED_IN = {"phone": "13812345678", "household": {"place": "幸福里"}}
OPENED = text(
    "INSERT INTO service_requests (tracking_number, status_key, status_key_hash, channel, given)"
    " VALUES (CAST(:number AS text), :number, convert_to(:number, 'UTF8'), 'voicemail',"
    " CAST(:given AS jsonb))"
)


def test_what_stood_in_given_beside_the_senders_fields_moves_out_of_it_and_back(fresh: str) -> None:
    stored = {
        "all": {**FILLED_IN, **NOTED},
        "one": {**FILLED_IN, "assistant_tries": 1},
        "none": FILLED_IN,
        "nothing": {},
    }
    engine = create_engine(engine_url(fresh))
    try:
        with engine.begin() as connection:
            migrations.upgrade(connection, "0015")
            for number, given in stored.items():
                connection.execute(OPENED, {"number": number, "given": json.dumps(given)})
            assert migrations.upgrade(connection, "0016") == "0016"
            columns = ", ".join(NOTED)
            moved = {
                row.tracking_number: (row.given, {name: getattr(row, name) for name in NOTED})
                for row in connection.execute(
                    text(f"SELECT tracking_number, given, {columns} FROM service_requests")
                )
            }
            untold = {name: {bool: False, int: 0}.get(type(value)) for name, value in NOTED.items()}
            assert moved == {
                "all": (FILLED_IN, NOTED),
                "one": (FILLED_IN, {**untold, "assistant_tries": 1}),
                "none": (FILLED_IN, untold),
                "nothing": ({}, untold),
            }
            config = migrations._config()
            config.attributes["connection"] = connection
            command.downgrade(config, "0015")
            back = connection.execute(text("SELECT tracking_number, given FROM service_requests"))
            assert {number: given for number, given in back} == stored
            names = (
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name = 'service_requests'"
            )
            assert not NOTED.keys() & set(connection.scalars(text(names)))
    finally:
        engine.dispose()
