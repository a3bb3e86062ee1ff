"""A phone number in a transcript is checked by listening to its part of the recording again.

The pipeline and the evaluation of a labelled set both use it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from intake.understanding.phone_vote import Word, seconds_of, vote
from intake.understanding.values import Understanding
from speech import SpeechError
from speech.relisten_result import RelistenResult

log = logging.getLogger("huying.again")


class Listener(Protocol):
    """What is needed of a `speech.Transcriber`."""

    def relisten(
        self, path: Path, start: float, end: float, language: str
    ) -> tuple[RelistenResult, ...]:
        """Listen again to these seconds."""


def check_phone(
    read: Understanding,
    text: str,
    words: Sequence[Word],
    path: Path | None,
    language: str,
    listener: Listener | None,
) -> Understanding:
    """Return `read` with its phone number confirmed, corrected or in doubt, by listening again.

    `text` and `words` are the transcript's; without words it was typed, and stays as it is. A
    recording that is gone (`path` None) and any failure to hear leave the number in doubt.
    Takes some seconds: not for an event loop.
    """
    phone = read.phone
    if phone is None or not words:
        return read
    hearings: tuple[RelistenResult, ...] = ()
    stretch = seconds_of(text, words, phone.evidence)
    if stretch is not None and path is not None and listener is not None:
        try:
            hearings = listener.relisten(path, *stretch, language)
        except SpeechError as error:
            log.warning("a phone number could not be listened to again: %s", error.code)
    return read.but(phone=vote(text, phone, hearings))
