"""What the documentation shows works: a channel in an installation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intake import channels
from tests.support.doc_blocks import put_in
from tests.support.installation import Installation


@pytest.mark.asyncio
async def test_a_call_through_the_documented_channel_becomes_an_order(
    open_house: Callable[..., Installation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tone: bytes,
) -> None:
    put_in(channels, "docs/extending.md", "intake/channels/pbx.py", tmp_path, monkeypatch)
    (tmp_path / "secret").write_text("s3cret\n")
    house = open_house(channels={"pbx": {"secret_file": str(tmp_path / "secret")}})
    house.ears.says = "帮我去邮局寄一个包裹"
    refused = await house.client.post(
        "/channels/pbx", content=tone, headers={"Authorization": "Bearer wrong"}
    )
    assert refused.status_code == 401
    assert refused.json()["code"] == "not_allowed"
    allowed = {"Authorization": "Bearer s3cret", "Caller": "13800123456"}
    no_sound = await house.client.post("/channels/pbx", content=b"hello", headers=allowed)
    assert no_sound.status_code == 415
    assert not [path for path in house.parts.blobs.root.rglob("*") if path.is_file()]
    taken = await house.client.post("/channels/pbx", content=tone, headers=allowed)
    assert taken.status_code == 202, taken.text
    await house.work()
    request = await house.request(taken.json()["tracking_number"])
    assert (request.channel, request.phone) == ("pbx", "13800123456")
    assert request.text == house.ears.says
    sys.modules.pop("intake.channels.pbx")
