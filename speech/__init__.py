"""Turn a voice recording into text, word by word, with times and confidence.

The public names are those of this module. ``probe`` reads what kind of sound a file holds; a
``Transcriber`` recognises recordings in worker processes, so that a crash there ends one attempt
and not the service; ``transcribe`` recognises one recording in this process.
"""

from speech.containers import UNKNOWN, AudioInfo, probe
from speech.decoder_pool import Decoders, decoders
from speech.errors import (
    BadOption,
    EmptyAudio,
    ModelError,
    ModelMissing,
    NotAudio,
    RecogniserCrashed,
    RecogniserError,
    RecogniserOutOfMemory,
    RecogniserTimeout,
    SpeechError,
    Undecodable,
)
from speech.local_transcriber import transcribe
from speech.transcript import Transcript, Word
from speech.worker_pool import Transcriber

__all__ = [
    "UNKNOWN",
    "AudioInfo",
    "BadOption",
    "Decoders",
    "EmptyAudio",
    "ModelError",
    "ModelMissing",
    "NotAudio",
    "RecogniserCrashed",
    "RecogniserError",
    "RecogniserOutOfMemory",
    "RecogniserTimeout",
    "SpeechError",
    "Transcriber",
    "Transcript",
    "Undecodable",
    "Word",
    "decoders",
    "probe",
    "transcribe",
]
