"""``huying up``: starts every process in order, watches them, ends them all.

Each process gets a session of its own and is asked to die with us; what survives a ``kill -9``
all the same is found by pid and start time at the next start and ended first. The state lies in
``<home>/run/processes.json``, so that ``/healthz`` can tell which part is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import dataclasses
import fcntl
import json
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

import psutil

from intake.errors import HuyingError, Unavailable

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 8.0  # of the ten that ending may take
DATABASE_STOP_SECONDS = 2.0  # of these, kept for the database, which ends last
LEFTOVER_SECONDS = 5.0
LONGEST_LINE = 4000  # characters; a longer one is cut
NOT_STARTED = 127  # what a shell says too
WELL_AFTER_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 30.0
MARK = "HUYING_UP_HOME"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Process:
    """One process to run. ``ready`` says whether it does its work yet; ``once``: it ends by
    itself and must end well before those that need it start."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]] | None = None
    needs: tuple[str, ...] = ()
    once: bool = False
    stop_signal: int = signal.SIGTERM
    user: str | None = None
    cwd: Path | None = None
    ready_seconds: float = 180
    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None


@dataclass(slots=True)
class ProcessState:
    """What is known of one process. ``state``: starting, running, waiting, done, stopped."""

    name: str
    state: str = "waiting"
    pid: int | None = None
    created: float | None = None
    restarts: int = 0
    since: float = 0.0
    exit_code: int | None = None
    stop_signal: int = int(signal.SIGTERM)


def state_file(home: Path) -> Path:
    """Where the state of this home's processes lies."""
    return home / "run" / "processes.json"


def read_state(home: Path) -> list[ProcessState]:
    """What the supervisor of this home last wrote; empty when there is none that runs."""
    try:
        stored = json.loads(state_file(home).read_text())
        supervisor = psutil.Process(stored["pid"])
        same = abs(supervisor.create_time() - stored["created"]) < 1
        if not same or supervisor.status() == psutil.STATUS_ZOMBIE:
            return []
        return [ProcessState(**entry) for entry in stored["processes"]]
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return []


def end_leftovers(home: Path, say: Say) -> None:
    """End what an earlier supervisor of this home left when it was killed.

    A pid counts only with the start time that was written down: numbers are used again.
    """
    try:
        stored = json.loads(state_file(home).read_text())
        entries = [ProcessState(**entry) for entry in stored["processes"]]
    except (OSError, ValueError, KeyError, TypeError):
        entries = []
    left: dict[psutil.Process, int] = {}
    for entry in entries:
        with contextlib.suppress(psutil.Error, TypeError):
            process = psutil.Process(entry.pid)
            if entry.created and abs(process.create_time() - entry.created) < 1:
                left[process] = entry.stop_signal
                for child in process.children(recursive=True):
                    # The database ends its own children; a signal from outside only confuses it.
                    if entry.stop_signal == signal.SIGTERM:
                        left.setdefault(child, signal.SIGTERM)
    family = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid not in family and process.environ().get(MARK) == str(home):
                left.setdefault(process, signal.SIGTERM)
    if not left:
        return
    say(f"ending {len(left)} processes that an earlier run left")
    for process, number in left.items():
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
    _, alive = psutil.wait_procs(list(left), timeout=LEFTOVER_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=LEFTOVER_SECONDS)


def check_port(host: str, port: int) -> None:
    """Raise with the setting to change when somebody listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise HuyingError(
                f"Port {port} on {host} can't be used ({error.strerror}); "
                "set HUYING_PORT to another, say 8400.",
                code="port_in_use",
            ) from None


def only_one(home: Path) -> IO[str]:
    """The lock of this home, held while the returned file is open."""
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / "up.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise HuyingError(
            f"Another `huying up` runs on {home}; stop it or set HUYING_HOME.", code="already_up"
        ) from None
    return file


class Supervisor:
    """Runs processes until `stop` is called."""

    def __init__(self, home: Path, processes: Sequence[Process], *, log: Log, say: Say) -> None:
        self.home = home
        self.processes = list(processes)
        self.log = log
        self.say = say
        self.states = {p.name: ProcessState(p.name, stop_signal=p.stop_signal) for p in processes}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._up = {p.name: asyncio.Event() for p in processes}
        self._own = psutil.Process()

    def stop(self) -> None:
        """Ask everything to end; a second time: at once."""
        if self._stopping.is_set():
            for process in self._running.values():
                _kill_group(process.pid, signal.SIGKILL)
        self._stopping.set()

    async def run(self) -> None:
        """Start in order, then watch; returns when all has ended after `stop`.

        Raises `Unavailable` when a process that others need can't be started at all.
        """
        self._write()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._keep(process)) for process in self.processes]
                await self._stopping.wait()
                await self._end_all()
                for task in tasks:
                    task.cancel()
        except* HuyingError as errors:
            raise errors.exceptions[0] from None
        finally:
            self._stopping.set()
            await self._end_all()
            for state in self.states.values():
                state.state = "stopped"
            self._write()

    @property
    def all_up(self) -> bool:
        """Does every part do its work?"""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The names of the parts that don't do their work yet, or not just now."""
        return [name for name, event in self._up.items() if not event.is_set()]

    async def _keep(self, process: Process) -> None:
        """Start it when what it needs is up; start it again whenever it dies."""
        for name in process.needs:
            await self._up[name].wait()
        state = self.states[process.name]
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._live(process, state)
            if self._stopping.is_set():
                return
            self._up[process.name].clear()
            if process.once:
                if code == 0:
                    state.state = "done"
                    self._up[process.name].set()
                    self._write()
                    return
                if failures >= 3:
                    raise Unavailable(f"{process.name} failed ({code}); see the log above.")
            failures = 1 if time.monotonic() - started > WELL_AFTER_SECONDS else failures + 1
            wait = min(LONGEST_WAIT_SECONDS, 0.5 * 2 ** min(failures - 1, 10))
            wait *= random.uniform(0.7, 1.0)  # noqa: S311
            state.state, state.exit_code, state.pid = "waiting", code, None
            state.restarts += 1
            self._write()
            self.say(f"{process.name} ended ({_ended(code)}); again in {wait:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _live(self, process: Process, state: ProcessState) -> int:
        """One life of a process, from its start to its exit code."""
        if process.before is not None:
            try:
                await asyncio.to_thread(process.before)
            except Exception as error:  # a full disk, a dead tool: try again like after a death
                self.log.line(process.name, f"{type(error).__name__}: {error}")
                return 1
        if self._stopping.is_set():
            return 0
        try:
            child = await asyncio.create_subprocess_exec(
                *process.argv,
                env={**process.env, MARK: str(self.home)},
                cwd=process.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(process.stop_signal),
                limit=1 << 16,
                **(_as_user(process.user)),
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.log.line(process.name, f"can't be started: {error}")
            return NOT_STARTED
        self._running[process.name] = child
        state.state, state.pid, state.since = "starting", child.pid, time.time()
        with contextlib.suppress(psutil.NoSuchProcess):
            state.created = psutil.Process(child.pid).create_time()
        self._write()
        pump = asyncio.create_task(self._pump(process.name, child))
        ready = asyncio.create_task(self._when_ready(process, state, child))
        try:
            code = await _exit_of(child)
        finally:
            ready.cancel()
            if self._stopping.is_set() or child.returncode is not None:
                _kill_group(child.pid, signal.SIGKILL)  # its own children go with it
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pump, 2)
        self._running.pop(process.name, None)
        return code

    async def _when_ready(
        self, process: Process, state: ProcessState, child: asyncio.subprocess.Process
    ) -> None:
        started = time.monotonic()
        if process.once:
            return
        while process.ready is not None and not await process.ready():
            await asyncio.sleep(0.2)
            if time.monotonic() - started > process.ready_seconds:
                self.log.line(process.name, f"not ready after {process.ready_seconds:.0f} s")
                _kill_group(child.pid, signal.SIGKILL)
                return
        if process.after is not None:
            try:
                await asyncio.to_thread(process.after)
            except Exception as error:  # whatever it was, the process is not fit for work
                self.log.line(process.name, f"{type(error).__name__}: {error}")
                _kill_group(child.pid, signal.SIGKILL)
                return
        state.state = "running"
        self._up[process.name].set()
        self._write()
        self.say(f"{process.name} is up ({time.monotonic() - started:.1f} s)")

    async def _pump(self, name: str, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:  # a line longer than the buffer
                continue
            if not line:
                return
            self.log.line(name, line.decode("utf-8", "replace").rstrip())

    async def _end_all(self) -> None:
        """Those that need others first; the database last. `STOP_SECONDS` in all, then kill."""
        until = time.monotonic() + STOP_SECONDS
        waves = [
            [p for p in self.processes if p.name != "postgres"],
            [p for p in self.processes if p.name == "postgres"],
        ]
        for number, wave in enumerate(waves):
            living = [(p, self._running[p.name]) for p in wave if p.name in self._running]
            for process, child in living:
                with contextlib.suppress(ProcessLookupError):
                    child.send_signal(process.stop_signal)
            kept = DATABASE_STOP_SECONDS if number == 0 else 0
            left = max(0.5, until - time.monotonic() - kept)
            if living:
                await asyncio.wait(
                    [asyncio.create_task(_exit_of(child)) for _, child in living], timeout=left
                )
            for _, child in living:
                _kill_group(child.pid, signal.SIGKILL)

    def _write(self) -> None:
        path = state_file(self.home)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = {
            "pid": os.getpid(),
            "created": self._own.create_time(),
            "processes": [dataclasses.asdict(state) for state in self.states.values()],
        }
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(body))
        fresh.replace(path)


class _PrivateFiles(RotatingFileHandler):
    """Each new file, too, is its owner's alone: lines may hold addresses. A new day begins a new
    file, so that old lines go by their age also where few are written."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        os.fchmod(stream.fileno(), 0o600)
        written = os.fstat(stream.fileno())
        self._day = _day(written.st_mtime if written.st_size else time.time())
        return stream

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        return self._day != _day(time.time()) or bool(super().shouldRollover(record))


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(moment))


@dataclass
class Log:
    """One log for all: a line with the time and the process's name; a file a day, or more where a
    day fills ``max_bytes``. The newest ``keep`` stay; `intake.keeping.forgetting` removes them by
    age."""

    path: Path
    quiet: bool = False
    max_bytes: int = 10 * 1024 * 1024
    keep: int = 30
    _handler: logging.Handler = field(init=False)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._handler = _PrivateFiles(
            self.path, maxBytes=self.max_bytes, backupCount=self.keep, encoding="utf-8"
        )

    def line(self, name: str, text: str) -> None:
        """Write one line of one process."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S")
        whole = f"{stamp} {name:9} {text[:LONGEST_LINE]}"
        self._handler.emit(logging.makeLogRecord({"msg": whole, "args": None}))
        if not self.quiet:
            try:
                print(whole, flush=True)
            except OSError:  # nobody reads any more (`huying up | head`): the file still tells
                self.quiet = True


def die_with_parent(number: int) -> Callable[[], None] | None:
    """For the child, between fork and exec: get ``number`` when our process dies (Linux only).

    The kernel looks at the parent *thread*, so processes are started from the main one.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask to be told
            os._exit(NOT_STARTED)

    return arrange


def _as_user(user: str | None) -> dict[str, Any]:
    return {"user": user, "group": user, "extra_groups": []} if user else {}


async def _exit_of(child: asyncio.subprocess.Process) -> int:
    """The exit code as soon as there is one. ``child.wait()`` would (before Python 3.13) also
    wait for everybody who holds its output open: its own children, which we have yet to end."""
    while child.returncode is None:  # noqa: ASYNC110 (asyncio tells of it too late)
        await asyncio.sleep(0.05)
    return child.returncode


def _kill_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _ended(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
