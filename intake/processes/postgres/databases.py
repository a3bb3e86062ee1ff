"""Roles and databases in a running server."""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from intake.processes.postgres.layout import RASA, ROLE, Cluster


def answers(found: Cluster) -> bool:
    """Does the server accept connections now?"""
    try:
        with psycopg.connect(found.admin_url(), connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def ensure_databases(found: Cluster) -> None:
    """Make our roles and databases where missing, and set the roles' present passwords.

    The server logs no errors of our roles' statements, which may quote residents' words; the
    process that made the statement gets them. Errors of the server's own processes are logged.
    """
    with psycopg.connect(found.admin_url(), autocommit=True) as connection:
        _ensure_role(connection, ROLE, found.password, createdb=True)
        _ensure_role(connection, RASA, found.rasa_password)
        for name in (ROLE, RASA):
            database = sql.Identifier(name)
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
            owner = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            connection.execute(owner.format(database, sql.Identifier(name)))
            closed = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC")
            connection.execute(closed.format(database))


def _ensure_role(
    connection: psycopg.Connection, name: str, password: str, *, createdb: bool = False
) -> None:
    role = sql.Identifier(name)
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
        make = sql.SQL("CREATE ROLE {} LOGIN CREATEDB" if createdb else "CREATE ROLE {} LOGIN")
        connection.execute(make.format(role))
    # Hashed here, so that the server's log can't show the password.
    hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    change = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(change.format(role, sql.Literal(hashed.decode())))
    connection.execute(sql.SQL("ALTER ROLE {} SET log_min_messages = 'log'").format(role))


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None
