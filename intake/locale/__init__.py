"""What residents and operators read and hear, by key and language.

One ``<language>.po`` file a language lies beside this module; adding a language is adding a
file. Keys that a language lacks are taken from English.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent
DEFAULT = "zh"
FALLBACK = "en"


@cache
def languages() -> frozenset[str]:
    """The languages that have a file."""
    return frozenset(path.stem for path in FOLDER.glob("*.po"))


@cache
def catalog(language: str) -> dict[str, str]:
    """Key → text of one language."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        messages = read_po(file, locale=language)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string}


def say(key: str, language: str | None, **values: object) -> str:
    """The text of ``key``, filled in. An unknown language is answered in Chinese, a key that no
    file has raises `KeyError`: a test walks them all."""
    language = language if language in languages() else DEFAULT
    text = catalog(language).get(key) or catalog(FALLBACK)[key]
    return text.format(**values)


def reason(code: str, **values: object) -> dict[str, str]:
    """A reason for review as it is stored: ``{code, zh, en, …}``, a sentence a language."""
    return {
        "code": code,
        **{language: say(f"reason.{code}", language, **values) for language in sorted(languages())},
    }
