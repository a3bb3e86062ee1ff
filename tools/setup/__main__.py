"""``make setup``: runs the steps, those that don't wait for each other at the same time.

Needs nothing but the Python that runs it. Ctrl-C ends what runs; the next call goes on there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from tools.setup import steps as content
from tools.setup.failure import SetupError, disk_full, is_disk_full, plain, sentence
from tools.setup.progress import Board, Line

ROOT = Path(__file__).resolve().parents[2]
LOGS = Path("build/log")
STOP_SECONDS = 10.0


class Setup:
    """One run of the setup."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._children: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def run(self, steps: list[content.Step]) -> None:
        """Do what is to be done. Raises SetupError with the first failure, when all has ended."""
        todo = {step.name: step for step in steps}
        running: dict[Future[None], str] = {}
        failure: BaseException | None = None
        with ThreadPoolExecutor(len(steps)) as pool:
            try:
                while running or (todo and failure is None):
                    ready = [s for s in todo.values() if not self._waits(s, todo, running)]
                    for step in ready if failure is None else ():
                        running[pool.submit(self._step, todo.pop(step.name))] = step.name
                    ended, _ = wait(running, return_when=FIRST_COMPLETED, timeout=1)
                    for future in ended:
                        del running[future]
                        failure = failure or future.exception()
                    if failure is not None:
                        self.stop()
            except BaseException:
                self.stop()
                raise
        if failure is not None:
            raise failure

    @staticmethod
    def _waits(
        step: content.Step, todo: Mapping[str, object], running: Mapping[Future[None], str]
    ) -> bool:
        return any(name in todo or name in running.values() for name in step.needs)

    def stop(self) -> None:
        """End what runs: as Ctrl-C would, then at once. A second Ctrl-C changes nothing."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with self._lock:
            self._stopping = True
            children = list(self._children)
        until = time.monotonic() + STOP_SECONDS
        for number in (signal.SIGINT, signal.SIGKILL):
            for child in children:
                if child.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(child.pid, number)
            for child in children:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.1, until - time.monotonic()))

    def _step(self, step: content.Step) -> None:
        if step.fresh():
            return
        line = self._board.begin(step.title)
        log = LOGS / f"{step.name.replace('/', '_')}.log"
        try:
            with log.open("wb") as file:

                def run(*command: str, env: Mapping[str, str] | None = None) -> None:
                    self._run(step, line, log, file.fileno(), command, env or {})

                step.work(run)
        except BaseException:
            self._board.end(line, "✗")
            raise
        self._board.end(line)

    def _run(
        self,
        step: content.Step,
        line: Line,
        log: Path,
        to: int,
        command: tuple[str, ...],
        env: Mapping[str, str],
    ) -> None:
        with self._lock:
            if self._stopping:
                raise SetupError("stopped")
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
            self._children.add(child)
        output = b""
        assert child.stdout is not None
        while some := os.read(child.stdout.fileno(), 1 << 16):
            os.write(to, some)
            output = (output + some)[-20000:]
            last = plain(some.decode("utf-8", "replace")).strip().rsplit("\n", 1)[-1]
            line.said = last or line.said
        code = child.wait()
        with self._lock:
            self._children.discard(child)
        if code != 0:
            if self._stopping:
                raise SetupError("stopped")
            raise SetupError(sentence(step.title, output.decode("utf-8", "replace"), code, log))


def main() -> int:
    """Run the setup; the exit code."""
    os.chdir(ROOT)
    # uv and Node may lie in build/; `huying models add` looks for uv on the path.
    os.environ["PATH"] = f"{ROOT / 'build/uv/bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        for folder in (content.STAMPS, LOGS):
            folder.mkdir(parents=True, exist_ok=True)
        with (LOGS.parent / ".setup.lock").open("w") as lock, Board() as board:
            _alone(lock.fileno())
            setup = Setup(board)
            if not Path(content.uv()).exists():
                fetch = content.Step("uv", "uv, which fetches the rest", content.fetch_uv, bool)
                setup.run([fetch])
            setup.run(content.steps(test="--test" in sys.argv[1:]))
        return 0
    except KeyboardInterrupt:
        print("setup: stopped; the next call goes on where this one ended.", file=sys.stderr)
        return 130
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
    except OSError as error:
        if not is_disk_full(error):
            raise
        print(f"setup: {disk_full(ROOT)}", file=sys.stderr)
    return 1


def _alone(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Another setup runs in this folder; waiting for it.", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


if __name__ == "__main__":
    sys.exit(main())
