"""The only place where parts are put together: settings in, a web application or a worker's
parts out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI

from intake import backends, channels
from intake.assistant.client import Assistant
from intake.catalogue.services import load_catalogue
from intake.errors import SettingsError
from intake.network.http import Outgoing
from intake.processes.postgres import dsn
from intake.runtime import Parts
from intake.settings import ROOT, VERSION, Settings, secret_files
from intake.storage.blobs import Blobs
from intake.storage.db import connect
from intake.web import desk, limits, problems
from intake.web.api import (
    access_log,
    alarms,
    assistant,
    attachments,
    backend_updates,
    catalogue,
    conversations,
    failures,
    health,
    households,
    operators,
    places,
    presence,
    privacy,
    request_actions,
    requests,
    routing_rules,
    station,
    statistics,
    tasks,
)
from intake.web.resident import links, page, status_api
from intake.web.safe_headers import SafeHeaders
from speech import Transcriber

log = logging.getLogger("huying.web")
DISK_THREADS = 32
ROUTERS = (
    access_log.router,
    alarms.router,
    assistant.router,
    attachments.router,
    backend_updates.router,
    catalogue.router,
    conversations.router,
    failures.router,
    health.router,
    households.router,
    links.router,
    operators.router,
    places.router,
    places.suggestions,
    presence.router,
    privacy.router,
    request_actions.router,
    requests.router,
    routing_rules.router,
    station.router,
    statistics.router,
    status_api.router,
    tasks.router,
)
"""The API, in no order that matters: no two of them answer the same request."""


def database_url(settings: Settings) -> str:
    """The URL of the database. Raises `SettingsError` when none is set and none is running."""
    url = settings.database_url or dsn(settings)
    if url is None:
        raise SettingsError(
            "No database: run `huying up` (it starts the embedded one) or set database_url."
        )
    return url


def build(settings: Settings, *, hears: bool = False) -> Parts:
    """Make the parts of one process. ``hears``: for a worker, which transcribes recordings."""
    engine, sessions = connect(database_url(settings), pool_size=settings.database_pool)
    outgoing = Outgoing(sessions)
    catalogue = load_catalogue(ROOT / "data" / "services")
    transcriber = None
    if hears:
        hearing = settings.hearing
        transcriber = Transcriber(
            settings.models_dir,
            hearing.engine,
            processes=hearing.processes,
            memory_bytes=hearing.memory_bytes,
            options=hearing.options,
        )
    parts = Parts(
        settings=settings,
        engine=engine,
        sessions=sessions,
        blobs=Blobs(settings.recordings_dir),
        catalogue=catalogue,
        outgoing=outgoing,
        backends={
            name: backends.create(name, table, outgoing)
            for name, table in settings.backends.items()
        },
        link_secrets=secret_files.ring(settings, "links"),
        transcriber=transcriber,
        assistant=Assistant(
            settings.assistant_url,
            timeout_seconds=settings.assistant.timeout_seconds,
            token=secret_files.assistant_token(settings),
            talk_seconds=settings.chat.turn_seconds,
        ),
    )
    parts.channels = {channel.name: channel for channel in channels.create_all(parts)}
    return parts


def create_app(settings: Settings) -> FastAPI:
    """The web application of these settings."""
    parts = build(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # I/O-bound threads, mostly waiting for fsync: one for each concurrent upload.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(DISK_THREADS))
        running = [
            asyncio.create_task(channel.run())
            for channel in parts.channels.values()
            if hasattr(channel, "run")
        ]
        yield
        for task in running:
            task.cancel()
        for ended in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("a channel ended with %s", type(ended).__name__)
        await parts.close()

    app = FastAPI(
        title="Huying",
        summary="You call, we respond.",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.parts = parts
    app.state.looking = {}  # what /healthz still waits for
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(page.routes())
    desk.install(app)
    for channel in parts.channels.values():
        app.include_router(channel.routes())
    limits.install(app, settings)
    app.add_middleware(SafeHeaders, https=settings.base_url.startswith("https:"))
    return app
