"""An installation with something of everything stored, and calls that end when a stream begins."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from intake.accounts import operators
from intake.storage.models import (
    Alarm,
    ApiToken,
    Attachment,
    ContactPoint,
    Conversation,
    Household,
    Message,
    Operator,
    OperatorTask,
    Place,
    ServiceRequest,
    StationOrder,
)
from intake.web.auth import make_token
from intake.web.cookies import COOKIE
from tests.integration.desk.test_operators_api import in_review
from tests.support.desk import signed_in
from tests.support.installation import Installation

SECOND = "麻烦帮我去药店买一瓶酱油送来"
DANGER = "快来人啊，我家的煤气漏了"
NAME, PHONE, WORDS = "欧阳桂芳", "13812345678", "请问我的轮椅修好了吗"
# What nobody may see without a line in the access log, as it stands in pages and in JSON.
PERSONAL = (NAME, "欧阳**", "138****5678", PHONE, WORDS, "药店买一瓶酱油", "煤气漏了", "3-2-501")


@dataclass(frozen=True)
class Answer:
    """What came back; of a stream, what came within a moment."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


async def call(
    app: Any,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    moment: float = 2.0,
) -> Answer:
    """One request as the server hands it over; after ``moment`` seconds a stream is left."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode()) for name, value in (headers or {}).items()
        ]
        + [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    begun, gone = asyncio.Event(), asyncio.Event()
    messages: list[Any] = []
    asked = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        begun.set()

    task = asyncio.create_task(app(scope, receive, send))
    waiting = asyncio.create_task(begun.wait())
    done, _ = await asyncio.wait({task, waiting}, timeout=60, return_when="FIRST_COMPLETED")
    assert done, f"{method} {path} did not answer"
    await asyncio.wait({task}, timeout=moment if _streams(messages) else 60)
    gone.set()
    await asyncio.wait({task}, timeout=moment)
    for left in (task, waiting):
        left.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await left
    start = messages[0]
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], told, b"".join(m.get("body", b"") for m in messages[1:]))


def _streams(messages: list[Any]) -> bool:
    headers = dict(messages[0]["headers"]) if messages else {}
    return headers.get(b"content-type", b"").startswith(b"text/event-stream")


async def fill(house: Installation) -> dict[str, str]:
    """Store something of everything; what the routes' parameters are then."""
    number = await in_review(house, SECOND, place="幸福里", unit="3-2-501", phone=PHONE, name=NAME)
    await in_review(house, DANGER, place="幸福里", unit="3-2-501", phone=PHONE, name=NAME)
    house.ranking = [("errand", 0.99), ("meal", 0.01)]
    await house.leave(SECOND, place="幸福里", unit="3-2-501", phone=PHONE, name=NAME)
    await house.work()
    async with house.parts.sessions.begin() as session:
        token, holder = await make_token(session, "钥匙", "operator", 1)
        assert token
        point = ContactPoint(channel="webchat", address="browser-1")
        home = Household(name=NAME, phone=PHONE, place="幸福里", unit="3-2-501")
        session.add_all([point, home, Place(name="测试里", kind="community", area="东区")])
        await session.flush()
        talk = Conversation(contact_point_id=point.id, handled_by="operator", language="zh")
        session.add(talk)
        await session.flush()
        message = Message(conversation_id=talk.id, direction="in", text=WORDS)
        session.add(message)
        await session.flush()
        request = await session.scalar(
            select(ServiceRequest).where(ServiceRequest.tracking_number == number)
        )
        assert request is not None
        attachment = Attachment(
            message_id=message.id, recording_id=request.recording_id, media_type="audio/wav"
        )
        task = OperatorTask(service_request_id=request.id, kind="ring", sentence=f"Ring {PHONE}.")
        session.add_all([attachment, task])
        await session.flush()

        async def one(kind: Any) -> str:
            found = await session.scalar(select(kind.id).order_by(kind.id.desc()).limit(1))
            return str(found or 1)

        return {
            "number": number,
            "order_id": await one(StationOrder),
            "alarm_id": await one(Alarm),
            "household_id": str(home.id),
            "conversation_id": str(talk.id),
            "attachment_id": str(attachment.id),
            "operator_id": str(holder.id),
            "token_id": await one(ApiToken),
            "place_id": await one(Place),
            "task_id": str(task.id),
            "code": "errand",
            "kind": "delivery",
        }


async def cookie_of(house: Installation, role: str) -> tuple[dict[str, str], operators.SignedIn]:
    """The headers of a browser in which somebody of this role is freshly signed in."""
    who = await signed_in(house, role)
    return {"cookie": f"{COOKIE}={who.token}", "accept": "text/html"}, who


async def everybody(house: Installation) -> list[str]:
    """The names of all operators."""
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(Operator.name)))
