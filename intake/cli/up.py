"""``huying up``: everything on one machine."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from intake.assistant import tracker_store
from intake.errors import SettingsError
from intake.processes import postgres, private_sockets, service_manager
from intake.processes.http_check import answers
from intake.processes.private_sockets import path_of
from intake.processes.supervisor import (
    FULL,
    Log,
    Process,
    Supervisor,
    check_port,
    end_leftovers,
    only_one,
    wait_for_room,
)
from intake.settings import LOCAL_HOSTS, ROOT, Settings, load, secret_files

TELL_EVERY_SECONDS = 5.0


def up(
    quiet: Annotated[bool, typer.Option(help="Process output only into the log file.")] = False,
) -> None:
    """Start everything and watch it: PostgreSQL, Rasa, actions, worker, web.

    Ctrl-C ends it all. The log is <home>/log/huying.log. Run `make setup` once before.
    """
    settings = load()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a log line may hold what this terminal can't
    while True:
        try:
            wait_for_room(_stores(settings), _tell)
            _run(settings, quiet=quiet)
            return
        except OSError as error:  # the disk became full before the supervisor ran
            if error.errno not in FULL:
                raise


def _stores(settings: Settings) -> list[Path]:
    """The folders in which an installation stores; they may lie on several disks."""
    found = [settings.home, settings.recordings_dir]
    if settings.database_url is None and (settings.secrets_dir / postgres.ADMIN_SECRET).exists():
        found.append(postgres.cluster(settings).data.parent)
    return found


def _tell(text: str) -> None:
    service_manager.notify(service_manager.status(text))
    with contextlib.suppress(OSError):
        print(f"  {text}", flush=True)


def _run(settings: Settings, *, quiet: bool) -> None:
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    opened = home.stat().st_mode & 0o077
    if opened:
        home.chmod(0o700)
    started = time.monotonic()

    def say(text: str) -> None:
        log.line("up", text)
        if quiet:
            _tell(text)

    with only_one(home):
        log = Log(home / "log" / "huying.log", quiet=quiet)
        if opened:
            say(f"{home} was open to other users of this machine; it is closed now")
        end_leftovers(home, say)
        check_port(settings.host, settings.port)
        ours = {settings.local_port} - {settings.port}
        for port in sorted(ours):
            check_port("127.0.0.1", port)
        parts = processes(settings)
        supervisor = Supervisor(home, parts, log=log, say=say, stores=_stores(settings))
        asyncio.run(_watch(supervisor, settings, started))


async def _watch(supervisor: Supervisor, settings: Settings, started: float) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    running = asyncio.create_task(supervisor.run())
    told = started
    while not running.done() and not supervisor.all_up:
        await asyncio.wait([running], timeout=0.2)
        if time.monotonic() - told > TELL_EVERY_SECONDS and supervisor.missing:
            told = time.monotonic()
            names = ", ".join(supervisor.missing)
            supervisor.say(f"waiting for {names} ({told - started:.0f} s so far)")
    if not running.done() and supervisor.all_up:
        print(f"Huying is up ({time.monotonic() - started:.0f} s): {settings.base_url}")
        print(f"  health  {settings.local_url}/healthz")
        print(f"  log     {settings.home / 'log' / 'huying.log'}")
        print(f"  desk    {settings.base_url}/desk")
        for note in (*notes(settings), *await desk_notes(settings)):
            print(f"  note    {note}")
        print("Ctrl-C ends everything.", flush=True)
    await running


def notes(settings: Settings) -> list[str]:
    """What a person should know who wants residents' phones to record, a sentence each."""
    found = []
    https = bool(settings.tls_certificate_file)
    public = settings.public_url or ""
    if public.startswith("https://"):
        if not https and not settings.trusted_proxies:
            found.append(
                "trusted_proxies is empty: behind your proxy all senders count as one and share"
                " one allowance. Name the proxy's network."
            )
    elif settings.host in LOCAL_HOSTS:
        found.append(
            "Only this machine can open the page. For phones, put an https proxy in front and set"
            " public_url, or set host, tls_certificate_file, tls_key_file and public_url."
        )
    elif not https:
        found.append(
            "Phones can open the page but can't record on it: browsers give the microphone over"
            " https only. Set tls_certificate_file and tls_key_file, or put an https proxy in"
            " front and set public_url. Until then the page offers the phone's own recorder."
        )
    else:
        found.append("public_url is not set: links and QR codes lead to this machine only.")
    return found


async def desk_notes(settings: Settings) -> list[str]:
    """How to make the first administrator, in a house that has none."""
    from sqlalchemy.exc import SQLAlchemyError

    from intake.accounts import operators
    from intake.storage.db import connect

    url = settings.database_url or postgres.dsn(settings)
    if url is None or settings.desk.oidc is not None:
        return []
    engine, sessions = connect(url, pool_size=2)
    try:
        async with sessions.begin() as session:
            if await operators.admins(session):
                return []
    except SQLAlchemyError:
        return []
    finally:
        await engine.dispose()
    return [
        "Nobody can sign in at the desk as administrator yet. In another terminal:"
        " huying operator add NAME --role admin (it asks for a password)."
    ]


def processes(settings: Settings) -> list[Process]:
    """What has to run for these settings, in the order in which it is needed."""
    huying = str(Path(sys.executable).parent / "huying")
    env = environment(settings)
    found: list[Process] = []
    base: tuple[str, ...] = ()
    if settings.database_url is None:
        found.append(_postgres(settings))
        base = ("postgres",)
    found.append(Process("migrate", [huying, "migrate"], env, needs=base, once=True))
    if settings.spawn_assistant:
        found += _assistant(settings, env)
    web = f"{settings.local_url}/healthz"
    # There is no such page: that it is told is a sign of life, and waits for nobody else.
    alive = f"{settings.local_url}/alive"
    after = (*base, "migrate")
    found.append(Process("worker", [huying, "worker"], env, needs=after, heartbeat=True))
    found.append(
        Process(
            "web",
            [huying, "serve"],
            env,
            needs=after,
            ready=lambda: answers(web, any_status=True),
            alive=lambda: answers(alive, any_status=True),
        )
    )
    return found


def environment(settings: Settings) -> dict[str, str]:
    """Our environment for the children, with the home made absolute."""
    # What systemd gives is for us: a child's word would be taken for ours.
    kept = ("HUYING_SETTINGS", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    env = {k: v for k, v in os.environ.items() if k not in kept}
    if named := os.environ.get("HUYING_SETTINGS"):
        env["HUYING_SETTINGS"] = str(Path(named).absolute())
    return env | {"HUYING_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}


def _postgres(settings: Settings) -> Process:
    found = postgres.cluster(settings)

    async def ready() -> bool:
        return await asyncio.to_thread(postgres.answers, found)

    return Process(
        "postgres",
        found.argv(),
        postgres.environment(),
        ready=ready,
        hang_seconds=120,
        stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client
        user=found.user,
        cwd=Path("/"),
        before=lambda: _prepare(settings),
        after=lambda: postgres.ensure_databases(found),
    )


def _prepare(settings: Settings) -> None:
    postgres.prepare(settings)


def _assistant(settings: Settings, env: Mapping[str, str]) -> list[Process]:
    """Rasa and its actions. They start at once: Rasa takes longest, and waits for its database."""
    from intake.assistant import client as assistant_client
    from intake.assistant import training

    python = Path(os.environ.get("HUYING_BOT_PYTHON", ROOT / "bot" / ".venv" / "bin" / "python"))
    if not python.exists():
        raise SettingsError(
            f"{python} is not there; run `make setup`, or set spawn_assistant = false."
        )
    model = training.trained_model(ROOT)
    if model is None:
        raise SettingsError("The assistant is not trained; run `make train`.")
    private_sockets.make_folder(settings.sockets_dir)
    token = secret_files.assistant_token(settings)
    started = assistant_client.rasa_command(
        python=python,
        root=ROOT,
        model=model,
        url=settings.own_assistant_url,
        home=settings.home,
        token=token,
        actions_url=settings.actions_url,
        tracker_url=tracker_store.url(settings),
    )
    asking = assistant_client.actions_environment(
        intake_url=settings.local_url,
        token=secret_files.ensure(settings, "internal"),
    )
    rasa = Process(
        "rasa",
        started.argv,
        {**env, **started.env},
        ready=lambda: answers("http://rasa/version", socket=path_of(settings.own_assistant_url)),
        hang_seconds=180,  # one turn at a time: on a slow machine some of them take long
        cwd=started.cwd,
    )
    actions = Process(
        "actions",
        assistant_client.actions_command(sys.executable, settings.actions_url),
        {**env, **asking},
        ready=lambda: answers("http://actions/health", socket=path_of(settings.actions_url)),
        cwd=ROOT,
    )
    return [rasa, actions]
