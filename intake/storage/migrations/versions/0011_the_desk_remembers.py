"""When a task is due; requests at one place are found by its name"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("operator_tasks", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.create_index("service_requests_place", "service_requests", ["place", "received_at"])
