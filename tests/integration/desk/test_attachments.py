"""What residents sent beside their words, for operators only; and what lies in the spools."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import select

from intake.conversation.inbound import Inbound, Media, take_in
from intake.storage.models import AccessLog, Conversation
from intake.web.auth import make_token
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PICTURE = b"\xff\xd8\xff\xe0 a picture"
SCRIPT = b"<html><script>alert(1)</script>"


async def sent(house: Installation, content: bytes, media_type: str, who: str = "anna") -> int:
    """A picture, or a voice if its type says so; the conversation's id."""
    writer = house.parts.blobs.writer()
    writer.write(content)
    await writer.finish(lambda _: None)
    inbound = Inbound(
        channel="webchat",
        address=who,
        external_id=writer.key,
        received_at=datetime.now(UTC),
        kind="voice" if media_type.startswith("audio/") else "image",
        media=Media(writer.key, writer.sha256, writer.size, media_type),
    )
    async with house.parts.sessions.begin() as session:
        await take_in(session, inbound, house.parts)
        return (await session.scalars(select(Conversation.id).order_by(Conversation.id))).all()[-1]


async def test_an_operator_sees_the_picture_and_hears_the_voice_as_they_came(
    house: Installation, tone: bytes
) -> None:
    await sent(house, PICTURE, "image/jpeg")
    conversation = await sent(house, tone, "audio/wav")
    async with await house.operator() as desk:
        listed = (await desk.get(f"/api/conversations/{conversation}/attachments")).json()
        assert [(row["kind"], row["media_type"]) for row in listed] == [
            ("image", "image/jpeg"),
            ("voice", "audio/wav"),
        ]
        got = [
            await desk.get(f"/api/conversations/{conversation}/attachments/{row['id']}")
            for row in listed
        ]
    assert [answer.content for answer in got] == [PICTURE, tone]
    assert got[0].headers["content-type"] == "image/jpeg"
    assert all(answer.headers["cache-control"] == "private, no-store" for answer in got)
    async with house.parts.sessions() as session:
        log = [(row.who, row.action) for row in await session.scalars(select(AccessLog))]
    assert log == [("Ms Li", "attachments"), ("Ms Li", "attachment"), ("Ms Li", "attachment")]


async def test_what_could_run_in_a_browser_is_only_ever_a_download(house: Installation) -> None:
    for media_type in ("application/octet-stream", "text/html", "image/svg+xml"):
        conversation = await sent(house, SCRIPT, media_type)
    async with await house.operator() as desk:
        for row in (await desk.get(f"/api/conversations/{conversation}/attachments")).json():
            answer = await desk.get(f"/api/conversations/{conversation}/attachments/{row['id']}")
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment")
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_attachments_are_for_operators_and_only_of_their_own_conversation(
    house: Installation,
) -> None:
    first = await sent(house, PICTURE, "image/jpeg")
    second = await sent(house, PICTURE, "image/jpeg", "bob")
    async with await house.operator() as desk:
        (row,) = (await desk.get(f"/api/conversations/{first}/attachments")).json()
        elsewhere = f"/api/conversations/{second}/attachments/{row['id']}"
        assert (await desk.get(elsewhere)).status_code == 404
        assert (await desk.get(f"/api/conversations/{first}/attachments/{2**70}")).status_code in (
            404,
            422,
        )
    async with house.parts.sessions.begin() as session:
        token, _ = await make_token(session, "board", "station", 1)
    path = f"/api/conversations/{first}/attachments"
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 403)):
        for address in (path, f"{path}/{row['id']}"):
            answer: httpx.Response = await house.client.get(address, headers=headers)
            assert answer.status_code == status
            assert PICTURE not in answer.content
