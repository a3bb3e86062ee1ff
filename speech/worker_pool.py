"""Recognisers in worker processes: a crash, a hang or a lack of memory costs one attempt.

A worker that fails is ended, and the next call starts a new one. All workers end when this process
ends, even by kill -9.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from speech import child_process
from speech.errors import (
    RecogniserClosed,
    RecogniserCrashed,
    RecogniserOutOfMemory,
    RecogniserTimeout,
    SpeechError,
    every_error,
)
from speech.relisten_result import RelistenResult
from speech.transcript import Transcript
from speech.worker_process import OUT_OF_MEMORY_EXIT


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds that a worker may take; then it is ended.

    ``start``: from its start until it is ready. ``load``: to load a model and decode the file.
    ``base`` + ``per_second`` × the recording's seconds: to recognise it.
    """

    start: float = 60.0
    load: float = 90.0
    base: float = 30.0
    per_second: float = 4.0

    def recognising(self, seconds: float) -> float:
        """Seconds that recognising a recording of ``seconds`` seconds may take."""
        return self.base + self.per_second * seconds


class Transcriber:
    """Recognises recordings in worker processes. Safe to use from several threads.

    ``engine`` is ``auto`` or an engine's name; ``options`` are the engine's own, or one table
    for each engine by its name. At most ``processes`` workers (1 or more) run at the same time;
    further calls wait. ``memory_bytes`` limits each worker (None: no limit); ``max_seconds`` of
    each recording are recognised. A worker keeps its model loaded between calls.
    """

    def __init__(
        self,
        models_dir: Path,
        engine: str = "auto",
        *,
        processes: int = 1,
        options: Mapping[str, Any] | None = None,
        memory_bytes: int | None = 4 * 1024**3,
        limits: TimeLimits | None = None,
        max_seconds: float = 900.0,
    ) -> None:
        if processes < 1:
            raise ValueError("processes must be at least 1")
        self._setup = {
            "do": "setup",
            "models_dir": str(models_dir),
            "engine": engine,
            "options": dict(options or {}),
            "memory_bytes": memory_bytes,
            "max_seconds": max_seconds,
        }
        self._limits = limits or TimeLimits()
        self._slots: queue.Queue[_Slot] = queue.Queue()
        self._all = tuple(_Slot() for _ in range(processes))
        for slot in self._all:
            self._slots.put(slot)
        self._closed = threading.Event()
        # A worker gets its death signal when the *thread* that started it ends (prctl(2)), so one
        # thread that lives as long as this object starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="recogniser-starter")

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that run now."""
        workers = [slot.worker for slot in self._all]
        return tuple(w.process.pid for w in workers if w and w.process.poll() is None)

    def transcribe(self, path: Path, language: str | None = None) -> Transcript:
        """Recognise one recording; ``language`` as in ``speech.transcribe``.

        Raises RecogniserCrashed, RecogniserTimeout, RecogniserClosed, and what
        ``speech.transcribe`` raises.
        """
        with self._slot() as slot:
            answer = self._ask(slot, {"do": "transcribe", "path": str(path), "language": language})
        return Transcript.from_dict(answer["transcript"])

    def relisten(
        self, path: Path, start: float, end: float, language: str
    ) -> tuple[RelistenResult, ...]:
        """Recognise ``start`` .. ``end`` (seconds), where a number is said, once more.

        See ``speech.relisten``. Raises as ``transcribe`` does.
        """
        question = {"do": "relisten", "path": str(path), "start": start, "end": end}
        with self._slot() as slot:
            answer = self._ask(slot, {**question, "language": language})
        return tuple(RelistenResult.from_dict(hearing) for hearing in answer["again"])

    def warm(self, language: str | None = None) -> None:
        """Start every worker and load its model, so that the first recording needn't wait.

        Raises as ``transcribe`` does.
        """
        with contextlib.ExitStack() as stack:
            slots = [stack.enter_context(self._slot()) for _ in self._all]
            for slot in slots:
                self._ask(slot, {"do": "warm", "language": language})

    def close(self) -> None:
        """End all workers at once; calls that wait or run raise RecogniserClosed."""
        self._closed.set()
        for slot in self._all:
            if slot.worker is not None:
                slot.worker.end()
        self._starter.shutdown(wait=True)
        for slot in self._all:  # a worker may have been started meanwhile
            if slot.worker is not None:
                slot.worker.end()

    def __enter__(self) -> Transcriber:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _slot(self) -> Iterator[_Slot]:
        while True:
            self._refuse_when_closed()
            with contextlib.suppress(queue.Empty):
                slot = self._slots.get(timeout=0.5)
                break
        try:
            yield slot
        finally:
            self._slots.put(slot)

    def _ask(self, slot: _Slot, question: dict[str, Any]) -> dict[str, Any]:
        try:
            worker = self._living_worker(slot)
            worker.say(question)
            answer = worker.answer(self._limits.load)
            if answer["say"] == "decoded":
                answer = worker.answer(self._limits.recognising(float(answer["seconds"])))
        except (RecogniserCrashed, RecogniserTimeout):
            self._drop(slot)
            self._refuse_when_closed()
            raise
        except BaseException:  # interrupted: its answer would be taken for the next call's
            self._drop(slot)
            raise
        if answer["say"] == "failed":
            kind = every_error().get(answer["code"], SpeechError)
            if issubclass(kind, RecogniserCrashed):
                raise RecogniserCrashed(answer["sentence"])
            raise kind(answer["sentence"], code=answer["code"], retryable=answer["retryable"])
        return answer

    def _living_worker(self, slot: _Slot) -> _Worker:
        if slot.worker is not None and slot.worker.process.poll() is None:
            return slot.worker
        self._drop(slot)
        self._refuse_when_closed()
        slot.worker = self._starter.submit(_Worker).result()
        slot.worker.say(self._setup)
        slot.worker.answer(self._limits.start)
        return slot.worker

    def _drop(self, slot: _Slot) -> None:
        if slot.worker is not None:
            slot.worker.end()
            slot.worker = None

    def _refuse_when_closed(self) -> None:
        if self._closed.is_set():
            raise RecogniserClosed("The recognisers are being shut down.")


@dataclass(slots=True)
class _Slot:
    """A place for one worker; one caller at a time uses it."""

    worker: _Worker | None = None


class _Worker:
    """One worker process and our end of its pipe."""

    def __init__(self) -> None:
        self.process, self._pipe = child_process.start(
            "speech.worker_process", TOKENIZERS_PARALLELISM="false"
        )
        self._ending = threading.Lock()

    def say(self, message: dict[str, Any]) -> None:
        try:
            self._pipe.send_bytes(json.dumps(message).encode())
        except OSError as error:
            raise self._death() from error

    def answer(self, seconds: float) -> dict[str, Any]:
        """The next message, awaited for at most ``seconds``.

        Raises RecogniserTimeout, RecogniserCrashed.
        """
        deadline = time.monotonic() + seconds
        try:
            if not self._pipe.poll(max(0.0, deadline - time.monotonic())):
                raise RecogniserTimeout(
                    f"The recogniser did not answer within {seconds:.0f} seconds and was ended."
                )
            answer: dict[str, Any] = json.loads(self._pipe.recv_bytes(child_process.MAX_MESSAGE))
        except (EOFError, OSError, ValueError) as error:
            raise self._death() from error
        return answer

    def end(self) -> None:
        """Kill the process if it runs, and close the pipe. May be called more than once."""
        with self._ending:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            self._pipe.close()

    def _death(self) -> RecogniserCrashed:
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if code == OUT_OF_MEMORY_EXIT:
            return RecogniserOutOfMemory(
                "There was too little memory for the speech model or the recording."
            )
        if code >= 0:
            return RecogniserCrashed(f"The recogniser ended by itself with code {code}.")
        if -code == signal.SIGKILL:  # by the kernel: nobody else ends it without closing the pipe
            return RecogniserOutOfMemory(
                "The recogniser was ended by SIGKILL, probably for lack of memory.", signal=-code
            )
        name = signal.Signals(-code).name
        return RecogniserCrashed(f"The recogniser was ended by {name}.", signal=-code)
