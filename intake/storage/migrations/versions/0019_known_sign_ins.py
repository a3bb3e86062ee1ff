"""From which browsers and networks a name was signed in: tries from elsewhere don't slow them"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE known_sign_ins ("
        " key bytea PRIMARY KEY,"
        " seen_at timestamptz NOT NULL DEFAULT now())"
    )


def downgrade() -> None:
    op.execute("DROP TABLE known_sign_ins")
