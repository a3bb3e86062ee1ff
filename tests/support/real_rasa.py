"""The real Rasa with its real action server, started once for all tests; its memory lies in the
tests' PostgreSQL.

A test opens an installation whose web part listens where the actions ask.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from intake.assistant import training
from intake.assistant.client import (
    Assistant,
    actions_command,
    actions_environment,
    rasa_command,
)
from intake.processes.private_sockets import path_of
from intake.settings import ROOT, Settings
from tests.support.chat import Talking
from tests.support.stack import free_ports, until
from tests.support.webchat import Served

START_SECONDS = 400.0


class RealRasa:
    """`port`: of an installation's web part; `url` and `actions_url`: the sockets of Rasa and of
    the actions, as in production. `output`: logs."""

    def __init__(self, folder: Path, postgres: str) -> None:
        model = training.trained_model(ROOT)
        assert model is not None, "the assistant is not trained: make train"
        self.port = free_ports(1)
        self._sockets = Path(tempfile.mkdtemp(prefix="rasa-"))  # pytest's folders are too deep
        self.url, self.actions_url = (f"unix:{self._sockets / n}" for n in ("rasa", "actions"))
        self.token, self.internal = secrets.token_hex(8), secrets.token_hex(8)
        self.home, self.output = folder, folder / "said.log"
        self.tracker_url = _own_database(postgres)
        rasa = rasa_command(
            python=training.bot_python(ROOT),
            root=ROOT,
            model=model,
            url=self.url,
            home=folder,
            token=self.token,
            actions_url=self.actions_url,
            tracker_url=self.tracker_url,
        )
        self.rasa = self._start(rasa.argv, rasa.env, rasa.cwd)
        self.start_actions()
        until(lambda: self._answers(self.url, "/"), START_SECONDS, self.log)

    def start_actions(self) -> None:
        """The action server, until it answers."""
        asking = actions_environment(
            intake_url=f"http://127.0.0.1:{self.port}", token=self.internal
        )
        argv = actions_command(sys.executable, self.actions_url)
        self.actions = self._start(argv, asking, ROOT)
        until(lambda: self._answers(self.actions_url, "/health"), START_SECONDS, self.log)

    def stop_actions(self) -> None:
        self.actions.kill()
        self.actions.wait()

    def log(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def events(self, query: str, *values: Any) -> list[Any]:
        """What a query of Rasa's own database gives."""
        with psycopg.connect(self.tracker_url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.rasa, self.actions):
            process.kill()
            process.wait()
        shutil.rmtree(self._sockets)

    def _start(
        self, argv: Sequence[str], env: dict[str, str], cwd: Path
    ) -> subprocess.Popen[bytes]:
        with self.output.open("ab") as out:
            return subprocess.Popen(
                argv, env={**os.environ, **env}, cwd=cwd, stdout=out, stderr=out
            )

    def _answers(self, url: str, path: str) -> bool:
        assert self.rasa.poll() is None, self.log()[-3000:]
        transport = httpx.HTTPTransport(uds=path_of(url))
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.Client(transport=transport, trust_env=False, timeout=5) as client,
        ):
            return client.get(f"http://local{path}").is_success
        return False


def _own_database(postgres: str) -> str:
    """The URL of a fresh database. (That it has a role of its own: test_rasa_crash.)"""
    name = f"rasa_{secrets.token_hex(4)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


class RealChat(Talking):
    """An installation that the real assistant serves; use as a context manager."""

    def __init__(self, settings: Settings, rasa: RealRasa) -> None:
        super().__init__(settings)
        self.rasa = rasa
        self.parts.assistant = Assistant(rasa.url, timeout_seconds=30, token=rasa.token)
        self._served = Served(self.app, rasa.port)

    async def __aenter__(self) -> Self:
        await self.places()
        await self._served.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._served.stop()
        await self.close()


def settings_table(rasa: RealRasa, folder: Path) -> dict[str, Any]:
    """What an installation's settings need to share the assistant."""
    tokens = folder / "home" / "secrets"
    tokens.mkdir(parents=True, exist_ok=True)
    (tokens / "internal").write_text(rasa.internal)
    (tokens / "rasa-database").write_text(rasa.tracker_url)
    return {"port": rasa.port, "chat": {"tracker_url_file": tokens / "rasa-database"}}
