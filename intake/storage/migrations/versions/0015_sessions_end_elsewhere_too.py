"""A session knows whether its cookie is bound to the host, and what ends it elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column(
        "operator_sessions",
        sa.Column("bound", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("operator_sessions", sa.Column("id_token", sa.Text()))
