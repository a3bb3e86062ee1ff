"""A voicemail and a voice message in a chat are transcribed and judged in one way."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from intake.storage.models import Transcript
from speech.errors import ModelMissing, NotAudio, RecogniserTimeout, SpeechError, Undecodable
from tests.support.chat import Chat

CALM = "幸福里3号楼水管漏了"
DANGER = "我爸倒在地上叫不醒了"
GARBLED = "幸福里的事情麻烦你们来一下"


def _columns(row: Transcript) -> dict[str, Any]:
    own = {"id", "recording_id", "created_at"}
    return {c.key: getattr(row, c.key) for c in Transcript.__table__.columns if c.key not in own}


@pytest.mark.parametrize(
    ("says", "alternatives", "rasa", "urgency"),
    [
        (CALM, (), 0.0, "normal"),
        (CALM, ("幸福里3号楼水管楼了",), 0.0, "normal"),
        (DANGER, (), 0.0, "emergency"),
        (GARBLED, (DANGER,), 0.0, "emergency"),
        (GARBLED, ("幸福里的事请麻烦你们来一下",), 0.99, "emergency"),
        (CALM, ("幸福里3号楼水管楼了",), 0.45, "urgent"),
        (GARBLED, ("幸福里的事请麻烦你们来一下",), 0.01, "normal"),
    ],
)
async def test_the_same_recording_comes_to_the_same_by_both_ways(
    chat: Chat, says: str, alternatives: tuple[str, ...], rasa: float, urgency: str
) -> None:
    chat.ears.alternatives = alternatives
    chat.rasa.parse_danger = rasa
    number = await chat.leave(says)
    await chat.work()
    await chat.speaks(says)
    async with chat.parts.sessions() as session:
        rows = (await session.scalars(select(Transcript).order_by(Transcript.id))).all()
    by_voicemail, by_chat = rows
    assert _columns(by_voicemail) == _columns(by_chat)
    assert list(by_chat.alternatives) == list(alternatives)
    requests = {r.tracking_number: r for r in await chat.requests()}
    voicemail = requests.pop(number)
    assert voicemail.urgency == urgency
    by_chat_too = {r.urgency for r in requests.values()} or {"normal"}  # nothing to be filed
    assert by_chat_too == {urgency}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RecogniserTimeout("hung"), "recognition_failed"),
        (Undecodable("what is it"), "undecodable"),
        (NotAudio("a picture"), "undecodable"),
        (ModelMissing("none"), "model_missing"),
    ],
)
async def test_what_nothing_can_hear_reaches_a_person_with_the_same_reason_by_both_ways(
    chat: Chat, failure: SpeechError, code: str
) -> None:
    chat.ears.failures = [failure] * 50
    await chat.leave("x")
    await chat.work()
    await chat.speaks("x")
    await chat.work()
    requests = await chat.requests()
    assert [[why["code"] for why in r.reasons] for r in requests] == [[code], [code]]
