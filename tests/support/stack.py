"""The whole installation as its owner runs it: ``huying up`` in its own process, with backends.

The recogniser is the canned one (it says what the test gave for each recording), the assistant is
a process that answers like Rasa, the webhook's other side is a real HTTP server. Each of them, and
the database too, can be made to hold one voicemail at one step, so that a test can kill
something at exactly that moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import math
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import psutil
import psycopg

from intake.processes import postgres
from intake.processes.supervisor import ProcessState, read_state
from intake.settings import load
from tests.conftest import wav_of
from tests.fakes.http_server import Answer, Asked, HttpServer
from tests.fakes.webhook_receiver import WebhookReceiver

ROOT = Path(__file__).resolve().parents[2]
HUYING = Path(sys.executable).parent / "huying"
MARK = "HUYING_TEST_MARK"
START_SECONDS = 400.0
# Each of the processes that share a run's tests takes ports of its own.
SHARE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = 20000 + 2000 * (SHARE % 5)
Server = TypeVar("Server", bound=HttpServer)
END_SECONDS = 60.0  # patience; the ten seconds are the product's: tests/unit/test_supervisor.py
INTENTS = {"酱油": "errand", "盐": "errand", "饭": "meal"}
ERRAND = "麻烦帮我去药店买一瓶酱油送来"  # goes to the webhook "hook"
MEAL = "麻烦帮我送一份饭来"  # goes to the built-in board "station"


def until(what: Callable[[], Any], seconds: float, why: str | Callable[[], str] = "") -> Any:
    """Wait for something true and return it."""
    end = time.monotonic() + seconds
    while not (value := what()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:.0f} s: {why() if callable(why) else why}")
        time.sleep(0.05)
    return value


def free_ports(count: int = 3) -> int:
    """The first of so many neighbouring ports of loopback that nobody listens on."""
    for _ in range(200):
        base = random.randrange(PORTS, PORTS + 2000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(base, base + count):
                probe = held.enter_context(socket.socket())
                probe.bind(("127.0.0.1", port))
            return base
    raise AssertionError("no free ports")


def sound() -> bytes:
    """A short WAV that no other recording equals."""
    pitch = 200 + 600 * random.random()
    return wav_of([0.3 * math.sin(2 * math.pi * pitch * n / 16000) for n in range(8000)])


@contextlib.contextmanager
def in_thread(server: Server) -> Iterator[Server]:
    """Serve in a thread of its own, for tests that wait for processes."""
    loop, up = asyncio.new_event_loop(), threading.Event()
    ended = asyncio.Event()

    async def serve() -> None:
        async with server:
            up.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


class Receiver(WebhookReceiver):
    """A webhook receiver that can wait before or after its work for one place."""

    def __init__(self, secret: str) -> None:
        super().__init__([secret])
        self.before: str | None = None
        self.after: str | None = None
        self.reached: set[str] = set()
        self.release = threading.Event()

    async def work(self, asked: Asked) -> Answer:
        unit = json.loads(asked.body)["where"]["unit"]
        await self._hold(unit, self.before)
        answer = await super().work(asked)
        await self._hold(unit, self.after)
        return answer

    async def _hold(self, unit: str, held: str | None) -> None:
        if unit == held and not self.release.is_set():
            self.reached.add(unit)
            await asyncio.to_thread(self.release.wait, 120)

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Serve in a thread of its own."""
        with in_thread(self):
            try:
                yield self
            finally:
                self.release.set()

    def keys(self, number: str) -> list[str]:
        """The idempotency keys under which a tracking number was taken: one order each."""
        return [key for key, event in self.events.items() if event["tracking_number"] == number]


class Stack:
    """One home, its settings, its processes. Use as a context manager."""

    def __init__(self, folder: Path, **tables: Any) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        self.port = free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.mark = secrets.token_hex(8)
        self.answers: dict[str, dict[str, Any]] = {}
        self._saying = threading.Lock()
        self.up: subprocess.Popen[bytes] | None = None
        self._closing = contextlib.ExitStack()
        secret = folder / "secret"
        secret.write_text("between us")
        self.receiver = self._closing.enter_context(Receiver("between us").running())
        self.rasa_port = free_ports(1)
        self.rasa_folder = folder / "rasa"
        self.rasa_folder.mkdir()
        (self.rasa_folder / "intents.json").write_text(json.dumps(INTENTS), "utf-8")
        self.rasa: subprocess.Popen[bytes] | None = None
        self._say({})
        base: dict[str, Any] = {
            "port": self.port,
            "spawn_assistant": False,
            "worker_concurrency": 16,
            "limits": {
                "min_free_bytes": 0,
                "per_address_per_minute": 0,
                "bytes_per_address_per_minute": 0,
                "connections_per_address": 1000,
            },
            "hearing": {
                "engine": "canned",
                "processes": 3,
                "options": {"mapping": str(folder / "answers.json"), "seconds": 0.2},
            },
            "assistant": {
                "url": f"http://127.0.0.1:{self.rasa_port}",
                "timeout_seconds": 90,
                "retry_seconds": 1,
            },
            "delivering": {"first_wait_seconds": 1, "longest_wait_seconds": 2},
            "routing": {"rules": [{"backend": "hook", "category": ["errand"]}]},
            "backends": {
                "station": {"kind": "station"},
                "hook": {
                    "kind": "webhook",
                    "url": self.receiver.url,
                    "secret_file": str(secret),
                    "allow_networks": ["127.0.0.0/8"],
                    "timeout_seconds": 90,
                },
            },
        }
        base["deciding"] = {"category": 0.6, "category_spoken": 0.7}
        for key, value in tables.items():
            base[key] = {**base.get(key, {}), **value} if isinstance(value, dict) else value
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("HUYING_")}
        self.env |= {"HUYING_HOME": str(self.home), MARK: self.mark}
        for key, value in base.items():
            text = json.dumps(value) if isinstance(value, dict | list) else str(value)
            self.env[f"HUYING_{key.upper()}"] = text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in (self.up, self.rasa):
            if process is not None and process.poll() is None:
                process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self.up is not None:
                self.up.wait(END_SECONDS)
        left = self.processes()
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=5)
        if self.settings.database_url is None:  # as root it lies outside the test's folder
            made = postgres.cluster(self.settings)
            for folder in (made.data.parent, made.sockets):
                shutil.rmtree(folder, ignore_errors=True)
        self._closing.close()
        if error is not None:
            print(self.log()[-6000:])

    # -- processes ------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """``huying up``, until it answers."""
        with (self.folder / "up.out").open("ab") as out:
            self.up = subprocess.Popen(
                [HUYING, "up"], env=self.env, stdout=out, stderr=out, cwd=self.folder
            )
        if wait:
            until(self.healthy, START_SECONDS, self.log)

    def run(self, *arguments: str) -> subprocess.Popen[bytes]:
        """One `huying` command beside it, its output in ``<command>.out``."""
        with (self.folder / f"{arguments[0]}.out").open("ab") as out:
            return subprocess.Popen(
                [HUYING, *arguments], env=self.env, stdout=out, stderr=out, cwd=self.folder
            )

    def start_rasa(self) -> None:
        """The assistant's process, until it answers."""
        argv = [sys.executable, "-m", "tests.fakes.assistant_server"]
        argv += [str(self.rasa_port), str(self.rasa_folder)]
        self.rasa = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, MARK: self.mark})

        def answers() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                url = f"http://127.0.0.1:{self.rasa_port}/version"
                return httpx.get(url, trust_env=False).is_success
            return False

        until(answers, START_SECONDS, "the assistant's stand-in")

    def health(self) -> dict[str, Any]:
        """What /healthz says; empty when nobody answers."""
        with contextlib.suppress(httpx.HTTPError, ValueError):
            found: dict[str, Any] = httpx.get(
                f"{self.url}/healthz", trust_env=False, timeout=5
            ).json()
            return found
        return {}

    def healthy(self) -> bool:
        """Is every part that `huying up` runs up?"""
        assert self.up is not None
        assert self.up.poll() is None, self.log()
        states = read_state(self.home)
        running = all(s.state in ("running", "done") for s in states)
        return (
            bool(states)
            and running
            and self.health().get("parts", {}).get("worker", {}).get("ok", False)
        )

    def state(self, name: str) -> ProcessState:
        """What the supervisor knows of one part."""
        return next(s for s in read_state(self.home) if s.name == name)

    def part(self, name: str) -> psutil.Process:
        """A living part of the installation, or ``recogniser``, ``assistant``, ``up``."""
        if name == "up":
            assert self.up is not None
            return psutil.Process(self.up.pid)
        if name == "assistant":
            assert self.rasa is not None
            return psutil.Process(self.rasa.pid)
        if name == "recogniser":
            return self.recognisers()[0]
        pid = until(lambda: self.state(name).pid, START_SECONDS, name)
        return psutil.Process(pid)

    def recognisers(self) -> list[psutil.Process]:
        """The worker's children in which recognisers run."""
        children = self.part("worker").children(recursive=True)
        return [c for c in children if "speech.worker_process" in " ".join(c.cmdline())]

    def processes(self) -> list[psutil.Process]:
        """Everything alive that this installation started, however far from it by now."""
        data = None
        if self.settings.database_url is None:
            data = str(postgres.cluster(self.settings).data)
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                # PostgreSQL writes its title over its environment, but always stands in its data.
                if process.environ().get(MARK) == self.mark or process.cwd() == data:
                    found.append(process)
        return found

    def kill(self, name: str) -> None:
        """kill -9 of a part; ``everything`` is a power cut."""
        if name == "everything":
            victims = [p for p in self.processes() if self.rasa is None or p.pid != self.rasa.pid]
        elif name == "recogniser":
            victims = self.recognisers()
        else:
            victims = [self.part(name)]
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGKILL)
        for process in (self.up, self.rasa):
            if process is not None and process.pid in [v.pid for v in victims]:
                process.wait()
        psutil.wait_procs(victims, timeout=10)

    def end(self, number: int = signal.SIGTERM) -> list[psutil.Process]:
        """Signal `huying up`; what is left after the seconds it is given."""
        assert self.up is not None
        self.up.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.up.wait(END_SECONDS)
        return [p for p in self.processes() if self.rasa is None or p.pid != self.rasa.pid]

    def log(self) -> str:
        """The installation's log and what `huying up` printed."""
        path = self.home / "log" / "huying.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    # -- voicemails -----------------------------------------------------------------------

    def _say(self, answers: dict[str, dict[str, Any]]) -> None:
        with self._saying:
            self.answers |= answers
            fresh = self.folder / "answers.new"
            fresh.write_text(json.dumps(self.answers), "utf-8")
            fresh.replace(self.folder / "answers.json")

    def record(self, text: str, **answer: Any) -> bytes:
        """A new recording in which the canned recogniser will hear this text."""
        made = sound()
        self._say({hashlib.sha256(made).hexdigest(): {"text": text, **answer}})
        return made

    def post(self, audio: bytes, unit: str, key: str | None = None) -> httpx.Response:
        """One try at the door."""
        form = {"place": "幸福里", "unit": unit, "phone": "13812345678", "name": "王阿姨"}
        return httpx.post(
            f"{self.url}/api/voicemails",
            files={"audio": ("a.wav", audio)},
            data=form,
            headers={"Idempotency-Key": key} if key else {},
            trust_env=False,
            timeout=30,
        )

    def leave(self, text: str, unit: str, **answer: Any) -> str:
        """Leave a voicemail; the tracking number."""
        got = self.post(self.record(text, **answer), unit)
        assert got.status_code == 202, got.text
        return str(got.json()["tracking_number"])

    # -- the database ---------------------------------------------------------------------

    @property
    def settings(self) -> Any:
        return load(env=self.env)

    def connect(self) -> psycopg.Connection[Any]:
        """A connection of the test's own; autocommit."""
        settings = self.settings
        url = settings.database_url or postgres.cluster(settings).url()
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What a query gives; waits while the database is away."""

        def ask() -> list[Any] | None:
            try:
                with self.connect() as connection:
                    return connection.execute(query, values).fetchall()  # type: ignore[arg-type]
            except psycopg.OperationalError:
                return None

        found: list[list[Any]] = []
        until(lambda: (got := ask()) is not None and (found.append(got) or True), 30, "database")
        return found[0]

    def statuses(self) -> dict[str, str]:
        """Tracking number → status."""
        return dict(self.rows("SELECT tracking_number, status FROM service_requests"))

    def describe(self) -> str:
        """What stands still, for the message of a failed test."""
        jobs = "SELECT id, task_name, status::text, attempts, args::text FROM procrastinate_jobs"
        return f"{self.statuses()}\n{self.rows(jobs)}\n{self.log()[-4000:]}"

    def wait_for(self, numbers: list[str], status: str, seconds: float) -> None:
        """Until all these requests stand there."""
        until(
            lambda: all(self.statuses().get(number) == status for number in numbers),
            seconds,
            self.describe,
        )
