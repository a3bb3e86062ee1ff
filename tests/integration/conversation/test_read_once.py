from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from intake.conversation import context
from intake.understanding import readers
from tests.support.chat import Chat


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """(text, ranking) of each reading of a message."""
    found: list[tuple[str, Any]] = []
    understand: Callable[..., Any] = readers.understand

    def counted(text: str, **more: Any) -> Any:
        found.append((text, more["ranking"]))
        return understand(text, **more)

    monkeypatch.setattr(context, "understand", counted)
    return found


async def test_a_message_is_read_once_in_a_turn(
    chat: Chat, readings: list[tuple[str, Any]]
) -> None:
    await chat.says("幸福里3号楼2单元501水管漏了，明天上午来")
    assert [text for text, _ in readings] == ["幸福里3号楼2单元501水管漏了，明天上午来"]


async def test_a_message_that_takes_two_actions_is_read_once(
    chat: Chat, readings: list[tuple[str, Any]]
) -> None:
    await chat.says("幸福里3号楼2单元501水管漏了，明天上午来")
    for answer in ("对", "人工"):
        readings.clear()
        await chat.says(answer)
        assert [text for text, _ in readings] == [answer]


async def test_a_change_of_a_filed_request_is_read_once_and_with_its_kind(
    chat: Chat, readings: list[tuple[str, Any]]
) -> None:
    await chat.says("幸福里3号楼2单元501水管漏了，明天上午来")
    while (await chat.requests())[0].status == "received":
        await chat.says("对")
    readings.clear()
    await chat.says("水管改成3号楼2单元502")
    (request,) = await chat.requests()
    assert request.unit is not None and request.unit.endswith("502")
    # What stands behind "改成" is looked at once more, by the same reader.
    (reading,) = [(text, ranking) for text, ranking in readings if text == "水管改成3号楼2单元502"]
    assert reading[1], "the reading that changes the request knows Rasa's ranking"


async def test_words_of_danger_that_only_rasa_knows_are_read_once(
    chat: Chat, readings: list[tuple[str, Any]]
) -> None:
    chat.rasa.dangers["老头子"] = 0.99
    await chat.says("幸福里老头子不大对劲")
    (request,) = await chat.requests()
    assert (request.urgency, request.place) == ("emergency", "幸福里")
    assert len(readings) == 1


async def test_intake_does_not_ask_rasa_while_rasa_waits_for_intake(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chat.parts.assistant is not None
    inside = False
    parsed: list[tuple[str, bool]] = []
    parse, talk = chat.parts.assistant.parse, chat.parts.assistant.talk

    async def parsing(text: str) -> Any:
        parsed.append((text, inside))
        return await parse(text)

    async def talking(*given: Any) -> Any:
        nonlocal inside
        inside = True
        try:
            return await talk(*given)
        finally:
            inside = False

    monkeypatch.setattr(chat.parts.assistant, "parse", parsing)
    monkeypatch.setattr(chat.parts.assistant, "talk", talking)
    await chat.says("幸福里3号楼水管漏了，顺便帮我订一份饭")
    assert len(parsed) == 2 and not any(during for _, during in parsed)
    assert {r.category for r in await chat.requests()} == {"home_repair", "meal"}
