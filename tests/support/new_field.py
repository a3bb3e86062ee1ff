"""A field that requests do not have: all that makes it one, for the tests."""

from __future__ import annotations

from pathlib import Path

NAME = "preferred_language"
CATEGORY = "meal"
LABEL = {"zh": "语言", "en": "Language"}
QUESTION = {"zh": "您习惯说哪种话？", "en": "Which language do you prefer?"}

ROW = """\
    RequestField(
        "preferred_language",
        (Column("preferred_language", length=40, payload=("who", "preferred_language")),),
        key="9",
        read=True,
        noun=("语言", "the language"),
        least=0.5,
        asked=True,
    ),
"""
READER = '''\
"""Which language a resident prefers to speak."""

import re

from intake.understanding.spoken_text import Heard
from intake.understanding.values import Field

_LANGUAGE = re.compile(r"普通话|粤语|上海话|闽南话|English")


def read_preferred_language(heard: Heard) -> Field[str] | None:
    """Return the first language that is named; None when there is none."""
    found = _LANGUAGE.search(heard.text)
    return Field(found[0], found.span(), 0.8) if found else None
'''
MIGRATION = '''\
"""Which language a resident prefers"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("service_requests", sa.Column("preferred_language", sa.Text()))
'''
LABELS = {
    "desk.field.preferred_language": LABEL,
    "desk.demand.what.preferred_language": LABEL,
    "export.preferred_language": LABEL,
    "chat.field.preferred_language": LABEL,
    "chat.part.preferred_language": {"zh": "说{value}", "en": "speaks {value}"},
}


def add_to(root: Path, newest_revision: str) -> set[str]:
    """Write the field into a copy of the packages; return the paths that differ now.

    ``newest_revision``: the migration after which its own comes.
    """
    revision = f"{int(newest_revision) + 1:04}"
    migration = f"intake/storage/migrations/versions/{revision}_preferred_language.py"
    (root / migration).write_text(MIGRATION.format(revision=revision, before=newest_revision))
    (root / "intake/understanding/preferred_language.py").write_text(READER)
    _insert(root / "intake/understanding/fields.py", '    RequestField("urgency"', ROW)
    readers = root / "intake/understanding/readers.py"
    _insert(
        readers,
        "from intake.understanding.safety",
        "from intake.understanding.preferred_language import read_preferred_language\n",
    )
    _insert(
        readers,
        '    "phone": _phone,\n',
        '    "preferred_language": lambda message: read_preferred_language(message.heard),\n',
    )
    for language in LABEL:
        with (root / f"intake/locale/{language}.po").open("a", encoding="utf-8") as file:
            for key, texts in LABELS.items():
                file.write(f'\nmsgid "{key}"\nmsgstr "{texts[language]}"\n')
    category = root / f"data/services/{CATEGORY}.yml"
    question = f"  {NAME}: {{zh: {QUESTION['zh']}, en: {QUESTION['en']}}}\n"
    _insert(category, "  when:\n", question)
    text = category.read_text("utf-8")
    category.write_text(text.replace("required: [", f"required: [{NAME}, "), "utf-8")
    return {
        migration,
        "intake/understanding/preferred_language.py",
        "intake/understanding/fields.py",
        "intake/understanding/readers.py",
        "intake/locale/zh.po",
        "intake/locale/en.po",
        f"data/services/{CATEGORY}.yml",
    }


def _insert(path: Path, before: str, what: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(before) >= 1, (path, before)
    path.write_text(text.replace(before, what + before, 1), "utf-8")
