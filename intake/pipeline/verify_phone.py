"""A number heard in a recording is listened to once more before anybody may dial it.

The same for a voicemail on its way and for a labelled set that is measured.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from intake.understanding.phone_vote import Word, seconds_of, vote
from intake.understanding.values import Understanding
from speech import SpeechError
from speech.relisten_result import RelistenResult

log = logging.getLogger("huying.again")


class HearsAgain(Protocol):
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
    ears: HearsAgain | None,
) -> Understanding:
    """Return `read` with its phone number confirmed, mended or in doubt, by listening again.

    `text` and `words` are the transcript's; without words it was typed, and stays as it is. A
    recording that is gone (`path` None) and any failure to hear leave the number in doubt.
    Takes some seconds: not for an event loop.
    """
    phone = read.phone
    if phone is None or not words:
        return read
    hearings: tuple[RelistenResult, ...] = ()
    stretch = seconds_of(text, words, phone.evidence)
    if stretch is not None and path is not None and ears is not None:
        try:
            hearings = ears.relisten(path, *stretch, language)
        except SpeechError as error:
            log.warning("a number could not be heard again: %s", error.code)
    return replace(read, phone=vote(text, phone, hearings))
