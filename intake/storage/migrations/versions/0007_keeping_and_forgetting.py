"""Erased requests leave a tombstone; what an erase still has to remove; sound that is forgotten"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    when = sa.DateTime(timezone=True)
    op.add_column("service_requests", sa.Column("erased_at", when))
    op.add_column("service_requests", sa.Column("erased_by", sa.Text()))
    op.add_column("service_requests", sa.Column("erased_why", sa.String(16)))
    op.create_check_constraint(
        "erased_why_known",
        "service_requests",
        "erased_why IN ('asked', 'retention', 'test', 'other')",
    )
    op.create_index(
        "service_requests_ended",
        "service_requests",
        ["ended_at"],
        postgresql_where=sa.text("ended_at IS NOT NULL AND erased_at IS NULL"),
    )
    op.add_column("recordings", sa.Column("forgotten_at", when))
    op.create_table(
        "leftovers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("blob_keys", postgresql.JSONB(), nullable=False),
        sa.Column("upload_keys", postgresql.JSONB(), nullable=False),
        sa.Column("conversation_ids", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", when, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
