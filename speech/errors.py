"""What can go wrong while a recording is recognised, in one tree.

    SpeechError
    ├── NotAudio            the bytes are no sound format that we know
    │   └── EmptyAudio      nothing in it: no bytes, or a header without sound
    ├── Undecodable         a known format, but nothing here can decode it
    ├── TooLong             more sound than the caller has recognised
    ├── BadOption           an argument or an option is wrong
    ├── ModelMissing        no installed model can do this
    ├── ModelError          a model could not be fetched, checked or stored
    └── RecogniserError     the worker process
        ├── RecogniserCrashed   died of a native crash
        │   └── RecogniserOutOfMemory   there was too little memory for the model or the sound
        ├── RecogniserTimeout   took too long and was ended
        └── RecogniserClosed    the Transcriber was closed meanwhile

``code`` never changes between versions, ``retryable`` says whether the same call may succeed
later, ``str(error)`` is a sentence that says what happened and what to do.
"""

from __future__ import annotations


class SpeechError(Exception):
    """Base of all errors of this package."""

    code = "speech_error"
    retryable = False

    def __init__(
        self, sentence: str, *, code: str | None = None, retryable: bool | None = None
    ) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class NotAudio(SpeechError):
    """The bytes are no sound format that we know."""

    code = "not_audio"


class EmptyAudio(NotAudio):
    """There is nothing in it: no bytes, or a header without sound."""

    code = "empty_audio"


class Undecodable(SpeechError):
    """A known format whose sound nothing here can decode: callers keep it for a person."""

    code = "undecodable"


class TooLong(SpeechError):
    """A recording with more sound than the caller has recognised: a person listens to it."""

    code = "too_long"


class BadOption(SpeechError):
    """An argument or option of a recogniser is wrong."""

    code = "bad_option"


class ModelMissing(SpeechError):
    """No installed model can do what was asked."""

    code = "model_missing"


class ModelError(SpeechError):
    """A model could not be fetched, checked or stored."""

    code = "model_error"


class RecogniserError(SpeechError):
    """The worker process failed; the next call starts a new one."""

    code = "recogniser_error"
    retryable = True


class RecogniserCrashed(RecogniserError):
    """The worker process died; ``signal`` is the number of the signal that ended it, or None."""

    code = "recogniser_crashed"

    def __init__(self, sentence: str, *, signal: int | None = None) -> None:
        super().__init__(sentence)
        self.signal = signal


class RecogniserOutOfMemory(RecogniserCrashed):
    """There was too little memory for the model or the recording; later there may be more."""

    code = "recogniser_out_of_memory"


class RecogniserTimeout(RecogniserError):
    """The worker took longer than the limit for this length of sound, and was ended."""

    code = "recogniser_timeout"


class RecogniserClosed(RecogniserError):
    """The Transcriber was closed before this recording was recognised."""

    code = "recogniser_closed"


def every_error() -> dict[str, type[SpeechError]]:
    """All classes above by their code: turns a worker's answer back into an error."""
    found: dict[str, type[SpeechError]] = {}
    waiting: list[type[SpeechError]] = [SpeechError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found
