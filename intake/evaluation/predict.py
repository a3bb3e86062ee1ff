"""Sends each item of a labelled set through the steps of the pipeline, without its database.

    recording → recogniser → danger words → Rasa → readers → decision

A recording is treated as from a sender who gives no language: it is detected unless the settings
name one. A typed message starts at the danger words.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from intake.assistant.client import IntentRanking
from intake.catalogue.services import Catalogue
from intake.evaluation.dataset import Item, LabelledSet
from intake.evaluation.environment import Environment
from intake.evaluation.metrics import Answer
from intake.pipeline import verify_phone
from intake.service_requests import decision
from intake.service_requests import understand as understand_request
from intake.settings import Settings
from intake.understanding.readers import understand
from speech import RecogniserError, SpeechError, Transcript, Word
from speech.errors import ModelMissing

SECONDS_A_CHARACTER = 0.2


@dataclass(frozen=True, slots=True)
class Predictor:
    """Predicts the items of one set in one environment."""

    environment: Environment
    settings: Settings
    catalogue: Catalogue
    labelled: LabelledSet

    async def recording(self, item: Item) -> Answer:
        """Transcribe and understand one recording. Raises ModelMissing, AssistantError."""
        began = time.monotonic()
        try:
            heard = await self._transcribe(item)
        except ModelMissing:
            raise
        except SpeechError as error:
            remark = f"not transcribed: {error}"
            return await self._answer(item, "", (), ("no_speech",), began, remark=remark)
        language = heard.language or "zh"
        return await self._answer(
            item,
            heard.text,
            heard.words,
            heard.notes,
            began,
            language,
            transcribed=True,
            alternatives=heard.alternatives,
            engine=heard.engine,
        )

    async def as_said(self, item: Item) -> Answer:
        """Understand a recording's text as if every word had been heard rightly.

        What is lost here is lost in reading; what `recording` loses more, in hearing. Raises
        AssistantError.
        """
        words = [Word(c, n * SECONDS_A_CHARACTER, 0.0, 1.0) for n, c in enumerate(item.text)]
        return await self._answer(item, item.text, words, (), time.monotonic(), item.language)

    async def message(self, item: Item) -> Answer:
        """Understand one typed message. Raises AssistantError."""
        return await self._answer(item, item.text, (), (), time.monotonic(), item.language)

    async def _transcribe(self, item: Item) -> Transcript:
        assert self.environment.transcriber is not None
        path = self.labelled.folder / (item.audio or "")
        left = self.settings.hearing.attempts
        while True:
            left -= 1
            try:
                return await asyncio.to_thread(
                    self.environment.transcriber.transcribe, path, self.settings.hearing.language
                )
            except RecogniserError:
                if left <= 0:
                    raise

    async def _answer(
        self,
        item: Item,
        text: str,
        words: Sequence[Word],
        notes: Sequence[str],
        began: float,
        language: str = "zh",
        *,
        transcribed: bool = False,
        remark: str | None = None,
        alternatives: Sequence[str] = (),
        engine: str | None = None,
    ) -> Answer:
        silent = not text.strip()
        opinion = IntentRanking(())
        if not silent:
            opinion = await self.environment.assistant.parse_heard(text, alternatives)
        read = await asyncio.to_thread(
            understand,
            text,
            received_at=item.received_at,
            ranking=opinion.ranking,
            gazetteer=self.labelled.gazetteer,
            language=language,
            words=words,
            danger=opinion.danger,
            alarm_from=self.settings.deciding.alarm_from,
            doubt_from=self.settings.deciding.doubt_from,
            unarranged=self.catalogue.unarranged,
        )
        if transcribed:
            read = await asyncio.to_thread(
                verify_phone.check_phone,
                read,
                text,
                words,
                self.labelled.folder / (item.audio or ""),
                language,
                self.environment.transcriber,
            )
        danger = item.audio is not None and understand_request.is_emergency(text, alternatives)
        urgency = "emergency" if danger else read.urgency
        verdict = decision.judge(
            read,
            category=read.category,
            urgency=urgency,
            notes=notes,
            catalogue=self.catalogue,
            limits=self.settings.deciding,
            reachable=item.audio is None,
            spoken=item.audio is not None,
            engine=engine,
        )
        seconds = time.monotonic() - began
        confirmed = verdict.confirmed and not silent
        return Answer(item, text, read, urgency, confirmed, seconds, remark, engine)
