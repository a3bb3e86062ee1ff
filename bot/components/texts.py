"""One form of a text for all featurizers: what says nothing about the category is evened out."""

import re
import unicodedata
from typing import Text

# A long digit run is a phone or card number: which digits they are says nothing about the need.
_NUMBER = re.compile(r"\d+")
_GAP = re.compile(r"[^\w]+", re.UNICODE)
# Beyond this the category is long clear; it bounds the work for any input.
MAX_CHARACTERS = 600


def plain(text: Text) -> Text:
    """Lower case, full-width forms folded, every number a 0, punctuation and spaces one space."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    return _GAP.sub(" ", _NUMBER.sub("0", text)).strip()
