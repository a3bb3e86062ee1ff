"""Alembic's entry point; runs in the transaction that `intake.storage.migrations` opened."""

from alembic import context

from intake.storage.models import Base


def _ours(object_: object, name: str | None, type_: str, *_: object) -> bool:
    return not (type_ == "table" and (name or "").startswith("procrastinate"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_object=_ours,
)
context.run_migrations()
