"""What the other side answered is kept with the attempt"""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("ALTER TABLE delivery_attempts ADD COLUMN answer text")


def downgrade() -> None:
    op.execute("ALTER TABLE delivery_attempts DROP COLUMN answer")
