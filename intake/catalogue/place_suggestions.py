"""Places to choose from, as one types: by name, other name, pinyin and initials."""

from __future__ import annotations

import re

from intake.understanding.gazetteer import Gazetteer, Spelling
from intake.understanding.phonetics import fuzzy, syllables

PLACES = 8


def places_like(gazetteer: Gazetteer, typed: str) -> list[dict[str, str | None]]:
    """`PLACES` at most: what begins with it, then what holds it; letters are read as pinyin."""
    text = typed.strip().lower()
    ranked: dict[str, tuple[int, str]] = {}
    for spelling in gazetteer.spellings:
        rank = _rank(text, spelling)
        known = ranked.get(spelling.place.name)
        if rank is not None and (known is None or rank < known[0]):
            ranked[spelling.place.name] = (rank, spelling.place.area)
    best = sorted(ranked.items(), key=lambda item: (item[1][0], len(item[0])))[:PLACES]
    return [{"name": name, "area": area or None} for name, (_, area) in best]


def _rank(text: str, spelling: Spelling) -> int | None:
    """0 is best; None does not fit."""
    spoken = [item.sound for item in spelling.spoken]
    if spelling.text.startswith(text):
        return 0
    letters = re.sub(r"[ ']", "", text)
    if text in spelling.text or ("".join(spoken).startswith(letters) and letters.isascii()):
        return 1
    if "".join(sound[0] for sound in spoken).startswith(letters):
        return 2
    wanted = [fuzzy(item.sound) for item in syllables(text)]
    alike = [fuzzy(sound) for sound in spoken[: len(wanted)]] == wanted
    return 3 if wanted and alike and not text.isascii() else None
