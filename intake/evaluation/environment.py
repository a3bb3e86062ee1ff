"""The environment of an evaluation: a Rasa server and recognisers of its own, in a temporary
folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from intake.assistant import training
from intake.assistant.client import Assistant, rasa_command
from intake.errors import HuyingError
from intake.processes import private_sockets
from intake.processes.supervisor import Log, Process, Supervisor
from intake.settings import ROOT, Settings, secret_files
from speech import Transcriber

Say = Callable[[str], None]
PARSE_SECONDS = 60.0


def assistant_model(say: Say) -> Path:
    """The trained model for the present training data; trained now if there is none.

    Must not be called from a coroutine: it may take minutes, and Ctrl-C must end it. Raises
    TrainingError, and HuyingError when Rasa is not installed.
    """
    python = training.bot_python(ROOT)
    if not python.exists():
        raise HuyingError(f"{python} is not there; run `make setup`.", code="no_assistant")
    found = training.trained_model(ROOT, python=python)
    if found is None:
        say("training the assistant")
        found = training.train(ROOT, training.models_folder(ROOT), python=python, on_line=say)
    return found


@dataclass(frozen=True, slots=True)
class Environment:
    """What is running. `transcriber` is None when there is nothing to transcribe."""

    assistant: Assistant
    transcriber: Transcriber | None


@asynccontextmanager
async def open_environment(
    settings: Settings, model: Path, *, hears: bool, say: Say
) -> AsyncIterator[Environment]:
    """Start Rasa with this trained model, and recognisers if it ``hears``.

    Everything is written to a temporary folder that is deleted at the end. Raises SpeechError (no
    speech model), HuyingError when Rasa does not start.
    """
    with tempfile.TemporaryDirectory(prefix="huying-evaluate-") as folder:
        home = Path(folder)
        own = settings.model_copy(update={"home": home})
        token = secret_files.ensure(own, "assistant")
        private_sockets.make_folder(own.sockets_dir)
        url = own.own_assistant_url
        start = rasa_command(
            python=training.bot_python(ROOT),
            root=ROOT,
            model=model,
            url=url,
            home=home,
            token=token,
            # Parsing calls no action server.
            actions_url=own.actions_url,
        )
        client = Assistant(url, timeout_seconds=PARSE_SECONDS, token=token)
        transcriber = _transcriber(settings) if hears else None
        rasa = Process(
            "rasa", start.argv, {**os.environ, **start.env}, ready=client.alive, cwd=start.cwd
        )
        log = Log(home / "log" / "huying.log", quiet=True)
        supervisor = Supervisor(home, [rasa], log=log, say=say)
        watching = asyncio.create_task(supervisor.run())
        try:
            say("starting Rasa" + (" and the recogniser" if hears else ""))
            if transcriber is not None:
                language = settings.hearing.language
                await asyncio.to_thread(transcriber.warm, language)
            await until_up(supervisor, watching, log)
            yield Environment(client, transcriber)
        finally:
            if transcriber is not None:
                await asyncio.to_thread(transcriber.close)
            await client.close()
            supervisor.stop()
            await watching


def _transcriber(settings: Settings) -> Transcriber:
    hearing = settings.hearing
    return Transcriber(
        settings.models_dir,
        hearing.engine,
        processes=hearing.processes,
        memory_bytes=hearing.memory_bytes,
        options=hearing.options,
    )


async def until_up(supervisor: Supervisor, watching: asyncio.Task[None], log: Log) -> None:
    """Wait until every process is ready. Raises HuyingError with the last lines of the log when one
    does not start."""
    restarts = 3
    while not supervisor.all_up:
        worst = max(state.restarts for state in supervisor.states.values())
        if watching.done() or worst >= restarts:
            said = log.path.read_text("utf-8", "replace") if log.path.exists() else ""
            tail = said.splitlines()[-5:]
            raise HuyingError(
                "The assistant does not start: " + " | ".join(tail), code="assistant_down"
            )
        await asyncio.wait([watching], timeout=0.2)


def free_ports(count: int) -> int:
    """The first of `count` consecutive free ports on loopback. Raises HuyingError."""
    for _ in range(200):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            for beside in range(port + 1, port + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", beside))
            return port
    raise HuyingError("There are no free ports.", code="no_port")
