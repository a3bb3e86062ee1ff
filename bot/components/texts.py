"""Normalises a text for all featurizers: removes differences that don't tell the category."""

import re
import unicodedata
from typing import Any, Dict, Text

from rasa.shared.nlu.constants import METADATA
from rasa.shared.nlu.training_data.message import Message

# A long digit run is a phone or card number: which digits they are says nothing about the need.
_NUMBER = re.compile(r"\d+")
_GAP = re.compile(r"[^\w]+", re.UNICODE)
# Beyond this the category is long clear; it bounds the work for any input.
MAX_CHARACTERS = 600


def example_metadata(message: Message) -> Dict[Text, Any]:
    """The metadata of a training sentence (`of`, `made_up`); {} for any other message."""
    return (message.get(METADATA) or {}).get("example") or {}


def made_up(message: Message) -> bool:
    """Whether this training sentence was generated with errors, and neither said nor recognised."""
    return bool(example_metadata(message).get("made_up"))


def plain(text: Text) -> Text:
    """Lower case, full-width forms folded, every number a 0, punctuation and spaces one space."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).lower()
    return _GAP.sub(" ", _NUMBER.sub("0", text)).strip()
