"""Schema migrations (Alembic), applied by ``huying migrate``."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from intake.storage.db import engine_url

FOLDER = Path(__file__).parent
_LOCK = 0x48_55_59_49_4E_47  # one migration at a time, whoever starts first


def migrate(database_url: str) -> tuple[str | None, str]:
    """Bring the database to the newest schema; return (revision before, revision after).

    Safe to run from several machines at once: the second waits and finds nothing to do.
    """
    engine = create_engine(engine_url(database_url))
    try:
        with engine.begin() as connection:
            _alone(connection)
            before = revision_of(connection)
            return before, upgrade(connection)
    finally:
        engine.dispose()


def upgrade(connection: Connection, to: str = "head") -> str:
    """Bring the schema to a revision in the caller's transaction; return the one it has then."""
    config = _config()
    config.attributes["connection"] = connection
    _alone(connection)
    command.upgrade(config, to)
    after = revision_of(connection)
    assert after is not None
    return after


def _alone(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def revision_of(connection: Connection) -> str | None:
    """The revision of a database; None for one without our schema."""
    from alembic.runtime.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def known_revisions() -> list[str]:
    """All revisions that this version knows, the newest first."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in found]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
