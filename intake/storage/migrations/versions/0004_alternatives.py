"""Transcripts: the other texts that a recording may hold"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "transcripts",
        sa.Column(
            "alternatives", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False
        ),
    )
