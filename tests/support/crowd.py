"""Many residents write to the WeChat account at once while the assistant takes its time.

The installation is the real one (`stack.Stack`); WeChat's side and the slow assistant are fakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from tests.fakes.slow_assistant import SAYS
from tests.fakes.wechat import Callback, WeChatServer
from tests.support.stack import MARK, ROOT, START_SECONDS, Stack, in_thread, until

DOOR = "/channels/wechat"
HEARD = """
SELECT p.address, m.text, m.handled_at IS NOT NULL FROM messages m
JOIN conversations c ON c.id = m.conversation_id JOIN contact_points p ON p.id = c.contact_point_id
WHERE m.direction = 'in' ORDER BY m.id
"""
UNDONE = """
SELECT (SELECT count(*) FROM messages WHERE direction = 'in' AND handled_at IS NULL)
     + (SELECT count(*) FROM messages WHERE direction = 'out' AND sent_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of one resident; ``callback`` is WeChat's call that brings it."""

    openid: str
    text: str
    callback: Callback


@dataclass(frozen=True, slots=True)
class Took:
    """What the door made of one call: its status, and the seconds from when it was due."""

    said: Said
    status: int
    seconds: float


class SlowAssistant:
    """The stand-in's process; `takes` says how long its turns take from now on."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        folder.mkdir()
        self.takes(seconds)

    def takes(self, seconds: float) -> None:
        fresh = self.folder / "seconds.new"
        fresh.write_text(str(seconds))
        fresh.replace(self.folder / "seconds")

    @contextlib.contextmanager
    def running(self, mark: str) -> Iterator[Self]:
        argv = [sys.executable, "-m", "tests.fakes.slow_assistant", str(self.folder)]
        process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, MARK: mark})
        try:
            until((self.folder / "port").exists, START_SECONDS, "the slow assistant")
            yield self
        finally:
            process.kill()
            process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{(self.folder / 'port').read_text()}"

    @property
    def turns(self) -> list[str]:
        """The words of the turns that ended, in that order."""
        path = self.folder / "turns"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


class Crowd:
    """The installation, its WeChat account and its residents. Use as a context manager.

    ``tables`` as for `Stack`. Start the installation by ``crowd.stack``.
    """

    def __init__(self, folder: Path, *, turn_takes: float, **tables: Any) -> None:
        self._closing = contextlib.ExitStack()
        self._xml: dict[str, str] = {}
        try:
            self.wechat = self._closing.enter_context(in_thread(WeChatServer()))
            slow = SlowAssistant(folder / "slow", turn_takes)
            self.assistant = self._closing.enter_context(slow.running("slow"))
            channel = _table(self.wechat, folder)
            assistant = {"url": self.assistant.url, **tables.pop("assistant", {})}
            stack = Stack(folder, channels={"wechat": channel}, assistant=assistant, **tables)
            self.stack = self._closing.enter_context(stack)
        except BaseException:
            self._closing.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def prepare(self, residents: int, each: int) -> list[Said]:
        """``each`` messages of every resident, one after the other in turn."""
        return [
            self._says(f"openid-{resident:04}", f"第{number}件事，我是{resident:04}号")
            for number in range(each)
            for resident in range(residents)
        ]

    def again(self, said: Said) -> Said:
        """The same message, as WeChat sends it when it got no answer."""
        callback = self.wechat.safe(self._xml[said.text])
        return Said(said.openid, said.text, callback)

    def pour(self, messages: Sequence[Said], per_second: float) -> list[Took]:
        """Send them at this rate, whatever the door does; a resident's own one by one."""
        return asyncio.run(_pour(self.stack.url, messages, per_second))

    def heard(self) -> list[tuple[str, str, bool]]:
        """(who, what, handled) of the messages that were kept, in their order."""
        return [tuple(row) for row in self.stack.rows(HEARD)]

    def finish(self, seconds: float) -> None:
        """Wait until everything is handled, and everything said; looking costs little."""

        def done() -> bool:
            time.sleep(0.5)
            return not self.stack.rows(UNDONE)[0][0]

        until(done, seconds, self.stack.describe)

    def answered(self, openid: str) -> list[str]:
        """What she got, in its order."""
        return list(self.wechat.followers[openid].got)

    def _says(self, openid: str, text: str) -> Said:
        xml = self.wechat.says(openid, text)
        self._xml[text] = xml
        return Said(openid, text, self.wechat.safe(xml))


def answer_to(said: Said) -> str:
    """What the slow assistant says to it."""
    return SAYS.format(said.text)


async def _pour(url: str, messages: Sequence[Said], per_second: float) -> list[Took]:
    before: dict[str, asyncio.Task[Took]] = {}
    # Shorter than the door keeps one open: a call must not meet a connection that is just closing.
    limits = httpx.Limits(max_connections=400, keepalive_expiry=2)
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=30, limits=limits
    ) as client:
        began = time.monotonic()

        async def one(said: Said, due: float, earlier: asyncio.Task[Took] | None) -> Took:
            if earlier is not None:
                await earlier
            query, body = said.callback.query, said.callback.body
            answer = await client.post(DOOR, params=query, content=body)
            return Took(said, answer.status_code, time.monotonic() - due)

        tasks = []
        for number, said in enumerate(messages):
            due = began + number / per_second
            await asyncio.sleep(due - time.monotonic())
            task = asyncio.create_task(one(said, due, before.get(said.openid)))
            before[said.openid] = task
            tasks.append(task)
        return list(await asyncio.gather(*tasks))


def _table(wechat: WeChatServer, folder: Path) -> dict[str, Any]:
    """``[channels.wechat]`` for this server."""
    secrets = {
        "app_secret_file": wechat.account.secret,
        "token_file": wechat.account.token,
        "aes_key_file": wechat.account.aes_key,
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    return {
        "app_id": wechat.account.app_id,
        **{name: str(folder / name) for name in secrets},
        "api_url": wechat.url,
        "allow_networks": ["127.0.0.0/8"],
    }
