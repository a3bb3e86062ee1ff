"""The supervisor: starts processes in order, restarts those that die, ends them all."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from intake.errors import HuyingError, Unavailable
from intake.processes import service_manager
from intake.processes.heartbeat import Heartbeat
from intake.processes.supervisor.children import (
    NOT_STARTED,
    as_user,
    die_with_parent,
    ended,
    exit_of,
    kill_group,
)
from intake.processes.supervisor.disk_room import lacking
from intake.processes.supervisor.liveness import becomes_ready, falls_silent, kill_all, patience
from intake.processes.supervisor.log import Log
from intake.processes.supervisor.startup import Say
from intake.processes.supervisor.state import MARK, Process, ProcessState, state_file

STOP_SECONDS = 8.0  # then processes are killed; `huying up` must end within ten seconds
DATABASE_STOP_SECONDS = 2.0  # the part of these that is kept for the database, which ends last
WELL_AFTER_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 30.0
WELL_AGAIN_SECONDS = 3600.0
TICK_SECONDS = 1.0


class Supervisor:
    """Runs processes until `stop` is called.

    ``stores``: the folders in which the processes store; while one of them is full, a process that
    runs once is not given up. A full disk ends nothing here: what can't be written now is written
    when there is room.
    """

    def __init__(
        self,
        home: Path,
        processes: Sequence[Process],
        *,
        log: Log,
        say: Say,
        stores: Sequence[Path] = (),
    ) -> None:
        self.home = home
        self.stores = (home, *stores)
        self.processes = list(processes)
        self.log = log
        self.say = say
        self.states = {p.name: ProcessState(p.name, stop_signal=p.stop_signal) for p in processes}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._up = {p.name: asyncio.Event() for p in processes}
        self._own = psutil.Process()
        self._unwritten = False
        self._hung = {p.name: 0 for p in processes}

    def stop(self) -> None:
        """Ask all processes to end; the second call kills them."""
        if self._stopping.is_set():
            for process in self._running.values():
                kill_group(process.pid, signal.SIGKILL)
        self._stopping.set()
        service_manager.notify(service_manager.STOPPING)

    async def run(self) -> None:
        """Start the processes and restart those that die; return when all have ended after `stop`.

        Raises `Unavailable` when a process that runs once (``once``) keeps failing.
        """
        self._write()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._keep(process)) for process in self.processes]
                tasks.append(group.create_task(self._tick()))
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
        """Is every process ready?"""
        return not self.missing

    @property
    def missing(self) -> list[str]:
        """The names of the processes that are not ready."""
        return [name for name, event in self._up.items() if not event.is_set()]

    async def _keep(self, process: Process) -> None:
        """Start a process when those that it needs are ready; restart it whenever it ends."""
        for name in process.needs:
            await self._up[name].wait()
        state = self.states[process.name]
        failures = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                code = await self._live(process, state)
            except Exception as error:  # whatever failed, the other processes go on
                self.log.line(process.name, f"{type(error).__name__}: {error}")
                code = NOT_STARTED
            if self._stopping.is_set():
                return
            self._up[process.name].clear()
            if process.once:
                if code == 0:
                    state.state = "done"
                    self._up[process.name].set()
                    self._write()
                    return
                if full := self._lacking():
                    self.say(f"{process.name} failed: {full}")
                    failures = min(failures, 1)
                elif failures >= 3:
                    raise Unavailable(f"{process.name} failed ({code}); see the log above.")
            failures = 1 if time.monotonic() - started > WELL_AFTER_SECONDS else failures + 1
            wait = min(LONGEST_WAIT_SECONDS, 0.5 * 2 ** min(failures - 1, 10))
            wait *= random.uniform(0.7, 1.0)  # noqa: S311
            state.state, state.exit_code, state.pid = "waiting", code, None
            state.restarts += 1
            self._write()
            self.say(f"{process.name} ended ({ended(code)}); again in {wait:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def _live(self, process: Process, state: ProcessState) -> int:
        """Run a process once, from its start to its end; return its exit code."""
        if process.before is not None:
            try:
                await asyncio.to_thread(process.before)
            except Exception as error:  # such as a full disk: retried like a process that died
                self.log.line(process.name, f"{type(error).__name__}: {error}")
                return 1
        if self._stopping.is_set():
            return 0
        beat = Heartbeat() if process.heartbeat else None
        try:
            child = await asyncio.create_subprocess_exec(
                *process.argv,
                env={
                    **process.env,
                    MARK: str(self.home),
                    **(beat.environment if beat is not None else {}),
                },
                pass_fds=[beat.theirs] if beat is not None else [],
                cwd=process.cwd,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(process.stop_signal),
                limit=1 << 16,
                **(as_user(process.user)),
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.log.line(process.name, f"can't be started: {error}")
            if beat is not None:
                beat.started()
                beat.close()
            return NOT_STARTED
        if beat is not None:
            beat.started()
        self._running[process.name] = child
        state.state, state.pid, state.since = "starting", child.pid, time.time()
        with contextlib.suppress(psutil.NoSuchProcess):
            state.created = psutil.Process(child.pid).create_time()
        self._write()
        pump = asyncio.create_task(self._pump(process.name, child))
        watched = asyncio.create_task(self._watch(process, state, child.pid, beat))
        try:
            code = await exit_of(child)
        finally:
            watched.cancel()
            if beat is not None:
                beat.close()
            if self._stopping.is_set() or child.returncode is not None:
                kill_group(child.pid, signal.SIGKILL)  # ends its own children too
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pump, 2)
        self._running.pop(process.name, None)
        return code

    async def _watch(
        self, process: Process, state: ProcessState, pid: int, beat: Heartbeat | None
    ) -> None:
        """Wait until a process is ready, then ask it again and again; kill it when it hangs."""
        if process.once:
            return
        started = time.monotonic()
        ready = process.ready or (beat.is_alive if beat is not None else None)
        if ready is not None and not await becomes_ready(pid, ready, process.ready_seconds):
            self.log.line(process.name, f"not ready after {time.monotonic() - started:.0f} s")
            kill_all(pid)
            return
        if process.after is not None:
            try:
                await asyncio.to_thread(process.after)
            except Exception as error:  # whatever failed, the process can't do its work
                self.log.line(process.name, f"{type(error).__name__}: {error}")
                kill_all(pid)
                return
        self._show(process, state, answers=True)
        self.say(f"{process.name} is up ({time.monotonic() - started:.1f} s)")
        alive = (beat.is_alive if beat is not None else None) or process.alive or ready
        if alive is None:
            return
        seconds = patience(process.hang_seconds, self._hung[process.name])
        await falls_silent(
            alive, seconds, lambda answers: self._show(process, state, answers=answers)
        )
        self.say(f"{process.name} has not answered for {seconds:.0f} s; it is started anew")
        well = time.monotonic() - started > WELL_AGAIN_SECONDS
        self._hung[process.name] = 1 if well else self._hung[process.name] + 1
        kill_all(pid)

    def _show(self, process: Process, state: ProcessState, *, answers: bool) -> None:
        """Show whether a process that was ready answers."""
        state.state = "running" if answers else "silent"
        self._up[process.name].set()
        self._write()

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
        """End all processes, the database last; after `STOP_SECONDS` in all, kill them."""
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
                    [asyncio.create_task(exit_of(child)) for _, child in living], timeout=left
                )
            for _, child in living:
                kill_group(child.pid, signal.SIGKILL)

    def _lacking(self) -> str | None:
        try:
            return lacking(self.stores)
        except OSError as error:
            return f"The disk can't be asked for its room ({error.strerror})."

    def _write(self) -> None:
        """Write the state for ``/healthz``; what fails is tried again by `_tick`."""
        path = state_file(self.home)
        body = {
            "pid": os.getpid(),
            "created": self._own.create_time(),
            "processes": [dataclasses.asdict(state) for state in self.states.values()],
        }
        fresh = path.with_suffix(".new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_text(json.dumps(body))
            fresh.replace(path)
            self._unwritten = False
        except OSError as error:
            if not self._unwritten:
                self.log.line("up", f"the processes' state can't be written ({error.strerror})")
            self._unwritten = True

    async def _tick(self) -> None:
        """Every second: tell systemd that we are alive, and write what could not be written."""
        told = ""
        while True:
            now = f"waiting for {', '.join(self.missing)}" if self.missing else "all parts run"
            news = (service_manager.status(now),) if now != told else ()
            ready = () if self.missing else (service_manager.READY,)
            service_manager.notify(service_manager.ALIVE, *ready, *news)
            told = now
            if self._unwritten:
                self._write()
            await asyncio.sleep(TICK_SECONDS)
