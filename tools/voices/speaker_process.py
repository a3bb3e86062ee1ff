"""Speaks sentences in a process of its own, because its packages have their own environment.

Run by `hear.py` with `build/voices-venv/bin/python`. Each line of standard input is a JSON object
`{"text", "voice", "speed", "language", "path"}` (see `Speaker.say`); the samples go to `path` as a
float32 `.npy`, mono, −1..1 at `speaker.SAMPLE_RATE`, and one line `{}` or `{"error": sentence}`
answers it.
"""

import json
import sys
from pathlib import Path

import numpy as np
from kokoro_onnx import Kokoro
from speaker import Speaker, read_voice_sums

HERE = Path(__file__).parent


class SteadySpeaker(Speaker):
    """Keeps its model loaded: faster, but a sentence sounds slightly different each time."""

    _loaded: Kokoro | None = None

    def _kokoro(self) -> Kokoro:
        if self._loaded is None:
            self._loaded = super()._kokoro()
        return self._loaded


def main() -> None:
    """Arguments: the folder with the voices."""
    # libraries must not print between the answers
    answers, sys.stdout = sys.stdout, sys.stderr
    speaker = SteadySpeaker(Path(sys.argv[1]), read_voice_sums(HERE / "voices.sha256"))
    for line in sys.stdin:
        job = json.loads(line)
        try:
            samples = speaker.say(job["text"], job["language"], job["voice"], job["speed"])
            np.save(job["path"], samples)
            answer = {}
        except Exception as error:  # a sentence that can't be spoken must not end a long run
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
