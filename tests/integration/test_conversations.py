"""A resident writes: the request is arranged, filed, changed, cancelled, rated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.integration.chat import Chat


@pytest.fixture
async def chat(make_settings: Callable[..., Any]) -> AsyncIterator[Chat]:
    opened = Chat(make_settings())
    await opened.places()
    yield opened
    await opened.close()


async def test_one_thing_is_asked_at_a_time_and_the_request_is_filed_once(chat: Chat) -> None:
    assert await chat.says("家里水管漏了") == ["您住在哪个小区、哪条街？"]
    [draft] = await chat.requests()
    assert (draft.status, draft.category, draft.channel) == ("received", "home_repair", "webchat")
    assert await chat.says("幸福里") == ["几号楼、几单元、几零几？"]
    [read_back] = await chat.says("三号楼二单元501")
    assert "居家维修" in read_back and "幸福里" in read_back and read_back.endswith("对吗？")
    filed, passed_on = await chat.says("对")
    [request] = await chat.requests()
    assert request.tracking_number in filed and request.tracking_number in passed_on
    assert (request.status, request.place, request.unit) == ("routed", "幸福里", "3-2-501")
    assert request.area == "东片"


async def test_what_was_said_at_once_is_not_asked_again(chat: Chat) -> None:
    [read_back] = await chat.says("幸福里三号楼二单元501的灯坏了")
    assert read_back.endswith("对吗？")


async def test_any_field_can_be_corrected_until_it_is_right(chat: Chat) -> None:
    await chat.says("幸福里三号楼二单元501的灯坏了，明天下午来")
    first, read_back = await chat.says("不是明天，是后天")
    assert first == "好的，改过来了。" and "14:00–18:00" in read_back
    first, read_back = await chat.says("不是三号楼，是五号楼二单元501")
    assert "五号楼二单元501" in read_back
    await chat.says("对")
    [request] = await chat.requests()
    assert request.unit == "5-2-501"
