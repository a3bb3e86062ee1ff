"""Routing rules and catalogue texts that operators edit"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"

EDITED = ("places", "routing_rules", "catalogue_texts")
# The row that a writer updates is locked until she commits: versions grow in the order in which
# they can be seen.
COUNT = """
CREATE FUNCTION huying_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE edited SET version = version + 1 WHERE kind = TG_TABLE_NAME;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    kinds = op.create_table(
        "edited",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("own", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    assert kinds is not None
    op.bulk_insert(kinds, [{"kind": kind} for kind in EDITED])
    op.create_table(
        "edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("undoes_id", sa.BigInteger(), sa.ForeignKey("edits.id", ondelete="SET NULL")),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.create_table(
        "routing_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False, unique=True),
        sa.Column("backend", sa.String(64), nullable=False),
        sa.Column("category", JSONB()),
        sa.Column("area", JSONB()),
        sa.Column("urgency", JSONB()),
        sa.Column("note", sa.Text()),
    )
    op.create_table(
        "catalogue_texts",
        sa.Column("code", sa.String(64), primary_key=True),
        sa.Column("texts", JSONB(), nullable=False),
    )
    op.execute(COUNT)
    for table in EDITED:
        op.execute(
            f"CREATE TRIGGER {table}_edited AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION huying_edited()"
        )
