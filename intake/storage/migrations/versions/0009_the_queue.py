"""The queue and the search stay fast, desks hear of every change, operators see each other

Words are looked up as pairs of neighbouring characters, and as pairs of neighbouring syllables
folded over what accents and telephone lines blur: Chinese needs no word borders that way, two
characters are enough, and a name that was misheard is still found. No extension is needed.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from intake.understanding import phonetics

revision = "0009"
down_revision = "0008"

HAN = range(0x4E00, 0xA000)
LONGEST = 4000  # characters of one field that can be found

PLAIN = """
CREATE FUNCTION huying_plain(said text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
        lower(normalize(left(said, LONGEST), NFKC)), '[^0-9a-z㐀-䶿一-鿿𠀀-𳎯]', '', 'g'
    )
$$
""".replace("LONGEST", str(LONGEST))

# `said`: fields with nothing but letters, digits and Han characters, one a line. `sounds`: its
# syllables between spaces. `terms`: what the index holds.
WORDS = """
CREATE FUNCTION huying_words(fields text[], OUT said text, OUT sounds text, OUT terms text[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH plain AS (
        SELECT coalesce(string_agg(line, E'\\n' ORDER BY at) FILTER (WHERE line <> ''), '') AS said
        FROM (SELECT huying_plain(field) AS line, at
              FROM unnest(fields) WITH ORDINALITY AS given(field, at) OFFSET 0) AS lines
    ), heard AS (
        SELECT at, character, character > '~' AS han,
               coalesce((SELECT known.sound FROM sounds AS known
                         WHERE known.character = part.character), character) AS sound
        FROM plain, string_to_table(plain.said, NULL) WITH ORDINALITY AS part(character, at)
    ), pairs AS (
        SELECT character, han, sound, at, lead(character) OVER w AS character_2,
               lead(han) OVER w AS han_2, lead(sound) OVER w AS sound_2
        FROM heard WINDOW w AS (ORDER BY at)
    )
    SELECT (SELECT plain.said FROM plain),
           (SELECT ' ' || coalesce(string_agg(sound, ' ' ORDER BY at), '') || ' ' FROM heard),
           (SELECT coalesce(array_agg(DISTINCT term), '{}') FROM pairs, LATERAL (VALUES
                (CASE WHEN han THEN character END),
                (CASE WHEN character_2 <> E'\\n' THEN character || character_2 END),
                (CASE WHEN (han OR han_2) AND character_2 <> E'\\n'
                      THEN sound || '-' || sound_2 END)
            ) AS made(term) WHERE term IS NOT NULL AND character <> E'\\n')
$$
"""
WORDS_OF = """
CREATE FUNCTION huying_words_of(wanted bigint[]) RETURNS TABLE
    (service_request_id bigint, said text, sounds text, terms text[])
LANGUAGE sql STABLE AS $$
    SELECT r.id, w.said, w.sounds, w.terms
    FROM unnest(wanted) AS asked(id)
    JOIN service_requests AS r ON r.id = asked.id
    LEFT JOIN transcripts AS t ON t.id = r.transcript_id
    CROSS JOIN LATERAL huying_words(ARRAY[
        r.tracking_number, r.external_id, r.person, r.phone, r.place, r.unit, r.text,
        CASE WHEN t.text IS DISTINCT FROM r.text THEN t.text END
    ] || ARRAY(
        SELECT m.text FROM messages AS m
        WHERE m.service_request_id = r.id AND m.direction = 'in'
          AND m.text IS NOT NULL AND m.text IS DISTINCT FROM r.text
        ORDER BY m.id LIMIT 50
    )) AS w
$$
"""
NOTE_WORDS = """
CREATE FUNCTION huying_note_words(wanted bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO request_words (service_request_id, said, sounds, terms)
    SELECT * FROM huying_words_of(wanted)
    ON CONFLICT (service_request_id) DO UPDATE
        SET said = excluded.said, sounds = excluded.sounds, terms = excluded.terms
$$
"""
# What a voicemail's door inserts holds no words yet: they are noted when it leaves `received`,
# or when any of them changes, so that the door stays quick.
ON_REQUESTS = """
CREATE FUNCTION huying_words_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM huying_note_words(ARRAY[NEW.id]);
    RETURN NULL;
END $$
"""
CHANGED = " OR ".join(
    f"OLD.{name} IS DISTINCT FROM NEW.{name}"
    for name in "text place unit person phone external_id transcript_id".split()  # noqa: SIM905
)
ON_MESSAGES = """
CREATE FUNCTION huying_words_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM huying_note_words(ARRAY[NEW.service_request_id]);
    RETURN NULL;
END $$
"""
ON_TRANSCRIPTS = """
CREATE FUNCTION huying_words_of_transcript() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM huying_note_words(ARRAY(
        SELECT id FROM service_requests WHERE transcript_id = OLD.id
    ));
    RETURN NULL;
END $$
"""
CALL_DESKS = """
CREATE FUNCTION huying_call_desks() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about bigint;
BEGIN
    IF TG_ARGV[1] = 'id' THEN
        about := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        about := OLD.service_request_id;
    ELSE
        about := NEW.service_request_id;
    END IF;
    PERFORM pg_notify(TG_ARGV[0], coalesce(about, 0)::text);
    RETURN NULL;
END $$
"""
TRIGGERS = (
    "service_requests_words_opened AFTER INSERT ON service_requests FOR EACH ROW"
    " WHEN (NEW.status <> 'received') EXECUTE FUNCTION huying_words_of_request()",
    "service_requests_words AFTER UPDATE ON service_requests FOR EACH ROW"
    f" WHEN ({CHANGED} OR OLD.status = 'received' AND NEW.status <> 'received')"
    " EXECUTE FUNCTION huying_words_of_request()",
    "messages_words AFTER INSERT OR UPDATE OF text, service_request_id ON messages FOR EACH ROW"
    " WHEN (NEW.direction = 'in' AND NEW.service_request_id IS NOT NULL)"
    " EXECUTE FUNCTION huying_words_of_message()",
    "transcripts_words AFTER UPDATE OF text ON transcripts FOR EACH ROW"
    " EXECUTE FUNCTION huying_words_of_transcript()",
    "service_requests_opened_call AFTER INSERT ON service_requests FOR EACH ROW"
    " EXECUTE FUNCTION huying_call_desks('huying_requests', 'id')",
    "alarms_call AFTER INSERT OR UPDATE OF status ON alarms FOR EACH ROW"
    " EXECUTE FUNCTION huying_call_desks('huying_alarms', 'service_request_id')",
    "operator_tasks_call AFTER INSERT OR UPDATE ON operator_tasks FOR EACH ROW"
    " EXECUTE FUNCTION huying_call_desks('huying_tasks', 'id')",
    "conversations_call AFTER UPDATE OF handled_by, last_in_at ON conversations FOR EACH ROW"
    " WHEN (NEW.handled_by = 'operator' OR OLD.handled_by = 'operator')"
    " EXECUTE FUNCTION huying_call_desks('huying_conversations', 'id')",
    "looking_call AFTER INSERT OR DELETE ON looking FOR EACH ROW"
    " EXECUTE FUNCTION huying_call_desks('huying_looking', 'service_request_id')",
)
ORDER = "(urgency <> 'emergency'), coalesce(deadline_at, 'infinity'), id"
INDICES = {
    "service_requests_waiting": f"({ORDER}) WHERE status = 'needs_review'",
    "service_requests_on_the_way": f"({ORDER}) WHERE status IN ('routed', 'accepted')",
    "service_requests_done": "(id) WHERE status = 'done'",
    "service_requests_on_hold": "(on_hold_until, id) WHERE on_hold_until IS NOT NULL",
    "service_requests_area": "(area, id)",
    "service_requests_category": "(category, id)",
    "service_requests_channel": "(channel, id)",
    "service_requests_urgency": "(urgency, id) WHERE urgency <> 'normal'",
    "service_requests_transcript": "(transcript_id)",
    "households_group": "(resident_group, id)",
    "alarms_ringing": "(id) WHERE status <> 'acknowledged'",
}


def upgrade() -> None:
    op.create_table(
        "sounds",
        sa.Column("character", sa.Text(), primary_key=True),
        sa.Column("sound", sa.Text(), nullable=False),
    )
    characters, syllables = zip(*_sounds(), strict=True)
    op.get_bind().execute(
        sa.text("INSERT INTO sounds SELECT * FROM unnest(CAST(:a AS text[]), CAST(:b AS text[]))"),
        {"a": list(characters), "b": list(syllables)},
    )
    op.create_table(
        "request_words",
        sa.Column(
            "service_request_id",
            sa.BigInteger(),
            sa.ForeignKey("service_requests.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("sounds", sa.Text(), nullable=False),
        sa.Column("terms", ARRAY(sa.Text()), nullable=False),
    )
    # Common pairs of characters must be known for what they are, or the wrong index is taken.
    op.execute("ALTER TABLE request_words ALTER COLUMN terms SET STATISTICS 1000")
    op.create_table(
        "looking",
        sa.Column(
            "service_request_id",
            sa.BigInteger(),
            sa.ForeignKey("service_requests.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "operator_id",
            sa.BigInteger(),
            sa.ForeignKey("operators.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_looking_operator_id", "looking", ["operator_id"])
    for name, what in INDICES.items():
        op.execute(f"CREATE INDEX {name} ON {name_of_table(name)} {what}")
    for function in (
        PLAIN, WORDS, WORDS_OF, NOTE_WORDS, ON_REQUESTS, ON_MESSAGES, ON_TRANSCRIPTS, CALL_DESKS,
    ):  # fmt: skip
        op.execute(function)
    op.execute("SELECT huying_note_words(ARRAY(SELECT id FROM service_requests))")
    op.execute("CREATE INDEX request_words_terms ON request_words USING gin (terms)")
    for trigger in TRIGGERS:
        op.execute(f"CREATE TRIGGER {trigger}")


def name_of_table(index: str) -> str:
    return index.rpartition("_")[0] if index.startswith(("alarms", "house")) else "service_requests"


def _sounds() -> Iterator[tuple[str, str]]:
    for character in [*map(chr, HAN), *"0123456789"]:
        syllables = phonetics.fuzzy_syllables(character)
        if len(syllables) == 1 and syllables[0] != character:
            yield character, syllables[0]
