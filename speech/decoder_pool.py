"""Looks into sound files and decodes them in child processes: what a crafted file does to a decoder
costs a child, and no more than its memory and its time.

Children are started when they are needed, kept for the next file, and end with this process.
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from pathlib import Path
from typing import Any

from speech import child_process
from speech.containers import AudioInfo
from speech.errors import NotAudio, SpeechError, Undecodable, every_error

MEMORY_BYTES = 512 * 1024**2
"""Data that a child may have: a quarter of an hour of sound needs 260 to 400 MB."""
START_SECONDS = 60.0
SECONDS = 30.0
"""What one file may take."""


class Decoders:
    """At most ``processes`` children; further calls wait. Safe to use from several threads.

    ``memory_bytes``: the most data of a child. ``seconds``: the most time for one file.
    """

    def __init__(
        self,
        processes: int = 2,
        *,
        memory_bytes: int = MEMORY_BYTES,
        seconds: float = SECONDS,
    ) -> None:
        self._memory_bytes, self._seconds = memory_bytes, seconds
        self._turns = threading.Semaphore(processes)
        self._idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()

    def probe(self, path: Path) -> AudioInfo:
        """`speech.probe` in a child. Raises NotAudio, also for a file that ends the child."""
        answer, _ = self._ask({"do": "probe", "path": str(path)}, NotAudio)
        return AudioInfo(**answer["info"])

    def wav(self, path: Path) -> bytes:
        """A recording of any format as 16 kHz mono WAV. Raises NotAudio, and Undecodable, also for
        a file that ends the child."""
        _, sound = self._ask({"do": "wav", "path": str(path)}, Undecodable)
        return sound

    def close(self) -> None:
        """End the children; a later call starts new ones."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().end()

    def _ask(self, job: dict[str, Any], failed: type[SpeechError]) -> tuple[dict[str, Any], bytes]:
        with self._turns:
            child = self._child()
            try:
                if child.used:
                    try:
                        answer, rest = child.ask(job, self._seconds)
                    except (EOFError, ConnectionError):  # it may have ended since its last file
                        child.end()
                        child = self._new()
                if not child.used:
                    answer, rest = child.ask(job, self._seconds)
            except (EOFError, OSError, TimeoutError):
                child.end()
                raise failed("Nothing here can decode this within its limits.") from None
            if answer.get("spent"):
                child.end()
            else:
                self._idle.put(child)
        if "error" in answer:
            raise every_error().get(answer["error"], failed)(answer["sentence"])
        return answer, rest

    def _child(self) -> _Child:
        with contextlib.suppress(queue.Empty):
            while True:
                child = self._idle.get_nowait()
                if child.alive():
                    return child
                child.end()
        return self._new()

    def _new(self) -> _Child:
        return _Child(self._memory_bytes, int(self._seconds))


class _Child:
    def __init__(self, memory_bytes: int, seconds: int) -> None:
        self._process, self._pipe = child_process.start(
            "speech.decoder_process", memory_bytes, seconds
        )
        self.used = False

    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: dict[str, Any], seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer and the bytes that follow it. Raises EOFError, OSError, TimeoutError."""
        limit = seconds + (0.0 if self.used else START_SECONDS)
        self.used = True
        self._pipe.send_bytes(json.dumps(job).encode())
        answer = json.loads(self._receive(limit))
        return answer, self._receive(limit) if answer.get("bytes") is not None else b""

    def _receive(self, seconds: float) -> bytes:
        if not self._pipe.poll(seconds):
            raise TimeoutError
        return self._pipe.recv_bytes(child_process.MAX_MESSAGE)

    def end(self) -> None:
        self._pipe.close()
        self._process.kill()
        self._process.wait()


decoders = Decoders()
"""The children of this process, which start with the first file."""
