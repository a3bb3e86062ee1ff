"""The PostgreSQL that all tests of a run share, and the migrated database that each copies.

It doesn't wait for the disk: whatever it holds goes at the end of the run. Tests that kill the
server or look at its files start one of their own, with the product's settings.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from intake.processes import postgres as embedded
from intake.processes.postgres import layout
from intake.settings import load
from intake.storage.migrations import migrate

TEMPLATE = "template_of_tests"
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "400",
    "checkpoint_timeout": "1h",
    # Databases live for seconds; a vacuum of one would only keep it from being dropped.
    "autovacuum": "off",
}


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def make_template(url: str, name: str) -> None:
    """A migrated database that tests copy."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    migrate(named(url, name))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Have the server, with its template, for the length of a block; yields its URL."""
    layout.CONFIG.update(NOT_DURABLE)
    folder.mkdir(parents=True, exist_ok=True)
    with embedded.running(load(env={"HUYING_HOME": str(folder)}), keep=False) as url:
        make_template(url, TEMPLATE)
        yield url
