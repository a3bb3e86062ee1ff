"""A home is erased step by step; a tombstone keeps the group that it is counted in"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("households", sa.Column("erasing", JSONB()))
    op.add_column("service_requests", sa.Column("resident_group", sa.Text()))
    op.create_index(
        "service_requests_group",
        "service_requests",
        ["resident_group"],
        postgresql_where=sa.text("resident_group IS NOT NULL"),
    )
