"""An installation whose residents write: its channel stores what it sends, a test scripts Rasa."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from intake import service_requests
from intake.assistant.client import Assistant
from intake.conversation.inbound import Inbound, Media, take_in
from intake.lifecycle import Actor, Status
from intake.service_requests import Author
from intake.settings import Settings, secret_files
from intake.storage.models import Conversation, Message, Place, ServiceRequest
from tests.fakes.rasa import Rasa
from tests.support.installation import Installation

KINDS = {
    "水管": "home_repair",
    "灯": "home_repair",
    "饭": "meal",
    "车": "transport",
    "tap": "home_repair",
    "取消": "cancel_request",
    "怎么样了": "query_status",
    "人工": "handoff",
    "还行": "feedback",
    "你好": "greet",
    "谢谢": "thanks",
    "对": "affirm",
}


class Post:
    """A channel that keeps what it brings; `refuses` holds the errors of its next tries."""

    name = "webchat"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.refuses: list[Exception] = []
        self.data: list[dict[str, Any]] = []

    def routes(self) -> APIRouter:
        return APIRouter()

    async def send(self, message: Message, address: str, data: Mapping[str, Any]) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        self.sent.append((address, message.text or ""))
        self.data.append(dict(data))


class Talking(Installation):
    """`says` brings one message in and lets the installation work; it returns what was answered."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.post = Post()
        self.parts.channels = {"webchat": self.post}
        self.count = 0

    async def places(self) -> None:
        """The gazetteer."""
        async with self.parts.sessions.begin() as session:
            session.add(Place(name="幸福里", kind="estate", area="东片", aliases=["幸福小区"]))
            session.add(Place(name="安康里", kind="estate", area="西片", aliases=[]))

    async def brings(self, text: str | None, who: str = "anna", **more: Any) -> int | None:
        """One message comes in; nothing is done about it yet."""
        self.count += 1
        inbound = Inbound(
            channel="webchat",
            address=who,
            external_id=more.pop("external_id", f"m{self.count}"),
            received_at=more.pop("received_at", datetime.now(UTC)),
            text=text,
            **more,
        )
        async with self.parts.sessions.begin() as session:
            return await take_in(session, inbound, self.parts)

    async def says(self, text: str | None, who: str = "anna", **more: Any) -> list[str]:
        before = len(self.post.sent)
        await self.brings(text, who, **more)
        await self.work(hurry=False)
        return [words for address, words in self.post.sent[before:] if address == who]

    async def speaks(self, words: str, who: str = "anna", **more: Any) -> list[str]:
        """As `says`, with a voice message in which the recogniser hears these words."""
        self.ears.says = words
        media = await self._media(b"RIFF" + words.encode(), "audio/wav")
        return await self.says(None, who, kind="voice", media=media, **more)

    async def shows(self, who: str = "anna") -> list[str]:
        """As `says`, with a picture."""
        media = await self._media(b"\xff\xd8\xff" + b"a picture", "image/jpeg")
        return await self.says(None, who, kind="image", media=media)

    async def _media(self, content: bytes, media_type: str) -> Media:
        writer = self.parts.blobs.writer()
        writer.write(content)
        await writer.finish(lambda path: path)
        return Media(writer.key, writer.sha256, writer.size, media_type)

    async def becomes(self, number: str, *statuses: Status) -> None:
        """A backend reports about a request."""
        async with self.parts.sessions.begin() as session:
            found = await session.scalar(
                select(ServiceRequest.id).where(ServiceRequest.tracking_number == number)
            )
            request = await service_requests.lock(session, found)
            for status in statuses:
                await service_requests.advance(session, request, status, Author(Actor.BACKEND))

    async def messages(self, direction: str = "out") -> list[Message]:
        """All of one direction, in order."""
        async with self.parts.sessions() as session:
            return list(
                await session.scalars(
                    select(Message).where(Message.direction == direction).order_by(Message.id)
                )
            )

    async def requests(self) -> list[ServiceRequest]:
        """All requests, the oldest first."""
        async with self.parts.sessions() as session:
            return list(await session.scalars(select(ServiceRequest).order_by(ServiceRequest.id)))

    async def conversation(self) -> Conversation:
        """The only conversation."""
        async with self.parts.sessions() as session:
            return (await session.scalars(select(Conversation))).one()


class Chat(Talking):
    """Its assistant knows the kinds that the test says."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.rasa = Rasa(KINDS, self.app, secret_files.ensure(settings, "internal"))
        self.parts.assistant = Assistant(
            "http://rasa.test", timeout_seconds=5, token="t", transport=self.rasa.transport
        )
