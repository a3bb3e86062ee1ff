"""``huying serve`` and ``huying worker``: single parts, on one machine or on several."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import typer
import uvicorn

from intake.errors import HuyingError, SettingsError
from intake.processes.heartbeat import beat
from intake.processes.wordless_log import write_wordless
from intake.settings import VERSION, load
from speech.errors import SpeechError

OTHER_FILES = 600
"""Open files beside connections: the database's, pages with a WebSocket, recordings."""
TRUSTED = ("huying", "procrastinate")
"""The loggers whose texts hold ids and codes only."""


def set_up_logs(level: str) -> None:
    """Log plain lines to standard error, without what residents said; libraries that would log
    bodies or URLs are silenced."""
    handler = write_wordless(logging.getLevelName(level.upper()), TRUSTED, mute_prints=False)
    handler.addFilter(_Sentences())
    for name in ("httpx", "httpcore", "procrastinate", "multipart", "python_multipart", "uvicorn"):
        logging.getLogger(name).setLevel("WARNING")
    logging.getLogger("huying").info("version %s", VERSION)


class _Sentences(logging.Filter):
    """Removes the tracebacks of our own errors, whose sentences say enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], (HuyingError, SpeechError)):
            record.exc_info = record.exc_text = None
        return True


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; default: settings.")] = None,
    port: Annotated[int | None, typer.Option(help="Which port; default: settings.")] = None,
) -> None:
    """Run the web part alone: the channels, the API, the pages.

    It needs a running database with the newest schema (`huying migrate`).
    """
    from intake.app import create_app
    from intake.web.limits.body_limit import BODY_SECONDS
    from intake.web.limits.connection import Connection
    from intake.web.limits.connection_shares import ConnectionShares

    settings = load()
    set_up_logs(settings.log_level)
    listening = sockets(host or settings.host, port or settings.port)
    app = create_app(settings)
    common: dict[str, Any] = {
        "log_config": None,
        "access_log": False,  # paths hold the secrets of status links
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        "http": partial(
            Connection,
            shares=ConnectionShares(
                min(settings.limits.connections, _most_connections()),
                settings.limits.connections_per_address,
                settings.trusted_proxies,
            ),
            body_seconds=settings.limits.upload_seconds + BODY_SECONDS,
        ),
        "ws_max_size": 64 * 1024,
    }
    config = uvicorn.Config(
        app,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=_networks(settings.trusted_proxies),
        ssl_certfile=settings.tls_certificate_file,
        ssl_keyfile=settings.tls_key_file,
        **common,
    )
    server = uvicorn.Server(config)
    if settings.tls_certificate_file is None:
        server.run(sockets=listening)
        return
    local = sockets("127.0.0.1", settings.local_port)
    beside = _Beside(uvicorn.Config(app, proxy_headers=False, lifespan="off", **common))
    with asyncio.Runner(loop_factory=_with_handshake_deadline(config.get_loop_factory())) as runner:
        runner.run(_serve_both(server, listening, beside, local))


class _Beside(uvicorn.Server):
    """The same application in plain HTTP, for our own processes; the first server handles
    signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve_both(
    server: uvicorn.Server,
    listening: list[socket.socket],
    beside: uvicorn.Server,
    local: list[socket.socket],
) -> None:
    second = asyncio.create_task(beside.serve(sockets=local))
    try:
        await server.serve(sockets=listening)
    finally:
        beside.should_exit = True
        await second


def sockets(host: str, port: int) -> list[socket.socket]:
    """The web part's listening sockets: on `host`, and always on loopback, for the action server.

    Raises SettingsError when a socket can't be opened.
    """
    hosts = [host] if host in ("0.0.0.0", "127.0.0.1", "localhost") else [host, "127.0.0.1"]  # noqa: S104
    if host == "::":  # two sockets: on one, IPv4 clients would appear with IPv4-mapped addresses
        hosts = ["::", "0.0.0.0"]  # noqa: S104
    opened: list[socket.socket] = []
    try:
        for name in hosts:
            family, *_ = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
            opened.append(socket.create_server((name, port), family=family, backlog=2048))
    except OSError as error:
        for one in opened:
            one.close()
        raise SettingsError(
            f"Nothing can listen on {host}, port {port} ({error.strerror}); change host or port."
        ) from None
    return opened


def worker() -> None:
    """Run a worker alone: it transcribes, understands, routes and delivers.

    Any number of workers may run on one database, on any number of machines that share the folder
    of recordings.
    """
    from intake import worker as working

    settings = load()
    set_up_logs(settings.log_level)
    asyncio.run(_until_told(working.run(settings)))


async def _until_told(work: Any) -> None:
    """Cancel the work on SIGTERM or SIGINT; give signs of life meanwhile."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    beating = asyncio.create_task(beat())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
    finally:
        beating.cancel()


def _networks(proxies: list[str]) -> list[str]:
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            raise SettingsError(f"trusted_proxies: {proxy!r} is no network.") from None
    return proxies


def _most_connections() -> int:
    """Raise this process's limit on open files as far as it may be, and return how many connections
    fit below it. Many systems begin with 1024, and a process without a free one accepts nobody."""
    now, highest = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if highest == resource.RLIM_INFINITY else min(highest, 65_536)
    if now == resource.RLIM_INFINITY or now > wanted:
        wanted = 65_536
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, highest))
    return max((wanted - OTHER_FILES) // 2, 50)  # `ConnectionShares` may go to twice as many


def _with_handshake_deadline(make: Callable[[], asyncio.AbstractEventLoop] | None) -> Any:
    """A loop factory whose TLS servers give a client `HEAD_SECONDS` for the handshake (Python gives
    60); uvicorn has no setting for it."""
    from intake.web.limits.connection import HEAD_SECONDS

    def factory() -> asyncio.AbstractEventLoop:
        loop = (make or asyncio.new_event_loop)()
        create = loop.create_server

        async def create_server(*args: Any, **kwargs: Any) -> Any:
            if kwargs.get("ssl"):
                kwargs["ssl_handshake_timeout"] = HEAD_SECONDS
            return await create(*args, **kwargs)

        loop.create_server = create_server  # type: ignore[method-assign]
        return loop

    return factory
