"""Operators sign in: sessions of the desk, wrong passwords counted, the access log searched"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "operator_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column(
            "operator_id",
            sa.BigInteger(),
            sa.ForeignKey("operators.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.create_index("ix_operator_sessions_operator_id", "operator_sessions", ["operator_id"])
    op.add_column(
        "operators",
        sa.Column("password_starts", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("operators", sa.Column("oidc_subject", sa.Text()))
    op.create_unique_constraint("operators_oidc_subject_key", "operators", ["oidc_subject"])
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "last_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column(
            "wait_until", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.create_index("access_log_who", "access_log", ["who", "id"])
    op.create_index("access_log_action", "access_log", ["action", "id"])
    op.create_index("access_log_created_at", "access_log", ["created_at"])
