"""The child process that looks into sound files and decodes them, one at a time, over a pipe.

It reads ``{"do": "probe" | "wav", "path": …}`` as JSON, and writes a JSON object: ``{"info": …}``
(an `AudioInfo`'s fields) for ``probe``, ``{"bytes": n}`` and then the n bytes of a WAV file for
``wav``, or ``{"error": code, "sentence": …}``, with ``"spent": true`` where it
ran out of memory and is to be replaced.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import resource
import signal
import sys
import wave
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
from speech.errors import SpeechError, Undecodable
from speech.memory import is_lacking


def main() -> None:
    """Serve until the parent ends. Arguments: the pipe's file descriptor, the parent's pid, the
    most bytes of memory and the most seconds of processor time for one file."""
    fd, parent, memory, seconds = (int(value) for value in sys.argv[1:5])
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    write_no_words()
    be_first_to_go()
    limit_memory(memory)
    pipe = Connection(fd)
    while True:
        try:
            job = json.loads(pipe.recv_bytes(MAX_MESSAGE))
        except (EOFError, OSError):
            os._exit(0)
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        most = int(used) + seconds + 1
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
        for part in _answer(job):
            pipe.send_bytes(part)


def _answer(job: dict[str, Any]) -> list[bytes]:
    from speech import containers

    path = Path(job["path"])
    try:
        if job["do"] == "probe":
            return [_json(info=dataclasses.asdict(containers.probe(path)))]
        sound = as_wav(path)
        return [_json(bytes=len(sound)), sound]
    except SpeechError as error:
        return [_json(error=error.code, sentence=str(error))]
    except Exception as error:
        if not is_lacking(error):
            raise
        why = Undecodable("Decoding it takes more memory than is allowed.")
        return [_json(error=why.code, sentence=str(why), spent=True)]


def as_wav(path: Path) -> bytes:
    """A recording of any format as 16 kHz mono WAV, as the recogniser heard it.

    Raises what `audio.decode` raises.
    """
    from speech import audio

    samples = audio.decode(path).samples
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(audio.RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def _json(**values: Any) -> bytes:
    return json.dumps(values).encode()
