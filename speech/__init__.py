"""Hear a voice recording: what was said, word by word, with times and confidence.

The whole public face: ``probe`` looks at a file, a ``Transcriber`` hears recordings in child
processes whose death is survivable, ``transcribe`` hears one in this process.
"""

from speech.containers import AudioInfo, probe
from speech.errors import (
    BadOption,
    EmptyAudio,
    ModelError,
    ModelMissing,
    NotAudio,
    RecogniserCrashed,
    RecogniserError,
    RecogniserTimeout,
    SpeechError,
    Undecodable,
)
from speech.local_transcriber import transcribe
from speech.transcript import Transcript, Word
from speech.worker_pool import Transcriber

__all__ = [
    "AudioInfo",
    "BadOption",
    "EmptyAudio",
    "ModelError",
    "ModelMissing",
    "NotAudio",
    "RecogniserCrashed",
    "RecogniserError",
    "RecogniserTimeout",
    "SpeechError",
    "Transcriber",
    "Transcript",
    "Undecodable",
    "Word",
    "probe",
    "transcribe",
]
