"""What may be danger is listened to before all but emergencies: a column and the queue's order"""

from alembic import op

revision = "0017"
down_revision = "0016"

BEFORE = "(urgency <> 'emergency')"
AFTER = "(urgency <> 'emergency'), (NOT listen_first)"
INDICES = {
    "service_requests_waiting": "status = 'needs_review'",
    "service_requests_on_the_way": "status IN ('routed', 'accepted')",
}


def _order_by(first: str) -> None:
    for name, which in INDICES.items():
        op.execute(f"DROP INDEX {name}")
        op.execute(
            f"CREATE INDEX {name} ON service_requests"
            f" ({first}, coalesce(deadline_at, 'infinity'), id) WHERE {which}"
        )


def upgrade() -> None:
    op.execute(
        "ALTER TABLE service_requests ADD COLUMN listen_first boolean NOT NULL DEFAULT false"
    )
    _order_by(AFTER)


def downgrade() -> None:
    _order_by(BEFORE)
    op.execute("ALTER TABLE service_requests DROP COLUMN listen_first")
