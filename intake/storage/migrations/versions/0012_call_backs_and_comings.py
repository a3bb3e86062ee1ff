"""Call-backs have their time, orders say when somebody comes, figures find their period"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column(
        "operator_tasks", sa.Column("tries", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("operator_tasks", sa.Column("outcome", sa.String(16)))
    op.create_index(
        "operator_tasks_open",
        "operator_tasks",
        ["due_at", "id"],
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.add_column("station_orders", sa.Column("comes_at", sa.DateTime(timezone=True)))
    op.create_index("station_orders_board", "station_orders", ["status", "id"])
    op.add_column("service_requests", sa.Column("comes_at", sa.DateTime(timezone=True)))
    op.create_index("service_requests_received", "service_requests", ["received_at"])
    op.create_index(
        "events_milestones",
        "events",
        ["service_request_id", "to_status", "created_at"],
        postgresql_where=sa.text("to_status IN ('confirmed', 'rejected', 'done')"),
    )
    op.create_index(
        "deliveries_failed", "deliveries", ["id"], postgresql_where=sa.text("status = 'failed'")
    )
