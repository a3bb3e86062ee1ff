"""Dangers as old people and bystanders report them, and what only sounds alike, in two tables.

Each line is `kind<TAB>sentence`. The readers are known to miss some: what counts is the share.
"""

from pathlib import Path

from intake.understanding.safety import read_safety
from intake.understanding.spoken_text import Heard

FOLDER = Path(__file__).parent


def alarmed(table: str) -> tuple[list[str], list[str]]:
    """Return the sentences of a table that are read as an emergency, and the others."""
    rows = (FOLDER / table).read_text("utf-8").splitlines()
    sentences = [row.split("\t")[1] for row in rows]
    yes = [text for text in sentences if read_safety(Heard.of(text)).urgency == "emergency"]
    return yes, [text for text in sentences if text not in yes]


def test_nearly_all_reports_of_danger_raise_the_alarm() -> None:
    found, missed = alarmed("danger.tsv")
    assert len(found) >= 0.97 * (len(found) + len(missed)), "\n".join(missed)


def test_hardly_anything_harmless_raises_the_alarm() -> None:
    false, quiet = alarmed("no_danger.tsv")
    assert len(false) <= 0.02 * (len(false) + len(quiet)), "\n".join(false)


def test_a_fall_with_a_bleeding_head_told_in_full_sentences_raises_the_alarm() -> None:
    text = (
        "Please help us, sir. My husband fell down in the bathroom. "
        "He hit his head, it is bleeding, and I cannot wake him up."
    )
    assert read_safety(Heard.of(text, spoken=True)).urgency == "emergency"
