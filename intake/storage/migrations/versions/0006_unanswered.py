"""Messages that nobody has acted on are found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index(
        "messages_unanswered",
        "messages",
        ["id"],
        postgresql_where=sa.text("direction = 'in' AND handled_at IS NULL"),
    )
