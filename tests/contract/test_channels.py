"""One contract for all channels, each driven the way its real other side would.

A channel adds one row to `ROWS`: its settings, and a `Side` that brings messages, forges them and
sends too much. `test_every_kind_has_its_row` fails for a channel without one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from intake import channels
from intake.channels import Channel
from intake.channels.webchat import visitors
from intake.errors import CannotSend, SettingsError
from intake.storage.models import Message
from tests.conftest import wav_of
from tests.fakes.telephone_system import bring, voicemail
from tests.fakes.wechat import Account, Callback, WeChatServer
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import ChatInstallation, Served

pytestmark = pytest.mark.asyncio


class Side(Protocol):
    """The other side of a channel. Each method says whether what it brought was taken."""

    async def bring(self, number: int) -> bool:
        """Bring message ``number`` as a good sender does: the same number is the same message,
        another number is another resident's."""
        ...

    async def forge(self) -> list[bool]:
        """Bring what only somebody else would: every kind of forgery the channel can meet."""
        ...

    async def bring_too_much(self) -> bool:
        """Bring one message that is larger than the settings allow."""
        ...


@dataclass(frozen=True)
class Row:
    """One channel. ``table(folder)``: its settings table; files that it names lie in the folder.
    ``settings``: what else the installation needs. ``connect(house, channel)``: the other side."""

    kind: str
    table: Callable[[Path], dict[str, Any]]
    connect: Callable[[Installation, Channel], AbstractAsyncContextManager[Side]]
    settings: dict[str, Any] = field(default_factory=dict)


def sound(number: int) -> bytes:
    """A short recording; each number has its own."""
    return wav_of([0.3 * (-1) ** (n // (20 + number)) for n in range(8000)])


# -- voicemail ------------------------------------------------------------------------------


class Uploads:
    def __init__(self, house: Installation) -> None:
        self.house = house

    async def _post(self, audio: bytes, **headers: str) -> int:
        answer = await self.house.client.post(
            "/api/voicemails", files={"audio": ("a.wav", audio)}, headers=headers
        )
        return answer.status_code

    async def bring(self, number: int) -> bool:
        return await self._post(sound(number), **{"Idempotency-Key": f"k{number}"}) == 202

    async def forge(self) -> list[bool]:
        """Anybody may leave a voicemail; nobody may leave another one under a known key."""
        await self.bring(90)
        return [await self._post(sound(91), **{"Idempotency-Key": "k90"}) == 202]

    async def bring_too_much(self) -> bool:
        return await self._post(b"RIFF" + b"\xff" * 300_000) == 202


@asynccontextmanager
async def uploads(house: Installation, channel: Channel) -> AsyncIterator[Side]:
    yield Uploads(house)


# -- page -----------------------------------------------------------------------------------


class Pieces:
    """A page; each resident has a key of her own."""

    def __init__(self, house: Installation) -> None:
        self.house = house

    async def _send(self, audio: bytes, key: str) -> bool:
        tus = {"Tus-Resumable": "1.0.0"}
        named = base64.b64encode(key.encode()).decode()
        begun = await self.house.client.post(
            "/api/uploads/",
            headers={
                **tus, "Upload-Length": str(len(audio)), "Upload-Metadata": f"key {named}",
            },
        )  # fmt: skip
        if begun.status_code != 201:
            return False
        piece = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        await self.house.client.patch(
            begun.headers["location"], content=audio, headers={**tus, **piece}
        )
        found = await self.house.client.get(f"/api/uploads/by-key/{key}")
        return found.status_code == 200 and found.json()["state"] == "received"

    async def bring(self, number: int) -> bool:
        return await self._send(sound(number), f"{number:032x}")

    async def forge(self) -> list[bool]:
        """Anybody may leave a voicemail; nobody may write to an upload whose id he guesses."""
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        url = f"/api/uploads/{90:032x}"
        answer = await self.house.client.patch(url, content=sound(91), headers=headers)
        return [answer.is_success, await self._send(sound(92), "../90")]

    async def bring_too_much(self) -> bool:
        return await self._send(b"RIFF" + b"\xff" * 300_000, f"{93:032x}")


@asynccontextmanager
async def pieces(house: Installation, channel: Channel) -> AsyncIterator[Side]:
    yield Pieces(house)


# -- email ----------------------------------------------------------------------------------


class Mails:
    def __init__(self, port: int) -> None:
        self.port = port

    async def _bring(self, mail: Any, **how: Any) -> bool:
        import smtplib

        try:
            answers = await bring(self.port, mail, **how)
        except smtplib.SMTPException:
            return False
        return all(code == 250 for code, _ in answers)

    async def bring(self, number: int) -> bool:
        return await self._bring(voicemail(sound(number), message_id=f"<{number}@pbx.example>"))

    async def forge(self) -> list[bool]:
        return [
            await self._bring(voicemail(sound(91)), sender="someone@else.example"),
            await self._bring(voicemail(sound(92)), sender=""),
            await self._bring(voicemail(sound(93), headers={"Auto-Submitted": "auto-replied"})),
        ]

    async def bring_too_much(self) -> bool:
        return await self._bring(voicemail(b"RIFF" + b"\xff" * 300_000))


@asynccontextmanager
async def mails(house: Installation, channel: Channel) -> AsyncIterator[Side]:
    task = asyncio.create_task(channel.run())  # type: ignore[attr-defined]
    port = house.settings.channels["email"]["port"]
    for _ in range(400):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            break
        await asyncio.sleep(0.05)
    yield Mails(port)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


# -- wechat ---------------------------------------------------------------------------------


class Callbacks:
    def __init__(self, house: Installation) -> None:
        self.house, self.wechat = house, WeChatServer()

    async def _call(self, callback: Callback) -> bool:
        answer = await self.house.client.post(
            "/channels/wechat", params=callback.query, content=callback.body
        )
        return answer.status_code == 200

    def _says(self, number: int) -> str:
        return self.wechat.says(f"openid-{number}", f"水管坏了 {number}", MsgId=number)

    async def bring(self, number: int) -> bool:
        return await self._call(self.wechat.safe(self._says(number)))

    async def forge(self) -> list[bool]:
        good, other = (self.wechat.safe(self._says(number)) for number in (91, 92))
        stranger = dataclasses.replace(self.wechat.account, app_id="wxffffffffffffffff")
        return [
            await self._call(callback)
            for callback in (
                dataclasses.replace(good, query={**good.query, "msg_signature": "0" * 40}),
                dataclasses.replace(good, body=other.body),
                self.wechat.plain(self._says(93)),
                self.wechat.safe(self._says(94), token="guess"),
                self.wechat.safe(self._says(95), account=stranger),
                self.wechat.safe(self._says(96), at=0),
            )
        ]

    async def bring_too_much(self) -> bool:
        return await self._call(self.wechat.safe(self.wechat.says("openid-97", "水" * 60_000)))


def account_table(folder: Path) -> dict[str, Any]:
    """An account whose secrets lie in the folder."""
    account = Account()
    secrets = {
        "app_secret_file": account.secret,
        "token_file": account.token,
        "aes_key_file": account.aes_key,
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    return {"app_id": account.app_id, **{name: str(folder / name) for name in secrets}}


@asynccontextmanager
async def callbacks(house: Installation, channel: Channel) -> AsyncIterator[Side]:
    yield Callbacks(house)


# -- webchat --------------------------------------------------------------------------------


class Pages:
    """Each resident is a browser: her page has a token of its own."""

    def __init__(self, chat: ChatInstallation) -> None:
        self.chat = chat
        self.tokens: dict[int, str] = {}

    async def _say(self, client_id: str, words: str, token: str | None) -> bool:
        async with self.chat.page(token=token) as page:
            await page.say(client_id, words)
            frame = await page.until("ack", "refused", "later")
            return bool(frame["t"] == "ack")

    async def bring(self, number: int) -> bool:
        if number not in self.tokens:
            keys = self.chat.house.parts.link_secrets
            self.tokens[number] = visitors.welcome(keys, None, 1).token
        return await self._say(f"message-{number}", "我想订午饭", self.tokens[number])

    async def forge(self) -> list[bool]:
        """From another site; and in another resident's name, which only makes a stranger."""
        url = f"ws://127.0.0.1:{self.chat.port}/chat/ws"
        answers = []
        for origin in ("https://else.example", None):
            try:
                async with connect(url, origin=origin, proxy=None):  # type: ignore[arg-type]
                    answers.append(True)
            except InvalidStatus:
                answers.append(False)
        async with self.chat.page(token=self.tokens[90] + "x") as page:
            await page.until("synced")
            answers.append(bool(page.of("message")))
        return answers

    async def bring_too_much(self) -> bool:
        return await self._say("message-1", "长" * 5000, None)


@asynccontextmanager
async def pages(house: Installation, channel: Channel) -> AsyncIterator[Side]:
    port = free_ports(1)
    async with Served(house.app, port):
        yield Pages(ChatInstallation(house, port))


ROWS = [
    Row("webchat", lambda folder: {}, pages),
    Row("voicemail", lambda folder: {}, uploads, {"limits": {"max_bytes": 200_000}}),
    Row("page", lambda folder: {}, pieces, {"limits": {"max_bytes": 200_000}}),
    Row(
        "email",
        lambda folder: {
            "port": free_ports(1), "allow_senders": ["pbx.example"], "max_bytes": 200_000,
        },
        mails,
    ),
    Row("wechat", account_table, callbacks),
]  # fmt: skip


# -- the contract ---------------------------------------------------------------------------


@dataclass
class Opened:
    """An installation, the channel under test in it, and its other side."""

    house: Installation
    channel: Channel
    side: Side

    async def kept(self) -> tuple[int, int, int]:
        """How many requests, messages from residents and recordings there are."""
        async with self.house.parts.sessions() as session:
            row = await session.execute(
                text(
                    "SELECT (SELECT count(*) FROM service_requests),"
                    " (SELECT count(*) FROM messages WHERE direction = 'in'),"
                    " (SELECT count(*) FROM recordings)"
                )
            )
            requests, messages, recordings = row.one()
            return int(requests), int(messages), int(recordings)


@pytest.fixture(params=ROWS, ids=lambda row: row.kind)
async def opened(
    request: pytest.FixtureRequest, make_settings: Callable[..., Any], tmp_path: Path
) -> AsyncIterator[Opened]:
    row: Row = request.param
    table = row.table(tmp_path)
    house = Installation(make_settings(channels={row.kind: table}, **row.settings))
    channel = house.parts.channels[row.kind]
    async with row.connect(house, channel) as side:
        yield Opened(house, channel, side)
    await house.close()


async def test_every_kind_has_its_row() -> None:
    assert sorted(row.kind for row in ROWS) == channels.kinds()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.kind)
async def test_a_key_that_a_table_does_not_have_is_named(row: Row, tmp_path: Path) -> None:
    channels.check(row.kind, row.table(tmp_path))
    with pytest.raises(SettingsError, match=rf"\[channels\.{row.kind}\].*colour"):
        channels.check(row.kind, {**row.table(tmp_path), "colour": "red"})


async def test_its_routes_answer_whoever_asks_with_nothing(opened: Opened) -> None:
    for route in opened.channel.routes().routes:
        if not isinstance(route, APIRoute):
            continue  # a WebSocket
        for method in route.methods:
            answer = await opened.house.client.request(method, route.path)
            assert answer.status_code < 500, (method, route.path)
            assert answer.status_code != 404, (method, route.path)


async def test_a_message_is_kept_once_however_often_it_comes(opened: Opened) -> None:
    assert await opened.side.bring(1)
    once = await opened.kept()
    assert sum(once) > 0
    assert await opened.side.bring(1)
    assert await opened.kept() == once
    answers = await asyncio.gather(*(opened.side.bring(2) for _ in range(4)))
    assert all(answers)
    twice = await opened.kept()
    assert twice == tuple(2 * n for n in once)


async def test_what_is_forged_is_refused_and_leaves_nothing(opened: Opened) -> None:
    await opened.side.bring(90)
    before = await opened.kept()
    answers = await opened.side.forge()
    assert answers and not any(answers)
    assert await opened.kept() == before


async def test_what_is_too_large_is_refused_and_leaves_nothing(opened: Opened) -> None:
    before = await opened.kept()
    assert not await opened.side.bring_too_much()
    assert await opened.kept() == before


async def test_sending_to_nobody_it_knows_raises_nothing_but_cannot_send(opened: Opened) -> None:
    message = Message(id=1, direction="out", code="received", text="已收到", language="zh")
    with contextlib.suppress(CannotSend):
        await opened.channel.send(message, "nobody-that-we-know", {})
