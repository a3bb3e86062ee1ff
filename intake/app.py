"""The only place where parts are put together: settings in, a web application or a worker's
parts out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from intake import backends, channels
from intake.assistant.client import Assistant
from intake.catalogue.services import load_catalogue
from intake.errors import SettingsError, TooMany
from intake.network.addresses import counted_as
from intake.network.http import Outgoing
from intake.processes.postgres import dsn
from intake.runtime import Parts
from intake.settings import ROOT, VERSION, Settings, secret_files
from intake.storage.blobs import Blobs
from intake.storage.db import connect
from intake.web import desk, problems
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
POSTS_LIMITED = {"/api/voicemails", "/api/uploads", "/api/uploads/"}


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
        link_secrets=[secret_files.ensure(settings, "links")],
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
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(page.routes())
    desk.install(app)
    for channel in parts.channels.values():
        app.include_router(channel.routes())
    if settings.limits.per_address_per_minute:
        app.add_middleware(RateLimit, per_minute=settings.limits.per_address_per_minute)

    app.add_middleware(SafeHeaders)
    return app


SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline';"
    " frame-ancestors 'none'",
}


class SafeHeaders:
    """Adds the security headers in `SAFE` to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with)


class RateLimit:
    """Limits voicemails and uploads a minute from one address; an IPv6 /64 counts as one address.

    Beyond the limit the answer is 429.
    """

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self.app = app
        self.item = RateLimitItemPerMinute(per_minute)
        self.limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] in POSTS_LIMITED
            and not await self.limiter.hit(self.item, counted_as((scope.get("client") or "-")[0]))
        ):
            error = TooMany("Too many recordings from here; send it again in half a minute.")
            refusal = problems.problem(
                429, error.code, error.sentence, headers={"Retry-After": "30"}
            )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)
