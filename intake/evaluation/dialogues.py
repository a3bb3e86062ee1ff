"""Holds the dialogues of a labelled set with the whole assistant, as a resident would.

Database, web part, Rasa and its actions run in a temporary folder. No worker runs: each message is
processed here, so that its answer is there before the next message is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import select

from intake.app import create_app
from intake.assistant import training
from intake.assistant.client import actions_command, actions_environment, rasa_command
from intake.conversation import state as conversation_state
from intake.conversation import turn
from intake.conversation.form import FIELDS
from intake.conversation.inbound import Inbound, take_in
from intake.errors import HuyingError
from intake.evaluation.dataset import Dialogue, LabelledSet
from intake.evaluation.environment import free_ports, until_up
from intake.processes import postgres, private_sockets
from intake.processes.supervisor import Log, Process, Supervisor
from intake.runtime import Parts
from intake.settings import ROOT, Settings, secret_files
from intake.storage.migrations import migrate
from intake.storage.models import Conversation, Message, Place, ServiceRequest
from intake.understanding.fields import READ_TEXTS

CHANNEL = "webchat"


@dataclass(frozen=True, slots=True)
class Held:
    """One dialogue with the fields of its request at the end, and the questions that were asked.

    `found`: the fields by name; `when` as (start, end), local and naive. `questions`: how often
    each field was asked for. `turns`: (the resident's message, the answers).
    """

    dialogue: Dialogue
    found: dict[str, Any]
    questions: dict[str, int]
    turns: tuple[tuple[str, tuple[str, ...]], ...]


async def hold(dialogue: Dialogue, parts: Parts) -> Held:
    """Send every turn, each after the answer to the one before. Raises AssistantError."""
    received = dialogue.received_at or datetime.now(UTC).replace(tzinfo=None)
    at = received.replace(tzinfo=parts.settings.zone)
    questions: dict[str, int] = {}
    said = []
    before = 0
    for number, text in enumerate(dialogue.turns):
        inbound = Inbound(CHANNEL, dialogue.id, f"{dialogue.id}-{number}", at, text=text)
        async with parts.sessions.begin() as session:
            message_id = await take_in(session, inbound, parts)
        assert message_id is not None
        await turn.converse(parts, message_id)
        async with parts.sessions() as session:
            message = await session.get_one(Message, message_id)
            conversation = await session.get_one(Conversation, message.conversation_id)
            replies = await session.scalars(
                select(Message)
                .where(
                    Message.conversation_id == conversation.id,
                    Message.direction == "out",
                    Message.id > before,
                )
                .order_by(Message.id)
            )
            rows = replies.all()
            asked = conversation_state.load(conversation).form.asked
        before = max((row.id for row in rows), default=before)
        said.append((text, tuple(row.text or "" for row in rows)))
        if asked in FIELDS:
            questions[asked] = questions.get(asked, 0) + 1
    return Held(dialogue, await _found(conversation, parts), questions, tuple(said))


async def _found(conversation: Conversation, parts: Parts) -> dict[str, Any]:
    """The fields of the conversation's latest request or draft."""
    async with parts.sessions() as session:
        request = await session.scalar(
            select(ServiceRequest)
            .where(ServiceRequest.conversation_id == conversation.id)
            .order_by(ServiceRequest.id.desc())
            .limit(1)
        )
    if request is None:
        return {}
    names = ("category", "urgency", *READ_TEXTS)
    found = {name: getattr(request, name) for name in names}
    zone = parts.settings.zone
    if request.when_start is not None and request.when_end is not None:
        window = (request.when_start, request.when_end)
        found["when"] = tuple(moment.astimezone(zone).replace(tzinfo=None) for moment in window)
    return found


def rasa_and_actions(settings: Settings, model: Path, parts: Parts) -> Sequence[Process]:
    """The processes of Rasa and of its action server, on the sockets of `settings`."""
    private_sockets.make_folder(settings.sockets_dir)
    start = rasa_command(
        python=training.bot_python(ROOT),
        root=ROOT,
        model=model,
        url=settings.own_assistant_url,
        home=settings.home,
        token=secret_files.assistant_token(settings),
        actions_url=settings.actions_url,
    )
    asking = actions_environment(
        intake_url=f"http://127.0.0.1:{settings.port}",
        token=secret_files.ensure(settings, "internal"),
    )
    command = actions_command(sys.executable, settings.actions_url)
    assert parts.assistant is not None
    return [
        Process("actions", command, {**os.environ, **asking}, cwd=ROOT),
        Process(
            "rasa",
            start.argv,
            {**os.environ, **start.env},
            ready=parts.assistant.alive,
            cwd=start.cwd,
        ),
    ]


@contextlib.asynccontextmanager
async def running_web_part(settings: Settings, labelled: LabelledSet) -> AsyncIterator[Parts]:
    """Run the web part of these settings on loopback, with the gazetteer of the set.

    Raises HuyingError when it can't listen on its port.
    """
    app = create_app(settings)
    parts: Parts = app.state.parts
    async with parts.sessions.begin() as session:
        for place in labelled.gazetteer.places.values():
            session.add(
                Place(
                    name=place.name,
                    kind=place.kind,
                    area=place.area,
                    aliases=list(place.aliases),
                )
            )
    config = uvicorn.Config(app, port=settings.port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    # The caller handles signals: uvicorn's handlers would replace the caller's.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise HuyingError(f"Nothing can listen on port {settings.port}.", code="no_port")
        await asyncio.sleep(0.05)
    try:
        yield parts
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def whole_environment(
    settings: Settings, labelled: LabelledSet, model: Path, say: Callable[[str], None]
) -> AsyncIterator[Parts]:
    """Run database, web part, Rasa and actions in a temporary folder that is deleted at the end.

    Raises HuyingError when one of them does not start.
    """
    with tempfile.TemporaryDirectory(prefix="huying-evaluate-") as folder:
        home = Path(folder)
        own = settings.model_copy(
            update={"home": home, "port": free_ports(1), "database_url": None, "channels": {}}
        )
        say("starting the database")
        with postgres.running(own, keep=False) as url:
            await asyncio.to_thread(migrate, url)
            own = own.model_copy(update={"database_url": url})
            async with running_web_part(own, labelled) as parts:
                log = Log(home / "log" / "huying.log", quiet=True)
                beside = rasa_and_actions(own, model, parts)
                supervisor = Supervisor(home, beside, log=log, say=say)
                watching = asyncio.create_task(supervisor.run())
                try:
                    say("starting Rasa and its actions")
                    await until_up(supervisor, watching, log)
                    yield parts
                finally:
                    supervisor.stop()
                    await watching
