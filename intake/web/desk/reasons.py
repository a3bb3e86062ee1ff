"""Reasons for review as an operator reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from intake.catalogue.services import Catalogue

CODES_IN = {"category_unsure", "not_a_service"}


def in_words(reason: Mapping[str, str], catalogue: Catalogue, language: str) -> str:
    """A reason in the operator's language, with categories' codes replaced by their names."""
    text = reason.get(language) or reason.get("zh") or reason["code"]
    if reason["code"] not in CODES_IN:
        return text
    codes = "|".join({*catalogue.entries, *catalogue.intents})
    return re.sub(
        rf"(?<![a-z_])(?:{codes})(?![a-z_])",
        lambda found: catalogue.name(found[0], language),
        text,
    )
