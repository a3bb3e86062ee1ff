"""What a message said is not found any more when it goes, or goes to another request"""

from alembic import op

revision = "0013"
down_revision = "0012"

ON_MESSAGES = """
CREATE OR REPLACE FUNCTION huying_words_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.service_request_id IS NOT NULL THEN
        PERFORM huying_note_words(ARRAY[OLD.service_request_id]);
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE'
        AND NEW.service_request_id IS DISTINCT FROM OLD.service_request_id
    THEN
        PERFORM huying_note_words(ARRAY[NEW.service_request_id]);
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute(ON_MESSAGES)
    op.execute("DROP TRIGGER messages_words ON messages")
    for trigger in (
        "messages_words AFTER INSERT ON messages FOR EACH ROW"
        " WHEN (NEW.direction = 'in' AND NEW.service_request_id IS NOT NULL)",
        "messages_words_altered AFTER UPDATE OF text, service_request_id ON messages FOR EACH ROW"
        " WHEN (NEW.direction = 'in')",
        "messages_words_gone AFTER DELETE ON messages FOR EACH ROW"
        " WHEN (OLD.direction = 'in' AND OLD.service_request_id IS NOT NULL)",
    ):
        op.execute(f"CREATE TRIGGER {trigger} EXECUTE FUNCTION huying_words_of_message()")
