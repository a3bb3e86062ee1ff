"""What measuring needs: a Rasa server and recognisers of its own, in a folder that goes with it."""

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
from intake.processes.supervisor import Log, Process, Supervisor
from intake.settings import ROOT, Settings, secret_files
from speech import Transcriber

Say = Callable[[str], None]
PARSE_SECONDS = 60.0


def assistant_model(say: Say) -> Path:
    """The assistant for the present content, trained now if there is none.

    Not to be called from a coroutine: it may take minutes, and Ctrl-C must end it. Raises
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
class House:
    """What is running. `transcriber` is None when nothing is to be heard."""

    assistant: Assistant
    transcriber: Transcriber | None


@asynccontextmanager
async def open_house(
    settings: Settings, model: Path, *, hears: bool, say: Say
) -> AsyncIterator[House]:
    """Rasa with this trained model, and recognisers.

    Everything that it writes lies in a temporary folder; nothing of it is left at the end. Raises
    SpeechError (no speech model), HuyingError when Rasa does not start.
    """
    with tempfile.TemporaryDirectory(prefix="huying-evaluate-") as folder:
        home = Path(folder)
        own = settings.model_copy(update={"home": home})
        token = secret_files.ensure(own, "assistant")
        port = free_ports(1)
        url = f"http://127.0.0.1:{port}"
        start = rasa_command(
            python=training.bot_python(ROOT),
            root=ROOT,
            model=model,
            port=port,
            home=home,
            token=token,
            # Parsing asks no action server; the address only has to be one.
            actions_url=f"{url}/none",
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
            yield House(client, transcriber)
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
    """Wait for every process; raises HuyingError with its last words when one can't start."""
    restarts = 3
    while not supervisor.all_up:
        worst = max(state.restarts for state in supervisor.states.values())
        if watching.done() or worst >= restarts:
            tail = log.path.read_text("utf-8", "replace").splitlines()[-5:]
            raise HuyingError(
                "The assistant does not start: " + " | ".join(tail), code="assistant_down"
            )
        await asyncio.wait([watching], timeout=0.2)


def free_ports(count: int) -> int:
    """The first of `count` neighbouring ports of loopback that nobody listens on."""
    for _ in range(200):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            for beside in range(port + 1, port + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", beside))
            return port
    raise HuyingError("There are no free ports.", code="no_port")
