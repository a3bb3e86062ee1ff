"""What is held about one home can be handed out whole: to read, as data, to hear."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from intake.accounts import households
from intake.cli import app
from intake.storage.models import AccessLog, Conversation, Recording, ServiceRequest
from intake.web.auth import make_token
from tests.support.chat import Chat

SAID = "麻烦帮我送一份饭到紫罗兰花盆旁边"


async def home_with_requests(chat: Chat) -> tuple[int, str, str]:
    """A home with a voicemail and a conversation of its own, and a stranger's voicemail."""
    async with chat.parts.sessions.begin() as session:
        home = await households.save(
            session, None, {"name": "王<b>阿姨", "phone": "13812345678", "language": "zh"}
        )
        token = await households.make_link(
            session, home, chat.parts.link_secrets[0], end_earlier=False
        )
    mine = await chat.leave(SAID, household=token, place="幸福里", unit="3-2-501")
    await chat.work()
    other = await chat.leave("别人的事：灯坏了", phone="13999999999")
    await chat.work()
    await chat.says("家里水管漏了，幸福里三号楼二单元501")
    await chat.shows()
    async with chat.parts.sessions.begin() as session:
        talk = await session.scalar(select(Conversation.id))
        await session.execute(
            update(ServiceRequest)
            .where(ServiceRequest.conversation_id == talk)
            .values(household_id=home.id)
        )
    return home.id, mine, other


async def test_an_administrator_gets_all_of_it_and_that_is_logged(chat: Chat) -> None:
    number, mine, other = await home_with_requests(chat)
    path = f"/api/households/{number}/export"
    async with await chat.operator() as operator:
        assert (await operator.get(path)).status_code == 403
    async with chat.parts.sessions.begin() as session:
        token, _ = await make_token(session, "Mr Zhao", "admin", 1)
    chat.client.headers["Authorization"] = f"Bearer {token}"
    assert (await chat.client.get("/api/households/999/export")).status_code == 404
    answer = await chat.client.get(path)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
        data = json.loads(archive.read("household.json"))
        page = archive.read("index.html").decode()
        sound = archive.read(f"recordings/{mine}.wav")
    assert {"index.html", "household.json"} < names and len(names) == 4
    assert any(name.startswith("messages/") and name.endswith(".jpg") for name in names)
    async with chat.parts.sessions() as session:
        keys = await session.scalars(select(Recording.blob_key).order_by(Recording.id))
        assert sound == chat.parts.blobs.path(keys.first() or "").read_bytes()
        log = await session.scalars(select(AccessLog.action).where(AccessLog.who == "Mr Zhao"))
        assert list(log) == [f"household {number}: export"]
    numbers = [request["tracking_number"] for request in data["requests"]]
    assert mine in numbers and other not in numbers and len(numbers) == 2
    first = next(r for r in data["requests"] if r["tracking_number"] == mine)
    assert first["text"] == SAID and first["transcripts"][0]["text"] == SAID
    assert first["events"] and first["deliveries"] and first["understandings"]
    assert data["conversations"][0]["messages"][0]["text"].startswith("家里水管漏了")
    whole = json.dumps(data, ensure_ascii=False) + page
    for secret in ("别人的事", "13999999999", "status_key", "Ms Li", "Mr Zhao"):
        assert secret not in whole, secret
    for words in (
        SAID,
        "王&lt;b&gt;阿姨",
        "13812345678",
        f'src="recordings/{mine}.wav"',
        "居家维修",
    ):
        assert words in page, words


async def test_sound_that_is_forgotten_is_left_out(chat: Chat, tmp_path: Path) -> None:
    number, mine, _ = await home_with_requests(chat)
    async with chat.parts.sessions.begin() as session:
        await session.execute(text("UPDATE recordings SET forgotten_at = now()"))
    async with chat.parts.sessions.begin() as session:
        token, _ = await make_token(session, "Mr Zhao", "admin", 1)
    chat.client.headers["Authorization"] = f"Bearer {token}"
    answer = await chat.client.get(f"/api/households/{number}/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert not [name for name in archive.namelist() if name.startswith("recordings/")]
        assert mine in archive.read("index.html").decode()


def test_the_command_writes_a_file_of_its_owner_alone(
    make_settings: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    monkeypatch.setenv("HUYING_HOME", str(settings.home))
    monkeypatch.setenv("HUYING_DATABASE_URL", settings.database_url)
    added = CliRunner().invoke(app, ["household", "add", "Aunt Wang", "--language", "en"])
    assert added.exit_code == 0, added.output
    path = tmp_path / "wang.zip"
    done = CliRunner().invoke(app, ["household", "export", added.output.strip(), str(path)])
    assert done.exit_code == 0, done.output
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        page = archive.read("index.html").decode()
    assert "Aunt Wang" in page and "What is held about this home" in page
