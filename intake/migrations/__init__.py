"""Schema migrations (Alembic), applied by ``huying migrate``."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from intake.db import engine_url

FOLDER = Path(__file__).parent
_LOCK = 0x48_55_59_49_4E_47  # one migration at a time, whoever starts first


def migrate(database_url: str) -> tuple[str | None, str]:
    """Bring the database to the newest schema; return (revision before, revision after).

    Safe to run from several machines at once: the second waits and finds nothing to do.
    """
    engine = create_engine(engine_url(database_url))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            before = _revision(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            after = _revision(connection)
    finally:
        engine.dispose()
    assert after is not None
    return before, after


def _revision(connection: object) -> str | None:
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()  # type: ignore[arg-type]
