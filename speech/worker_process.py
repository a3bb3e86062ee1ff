"""The worker process in which a recogniser runs: one recording at a time, over a pipe.

Messages are JSON objects. It reads ``{"do": "setup", …}`` once, then any number of
``{"do": "transcribe", …}``, ``{"do": "relisten", …}`` and ``{"do": "warm", …}``. It writes
``{"say": "ready"}`` after the setup, and for each recording ``{"say": "decoded"}`` with its
seconds, then ``{"say": "heard"}`` or ``{"say": "failed"}``.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from speech.child_process import (
    MAX_MESSAGE,
    be_first_to_go,
    die_with,
    limit_memory,
    write_no_words,
)
from speech.errors import SpeechError
from speech.memory import is_lacking

OUT_OF_MEMORY_EXIT = 86


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
