"""Conversations: what the assistant is at, and how each message fared"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    empty = sa.text("'{}'")
    when = sa.DateTime(timezone=True)
    for column in (
        sa.Column("handled_since", when),
        sa.Column("handed_because", sa.String(64)),
        sa.Column("language", sa.String(16)),
        sa.Column("state", postgresql.JSONB(), server_default=empty, nullable=False),
        sa.Column("tracker", sa.String(64)),
        sa.Column("last_in_at", when),
    ):
        op.add_column("conversations", column)
    op.drop_index("ix_conversations_contact_point_id", table_name="conversations")
    op.create_unique_constraint(
        "conversations_contact_point_id_key", "conversations", ["contact_point_id"]
    )
    op.create_check_constraint(
        "handled_by_known", "conversations", "handled_by IN ('assistant', 'operator')"
    )
    for column in (
        sa.Column("kind", sa.String(16), server_default="text", nullable=False),
        sa.Column("who", sa.Text()),
        sa.Column("data", postgresql.JSONB(), server_default=empty, nullable=False),
        sa.Column("received_at", when),
        sa.Column("handled_at", when),
        sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("send_error", sa.String(64)),
    ):
        op.add_column("messages", column)
    op.create_index(
        "messages_unsent",
        "messages",
        ["conversation_id", "id"],
        postgresql_where=sa.text("direction = 'out' AND sent_at IS NULL"),
    )
