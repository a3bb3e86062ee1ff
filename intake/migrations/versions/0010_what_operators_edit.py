"""Routing rules and catalogue texts that operators edit"""

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Nothing yet."""
