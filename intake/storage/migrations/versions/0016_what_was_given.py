"""`given` holds what the sender filled in and nothing else; the rest has columns of its own"""

from alembic import op

revision = "0016"
down_revision = "0015"

# Column of service_requests → its SQL type, and its default where it is never null. Until now each
# was a key of the same name in `given`.
COLUMNS: dict[str, tuple[str, str | None]] = {
    "route_to": ("varchar(64)", None),
    "hear_again": ("boolean", "false"),
    "rejected_because": ("text", None),
    "assistant_tries": ("integer", "0"),
    "told_in_chat": ("varchar(16)", None),
    "for_other": ("boolean", "false"),
    "invented": ("boolean", "false"),
}
KEYS = ", ".join(f"'{name}'" for name in COLUMNS)


def upgrade() -> None:
    for name, (type_, default) in COLUMNS.items():
        rule = f" NOT NULL DEFAULT {default}" if default is not None else ""
        op.execute(f"ALTER TABLE service_requests ADD COLUMN {name} {type_}{rule}")
    moved = ", ".join(
        f"{name} = coalesce(CAST(given ->> '{name}' AS {type_}), {default or 'NULL'})"
        for name, (type_, default) in COLUMNS.items()
    )
    op.execute(
        f"UPDATE service_requests SET {moved}, given = given - ARRAY[{KEYS}]"  # noqa: S608
        f" WHERE given ?| ARRAY[{KEYS}]"
    )


def downgrade() -> None:
    pairs = ", ".join(
        f"'{name}', nullif({name}, {d or 'NULL'})" for name, (_, d) in COLUMNS.items()
    )
    told = " OR ".join(
        f"{name} IS DISTINCT FROM {default or 'NULL'}" for name, (_, default) in COLUMNS.items()
    )
    op.execute(
        "UPDATE service_requests"  # noqa: S608
        f" SET given = given || jsonb_strip_nulls(jsonb_build_object({pairs})) WHERE {told}"
    )
    for name in COLUMNS:
        op.execute(f"ALTER TABLE service_requests DROP COLUMN {name}")
