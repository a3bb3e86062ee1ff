"""The token of an outside account's provider is not kept"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE operator_sessions DROP COLUMN id_token")


def downgrade() -> None:
    op.execute("ALTER TABLE operator_sessions ADD COLUMN id_token text")
