"""The worker process in which a recogniser runs: one recording at a time, over a pipe.

Messages are JSON objects. It reads ``{"do": "setup", …}`` once, then any number of
``{"do": "transcribe", …}``, ``{"do": "relisten", …}`` and ``{"do": "warm", …}``. It writes
``{"say": "ready"}`` after the setup, and for each recording ``{"say": "decoded"}`` with its
seconds, then ``{"say": "heard"}`` or ``{"say": "failed"}``.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
import warnings
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from speech.errors import SpeechError
from speech.memory import is_lacking

OUT_OF_MEMORY_EXIT = 86
PR_SET_PDEATHSIG = 1
MAX_MESSAGE = 64 * 1024 * 1024


def main() -> None:
    """Serve until the parent ends. Arguments: the pipe's file descriptor, the parent's pid."""
    fd, parent = int(sys.argv[1]), int(sys.argv[2])
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the parent ends us
    write_no_words()
    be_first_to_go()
    pipe = Connection(fd)
    inbox: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(pipe, inbox), daemon=True).start()
    try:
        _serve(pipe, inbox)
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:
        if is_lacking(error):
            os._exit(OUT_OF_MEMORY_EXIT)
        raise


def die_with(parent: int) -> None:
    """End this process when its parent ends, even by kill -9.

    Linux only; elsewhere the end of the pipe tells.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # the parent ended before prctl took effect
        os._exit(0)


def write_no_words() -> None:
    """Keep what was said off standard error: of an exception only its class is written."""

    def write_class(kind: type[BaseException], *_: Any) -> None:
        os.write(2, f"recogniser: {kind.__name__}\n".encode())

    def write_class_of(told: Any) -> None:  # raised in a thread, or where Python can't raise
        write_class(told.exc_type)

    sys.excepthook = write_class
    threading.excepthook = sys.unraisablehook = write_class_of
    logging.lastResort = None  # warnings of libraries, which would go to standard error
    warnings.simplefilter("ignore")


def be_first_to_go() -> None:
    """Have the kernel end this process before others when memory runs out (Linux)."""
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        path.write_text("1000")


def limit_memory(most: int | None) -> None:
    """Allow this process at most ``most`` bytes of data (RLIMIT_DATA); None: no limit."""
    if most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _read(pipe: Connection, inbox: queue.Queue[dict[str, Any]]) -> None:
    """Queue the parent's messages; ends the process when the parent closes the pipe.

    Runs in a thread of its own, so that this is noticed during recognition too.
    """
    while True:
        try:
            inbox.put(json.loads(pipe.recv_bytes(MAX_MESSAGE)))
        except (EOFError, OSError):
            os._exit(0)


def _serve(pipe: Connection, inbox: queue.Queue[dict[str, Any]]) -> None:
    setup = inbox.get()
    limit_memory(setup["memory_bytes"])
    from speech.local_transcriber import LocalTranscriber
    from speech.relisten import relisten

    transcriber = LocalTranscriber(
        models_dir=Path(setup["models_dir"]),
        engine=setup["engine"],
        options=setup["options"],
        max_seconds=setup["max_seconds"],
    )
    _say(pipe, say="ready")
    while True:
        job = inbox.get()
        try:
            if job["do"] == "warm":
                transcriber.recogniser(job["language"])
                _say(pipe, say="heard", transcript=None)
                continue
            if job["do"] == "relisten":
                again = relisten(
                    transcriber,
                    Path(job["path"]),
                    job["start"],
                    job["end"],
                    job["language"],
                    on_decoded=lambda seconds: _say(pipe, say="decoded", seconds=seconds),
                )
                _say(pipe, say="heard", again=[hearing.as_dict() for hearing in again])
                continue
            transcript = transcriber.transcribe(
                Path(job["path"]),
                job["language"],
                on_decoded=lambda seconds: _say(pipe, say="decoded", seconds=seconds),
            )
            _say(pipe, say="heard", transcript=transcript.as_dict())
        except SpeechError as error:
            if is_lacking(error):  # such as a model that seems to be damaged
                raise MemoryError from error
            _failed(pipe, error.code, str(error), error.retryable)
        except OSError as error:
            if is_lacking(error):
                raise MemoryError from error
            _failed(pipe, "unreadable", f"The recording can't be read: {error.strerror}.", True)
        except MemoryError:
            raise
        except Exception as error:  # a bug in a library: this attempt fails, the process lives
            # Its message may quote what was said, and sentences are logged.
            sentence = f"The recogniser failed ({type(error).__name__})."
            if is_lacking(error):
                raise MemoryError from error
            _failed(pipe, "recogniser_error", sentence, True)


def _failed(pipe: Connection, code: str, sentence: str, retryable: bool) -> None:
    _say(pipe, say="failed", code=code, sentence=sentence, retryable=retryable)


def _say(pipe: Connection, **message: Any) -> None:
    pipe.send_bytes(json.dumps(message).encode())
