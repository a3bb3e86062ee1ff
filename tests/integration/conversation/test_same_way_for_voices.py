"""A voicemail and a voice message in a chat are transcribed and judged in one way."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from intake.storage.models import Transcript
from tests.support.chat import Chat

CALM = "幸福里3号楼水管漏了"
DANGER = "我爸倒在地上叫不醒了"
GARBLED = "幸福里的事情麻烦你们来一下"


def _columns(row: Transcript) -> dict[str, Any]:
    own = {"id", "recording_id", "created_at"}
    return {c.key: getattr(row, c.key) for c in Transcript.__table__.columns if c.key not in own}


@pytest.mark.parametrize(
    ("says", "alternatives", "rasa", "emergency"),
    [
        (CALM, (), 0.0, False),
        (CALM, ("幸福里3号楼水管楼了",), 0.0, False),
        (DANGER, (), 0.0, True),
        (GARBLED, (DANGER,), 0.0, True),
        (GARBLED, ("幸福里的事请麻烦你们来一下",), 0.99, True),
        (GARBLED, ("幸福里的事请麻烦你们来一下",), 0.01, False),
    ],
)
async def test_the_same_recording_comes_to_the_same_by_both_ways(
    chat: Chat, says: str, alternatives: tuple[str, ...], rasa: float, emergency: bool
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
    assert (voicemail.urgency == "emergency") is emergency
    assert any(r.urgency == "emergency" for r in requests.values()) is emergency
