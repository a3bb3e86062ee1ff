"""Households with links; what residents say to the read-back; pages hear of changes at once"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

CALL = """
CREATE FUNCTION huying_call_residents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'service_requests' THEN
        PERFORM pg_notify('huying_requests', NEW.id::text);
    ELSIF NEW.direction = 'out' AND NEW.service_request_id IS NOT NULL THEN
        PERFORM pg_notify('huying_requests', NEW.service_request_id::text);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.add_column("households", sa.Column("name", sa.Text()))
    op.add_column("households", sa.Column("phone", sa.Text()))
    op.add_column("households", sa.Column("language", sa.String(16)))
    op.add_column(
        "households",
        sa.Column("link_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column("service_requests", sa.Column("resident_says", sa.String(16)))
    op.create_check_constraint(
        "resident_says_known", "service_requests", "resident_says IN ('right', 'not_right')"
    )
    op.execute(CALL)
    op.execute(
        "CREATE TRIGGER service_requests_call AFTER UPDATE ON service_requests"
        " FOR EACH ROW EXECUTE FUNCTION huying_call_residents()"
    )
    op.execute(
        "CREATE TRIGGER messages_call AFTER INSERT ON messages"
        " FOR EACH ROW EXECUTE FUNCTION huying_call_residents()"
    )
