"""Dumps a database's rows to files that can be loaded into any other version of PostgreSQL.

Each table is one COPY in PostgreSQL's text format, all of one snapshot. The schema of our own
database is made by its migrations; that of Rasa's database is dumped as SQL statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

import psycopg
from psycopg import sql

from intake.errors import HuyingError

CHUNK = 1 << 18
# The text form of values must not depend on the settings of either server.
OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "search_path": "public",
        "timezone": "UTC",
        "datestyle": "ISO",
        "intervalstyle": "postgres",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
    }.items()
)
_TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND c.relname <> 'alembic_version'
    GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
_KEYS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0
    ORDER BY 1, 2
"""

Opener = Callable[[str], AbstractContextManager[IO[bytes]]]
Tell = Callable[[str], None]


@contextmanager
def snapshot(url: str) -> Iterator[psycopg.Connection]:
    """A read-only connection that sees the database as it is now, until it is closed."""
    with psycopg.connect(url, options=OPTIONS, client_encoding="utf8") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SELECT 1")  # the snapshot begins with the first statement
        yield connection


def dump(connection: psycopg.Connection, open_: Opener, tell: Tell) -> dict[str, Any]:
    """Write every table to the file ``open_(name)``; return the description that `load` needs."""
    tables: dict[str, Any] = {}
    for name, columns in connection.execute(_TABLES).fetchall():
        tell(f"table {name}")
        cursor = connection.cursor()
        statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(name), _names(columns))
        with open_(name) as out, cursor.copy(statement) as copy:
            for data in copy:
                out.write(data)
        tables[name] = {"columns": columns, "rows": cursor.rowcount}
    sequences = {}
    for (name,) in connection.execute(_SEQUENCES).fetchall():
        found = connection.execute(
            sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        ).fetchone()
        assert found is not None
        sequences[name] = list(found)
    return {"tables": tables, "sequences": sequences}


def load(
    connection: psycopg.Connection, known: Mapping[str, Any], open_: Opener, tell: Tell
) -> None:
    """Replace the rows of existing tables by the dumped ones, in the caller's transaction.

    Raises `HuyingError` when a table got another number of rows than was dumped.
    """
    tables: Mapping[str, Any] = known["tables"]
    connection.execute("SET LOCAL search_path = public")
    keys = connection.execute(_KEYS).fetchall()
    for table, name, _ in keys:
        # `table` is spelled and quoted by PostgreSQL's catalogue (regclass).
        drop = sql.SQL(f"ALTER TABLE {table} DROP CONSTRAINT ")
        connection.execute(drop + sql.Identifier(name))
    for name in tables:  # the dumped rows already hold what triggers would write
        off = sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER")
        connection.execute(off.format(sql.Identifier(name)))
    if tables:
        connection.execute(sql.SQL("TRUNCATE {}").format(_names(list(tables))))
    for name, about in tables.items():
        tell(f"table {name}")
        table = sql.Identifier(name)
        cursor = connection.cursor()
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(table, _names(about["columns"]))
        with open_(name) as source, cursor.copy(statement) as copy:
            while data := source.read(CHUNK):
                copy.write(data)
        if cursor.rowcount != about["rows"]:
            raise HuyingError(
                f"{name} got {cursor.rowcount} rows instead of {about['rows']}.", code="bad_backup"
            )
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))
    for table, name, definition in keys:
        add = sql.SQL(f"ALTER TABLE {table} ADD CONSTRAINT ")
        connection.execute(add + sql.Identifier(name) + sql.SQL(f" {definition}"))
    for name, (last, called) in known["sequences"].items():
        connection.execute("SELECT setval(quote_ident(%s)::regclass, %s, %s)", [name, last, called])


def _names(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


_MADE_OF = """
    SELECT 'CREATE SEQUENCE ' || quote_ident(s.relname)
    FROM pg_class AS s WHERE s.relkind = 'S' AND s.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = s.oid AND deptype = 'i')
    UNION ALL
    SELECT * FROM (
        SELECT 'CREATE TABLE ' || quote_ident(c.relname) || ' (' || string_agg(
            quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attidentity <> '' THEN ' GENERATED BY DEFAULT AS IDENTITY'
               WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)
               ELSE '' END
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
            ', ' ORDER BY a.attnum) || ')'
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
        GROUP BY c.relname ORDER BY c.relname
    ) AS made
    UNION ALL
    SELECT * FROM (
        SELECT 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname)
            || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'c', 'f')
        ORDER BY contype = 'f', conname
    ) AS bound
    UNION ALL
    SELECT pg_get_indexdef(i.indexrelid)
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
"""


def made_of(connection: psycopg.Connection) -> list[str]:
    """SQL statements that make the tables of this database; for Rasa's, which has no migration of
    ours."""
    return [row[0] for row in connection.execute(_MADE_OF).fetchall()]


def has_column(connection: psycopg.Connection, table: str, column: str) -> bool:
    """Is there such a column? An older schema may lack it."""
    found = connection.execute(
        "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s",
        [f"public.{table}", column],
    )
    return found.fetchone() is not None


def erased(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """(tracking number, received_at) of every erased request, and ("household 12", time of erasing)
    of every household that was erased according to the access log; times as ISO 8601."""
    if not has_column(connection, "service_requests", "erased_at"):
        return []
    rows = connection.execute(
        "SELECT tracking_number, to_json(received_at) #>> '{}' FROM service_requests"
        " WHERE erased_at IS NOT NULL ORDER BY id"
    ).fetchall()
    households = connection.execute(
        "SELECT split_part(action, ':', 1), to_json(created_at) #>> '{}' FROM access_log"
        " WHERE action ~ '^household [0-9]+: erase$' ORDER BY id"
    ).fetchall()
    return [(name, at) for name, at in (*rows, *households)]
