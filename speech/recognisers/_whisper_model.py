"""faster-whisper's model, made to encode no more silence than it needs.

Only imported when Whisper is the selected engine: it loads CTranslate2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim

from speech.recognisers.whisper import MARGIN_FRAMES


class FittingModel(WhisperModel):  # type: ignore[misc]
    """A WhisperModel that cuts the zero padding off before encoding, but for a margin.

    Plain faster-whisper pads every window to 30 s, and the encoder's work is the same for
    silence. The last encoding is kept: telling the language and hearing share it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._last: tuple[npt.NDArray[np.float32], Any] | None = None

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        """Features of shape (mels, frames) to the encoder's output for them."""
        used = np.flatnonzero(features.any(axis=0))
        frames = (int(used[-1]) + 1 if len(used) else 0) + MARGIN_FRAMES
        frames += frames % 2  # the encoder halves the count
        fitting = np.ascontiguousarray(features[:, :frames])
        if self._last is None or not np.array_equal(self._last[0], fitting):
            self._last = (fitting, super().encode(fitting))
        return self._last[1]

    def language_shares(self, samples: npt.NDArray[np.float32]) -> dict[str, float]:
        """Probability (0..1) of each language in the first 30 s of 16 kHz samples (-1..1)."""
        features = self.feature_extractor(samples)
        first = features[:, : min(features.shape[-1] - 1, self.feature_extractor.nb_max_frames)]
        encoded = self.encode(pad_or_trim(first))
        shares = self.model.detect_language(encoded)[0]
        return {token[2:-2]: share for token, share in shares}
