"""Work per second of audio and accuracy of hearing, beside plain faster-whisper in one run.

    python -m tests.bench.speech_cost MODELS_DIR [CLIPS_DIR] [--json]

``CLIPS_DIR`` holds ``transcripts.tsv`` (file, language, text) or ``labels.jsonl`` (audio,
language, text) and the recordings; by default the shared human clips where they are, else our
own labelled set. Both engines hear the same files, turn by turn, from the file to the words.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import statistics
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from speech import audio, models
from speech.local_transcriber import LocalTranscriber

ROOT = Path(__file__).parents[2]
GOAL_RATIO = 1.15
RATE = 16_000
LENGTHS = (4.0, 10.0, 22.0, 60.0)
"""Seconds of the recordings to time: a short message to a long voicemail."""
PAUSE_SECONDS = 0.6


@dataclass(frozen=True)
class Clip:
    path: Path
    text: str


def measure(models_dir: Path, clips_dir: Path | None = None, *, rounds: int = 3) -> dict[str, Any]:
    """Medians by length: seconds of work per second of audio, plain and ours, and the ratio.

    Then the character error rate of both on the clips, and the seconds each took for them.
    """
    clips = read_clips(clips_dir or default_clips())
    plain, ours = _plain(models_dir), _ours(models_dir)
    result: dict[str, Any] = {"goal_ratio": GOAL_RATIO, "by_length": {}}
    with tempfile.TemporaryDirectory() as scratch:
        for seconds in LENGTHS:
            files = [
                join(clips, seconds, Path(scratch) / f"{seconds:g}-{n}.wav", skip=n * 3)
                for n in range(rounds)
            ]
            result["by_length"][f"{seconds:g}"] = _compare(files, plain, ours)
    result["accuracy"] = {
        name: _accuracy(clips, hear) for name, hear in (("plain", plain), ("ours", ours))
    }
    result["met"] = all(row["ratio"] <= GOAL_RATIO for row in result["by_length"].values())
    return result


def _plain(models_dir: Path) -> Any:
    from faster_whisper import WhisperModel

    path = models.best_for("zh", "whisper", models_dir).path
    model = WhisperModel(str(path), device="cpu", compute_type="int8")

    def hear(file: Path) -> str:
        segments, _ = model.transcribe(str(file), language="zh", beam_size=5)
        return "".join(segment.text for segment in segments)

    return hear


def _ours(models_dir: Path) -> Any:
    listener = LocalTranscriber(models_dir, "whisper")
    return lambda file: listener.transcribe(file, "zh").text


def _compare(files: list[Path], plain: Any, ours: Any) -> dict[str, float]:
    spent: dict[str, list[float]] = {"plain": [], "ours": []}
    ours(files[0]), plain(files[0])
    for file in files:
        length = _seconds(file)
        for name, hear in (("plain", plain), ("ours", ours)):
            began = time.perf_counter()
            hear(file)
            spent[name].append((time.perf_counter() - began) / length)
    ratios = [b / a for a, b in zip(spent["plain"], spent["ours"], strict=True)]
    return {
        "plain": statistics.median(spent["plain"]),
        "ours": statistics.median(spent["ours"]),
        "ratio": statistics.median(ratios),
    }


def _accuracy(clips: list[Clip], hear: Any) -> dict[str, float]:
    wrong = total = 0
    began = time.perf_counter()
    for clip in clips:
        right = normal(clip.text)
        wrong += distance(right, normal(hear(clip.path)))
        total += len(right)
    seconds = time.perf_counter() - began
    return {"cer": wrong / total, "clips": len(clips), "seconds": seconds}


def default_clips() -> Path:
    shared = ROOT.parent / "shared" / "data" / "speech"
    return shared if shared.exists() else ROOT / "tests" / "model" / "data"


def read_clips(folder: Path) -> list[Clip]:
    """The Mandarin recordings of a labelled folder."""
    labels = folder / "labels.jsonl"
    if labels.exists():
        rows = [json.loads(line) for line in labels.read_text("utf-8").splitlines()]
        return [Clip(folder / r["audio"], r["text"]) for r in rows if r["language"] == "zh"]
    with (folder / "transcripts.tsv").open(encoding="utf-8") as file:
        table = csv.DictReader(file, delimiter="\t")
        return [Clip(folder / row["file"], row["text"]) for row in table]


def join(clips: list[Clip], seconds: float, target: Path, *, skip: int) -> Path:
    """One recording of about ``seconds``, put together from clips with pauses."""
    pause = np.zeros(int(PAUSE_SECONDS * RATE), np.int16)
    parts: list[Any] = []
    for clip in clips[skip:] + clips[:skip]:
        parts += [_samples(clip.path), pause]
        if sum(map(len, parts)) >= seconds * RATE:
            break
    samples = np.concatenate(parts)[: int(seconds * RATE)]
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return target


def _samples(path: Path) -> Any:
    return audio.decode(path).samples


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def normal(text: str) -> str:
    """Simplified, digits as characters, without spaces and punctuation."""
    import opencc

    simple = opencc.OpenCC("tw2s").convert(text).replace("幺", "一").lower()
    digits = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
    return "".join(digits.get(c, c) for c in re.sub(r"[\W_]", "", simple))


def distance(a: str, b: str) -> int:
    """Levenshtein."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def show(result: dict[str, Any]) -> None:
    """Print it as a person reads it."""
    print("seconds of work per second of audio (medians)")
    for length, row in result["by_length"].items():
        verdict = "met" if row["ratio"] <= GOAL_RATIO else "missed"
        print(
            f"  {length:>3} s: plain {row['plain']:.3f}  ours {row['ours']:.3f}"
            f"  ratio {row['ratio']:.2f} (goal {GOAL_RATIO}: {verdict})"
        )
    for name, row in result["accuracy"].items():
        print(f"  {name}: CER {row['cer']:.2%} on {row['clips']} clips, {row['seconds']:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models_dir", type=Path)
    parser.add_argument("clips_dir", type=Path, nargs="?")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    result = measure(chosen.models_dir, chosen.clips_dir)
    if chosen.json:
        json.dump(result, sys.stdout, indent=1)
        return 0 if result["met"] else 1
    show(result)
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
