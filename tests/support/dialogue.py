"""A dialogue without Rasa: the kind of each message is given by the test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from intake.catalogue.services import load_catalogue
from intake.conversation.form import MessageReading, State, Turn, respond
from intake.settings import ROOT
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

CATALOGUE = load_catalogue(ROOT / "data" / "services")


class Dialogue:
    """Messages that arrive at ``now`` where ``places`` (`Gazetteer.from_rows`) are known."""

    def __init__(self, now: datetime, places: Sequence[Any]) -> None:
        self.now, self.places = now, Gazetteer.from_rows(places)

    def said(self, text: str, kind: str, share: float = 0.9, clauses: Any = ()) -> MessageReading:
        """A message that was taken for ``kind`` with this ``share``."""
        ranking = ((kind, share),)
        read = understand(text, received_at=self.now, ranking=ranking, gazetteer=self.places)
        return MessageReading(text, read, clauses)

    def talk(self, *messages: tuple[str, str]) -> Turn:
        """The last turn of a conversation. ``messages``: texts, each with its kind."""
        state = State()
        for text, kind in messages:
            turn = respond(state, self.said(text, kind), CATALOGUE)
            state = turn.state
        return turn
