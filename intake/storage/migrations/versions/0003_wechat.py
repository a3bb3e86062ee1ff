"""WeChat: the shared token, the windows for messages, media to fetch, answers given"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    now = sa.text("now()")
    when = sa.DateTime(timezone=True)
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("access_token", sa.Text(), nullable=False),
        sa.Column("expires_at", when, nullable=False),
        sa.Column("renewed_at", when, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("app_id"),
    )
    op.create_table(
        "wechat_windows",
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.String(8), nullable=False),
        sa.Column("until", when, nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.CheckConstraint("opened_by IN ('message', 'event')", name="opened_by_known"),
        sa.PrimaryKeyConstraint("openid", "opened_by"),
    )
    op.create_table(
        "wechat_media",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("media_id", sa.Text(), nullable=False),
        sa.Column("received_at", when, nullable=False),
        sa.Column("service_request_id", sa.BigInteger()),
        sa.Column("ended_at", when),
        sa.Column("error_code", sa.Text()),
        sa.Column("created_at", when, server_default=now, nullable=False),
        sa.ForeignKeyConstraint(
            ["service_request_id"], ["service_requests.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("openid", "external_id"),
    )
    op.create_index(
        "wechat_media_open", "wechat_media", ["id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "wechat_answers",
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", when, server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("openid", "external_id"),
    )
