"""Collect our recogniser's transcripts of the training sentences, spoken by synthetic voices.

    .venv/bin/python -m tools.voices.hear --per-intent 22 --minutes 60

Of each intent in data/nlu, Mandarin sentences of all lengths are spoken by a random voice at a
random speed, sent through two random journeys (mild and bad, see journeys.py), and recognised as a
worker recognises a voicemail. Every recording becomes a line of data/heard/heard.jsonl, or of
unheard.jsonl where nothing was understood; data/heard/README.md explains their keys.

Sentences are taken in an order that only their text decides, the intent with the fewest first:
stop it at any time, start it again and it goes on; lines whose sentence has left data/nlu go, and
sentences that were added there get their turn. The voices need build/voices-venv and build/voices
(see make_voices.py), the recogniser the whisper-base model in build/models.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from intake.settings import ROOT, Settings
from speech import SpeechError, Transcriber
from tools.voices import journeys
from tools.voices.channels import Samples

HEARD = ROOT / "data" / "heard" / "heard.jsonl"
UNHEARD = HEARD.with_name("unheard.jsonl")
NLU = ROOT / "data" / "nlu"
VOICES_PYTHON = ROOT / "build" / "voices-venv" / "bin" / "python"
VOICES_FOLDER = ROOT / "build" / "voices" / "package" / "voices"
SPEAKER_RATE = 24_000
VOICES = ("zf_xiaobei", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi")
"""The other three Mandarin voices have half as many errors again, on mild journeys too."""
SPEEDS = (0.75, 1.1)
LENGTHS = ((8, 15), (16, 24), (25, 36), (37, 60))
"""Ranges of a sentence's length in characters, both ends included; taken from in turn."""
SHORTEST = 3
"""Characters. Intents with too few longer sentences (greetings) also use those from this length."""
PROGRAMME = (
    (
        "zm_yunyang",
        "各位观众晚上好，今天是星期四，农历十月初三，欢迎收看新闻联播，主要内容有。",
    ),
    ("zf_xiaoxiao", "你听我说，这件事情根本就不是你想的那样，我当年离开上海，也是没有办法的办法。"),
    (
        "zm_yunxi",
        "现在比分是二比一，红队后场断球，传到中路，起脚射门，可惜了，球打在门柱上。",
    ),
)
"""The television's programme: voice, words."""
_HAN = re.compile(r"[\u4e00-\u9fff]")


class Sentence(NamedTuple):
    """A training sentence."""

    intent: str
    text: str


def mandarin_sentences(folder: Path) -> dict[str, list[str]]:
    """Return intent → its Mandarin sentences, as they stand in `folder`'s YAML files."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.yml")):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            lines = [line[2:].strip() for line in block["examples"].splitlines() if line.strip()]
            mandarin = [line for line in lines if 2 * len(_HAN.findall(line)) >= len(line)]
            found.setdefault(block["intent"], []).extend(mandarin)
    return found


def in_turn(texts: Iterable[str]) -> list[str]:
    """Return the usable ones of `texts`, each length in turn; else only the text decides."""
    by_hash = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())
    groups = [[text for text in by_hash if low <= len(text) <= high] for low, high in LENGTHS]
    short = [text for text in by_hash if SHORTEST <= len(text) < LENGTHS[0][0]]
    return [text for text in chain.from_iterable(zip_longest(*groups)) if text] + short


def next_sentence(
    sentences: Mapping[str, Iterable[str]], done: set[Sentence], per_intent: int
) -> Sentence | None:
    """Return an unheard sentence of the intent with the fewest in `done`, None if none is left."""
    counts = Counter(sentence.intent for sentence in done)
    for intent in sorted(sentences, key=lambda intent: (counts[intent], intent)):
        if counts[intent] >= per_intent:
            break
        for text in in_turn(sentences[intent]):
            if (intent, text) not in done:
                return Sentence(intent, text)
    return None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file, none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def drop_stale(path: Path, sentences: Mapping[str, list[str]]) -> None:
    """Take from `path` the lines whose sentence `sentences` doesn't hold under their intent."""
    lines = read_lines(path)
    kept = [line for line in lines if line["text"] in sentences.get(line["intent"], ())]
    if len(kept) < len(lines):
        path.write_text("".join(map(_row, kept)), "utf-8")


def _row(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


class SpeakerProcess:
    """The process that speaks sentences (`speaker_process.py`)."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where the process writes its samples."""
        self._path = folder / "said.npy"
        self._process = subprocess.Popen(
            [VOICES_PYTHON, Path(__file__).with_name("speaker_process.py"), VOICES_FOLDER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def say(self, text: str, voice: str, speed: float, language: str = "zh") -> Samples:
        """Return mono samples (−1..1) at `SPEAKER_RATE`. Raises `RuntimeError` if it can't."""
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {"text": text, "voice": voice, "speed": speed, "language": language}
        job["path"] = str(self._path)
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("The speaker has ended; is build/voices-venv complete?")
        if error := json.loads(answer).get("error"):
            raise RuntimeError(error)
        samples: Samples = np.load(self._path)
        return samples

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()


class Collector:
    """Speaks sentences and recognises them."""

    def __init__(
        self, speaker: SpeakerProcess, transcriber: Transcriber, language: str | None, folder: Path
    ) -> None:
        """`language` as in `Transcriber.transcribe`; `folder` holds the temporary recordings."""
        self._speaker, self._transcriber, self._language, self._folder = (
            speaker,
            transcriber,
            language,
            folder,
        )
        self._programme = np.concatenate([speaker.say(text, who, 1.0) for who, text in PROGRAMME])

    def lines(self, sentence: Sentence) -> Iterator[dict[str, Any]]:
        """Yield one line for each of `journeys.GRADES`."""
        random = np.random.default_rng(zlib.crc32(sentence.text.encode()))
        voice = str(random.choice(VOICES))
        speed = round(float(random.uniform(*SPEEDS)), 2)
        said = self._speaker.say(sentence.text, voice, speed)
        for grade in journeys.GRADES:
            journey = journeys.draw(grade, random)
            path = journeys.travel(
                said, SPEAKER_RATE, journey, self._programme, self._folder, random
            )
            yield {
                "intent": sentence.intent,
                "text": sentence.text,
                "heard": self._transcriber.transcribe(path, self._language).text,
                "voice": voice,
                "speed": speed,
                "grade": grade,
                "channel": journey.channel,
                "noise": journey.noise,
                "snr_db": journey.snr_db,
                "level": journey.level,
            }


def collect(
    collector: Collector, sentences: Mapping[str, list[str]], per_intent: int, until: float
) -> None:
    """Recognise sentences until each intent has `per_intent`, or until this `time.monotonic()`."""
    lines = chain(read_lines(HEARD), read_lines(UNHEARD))
    done = {Sentence(line["intent"], line["text"]) for line in lines}
    while time.monotonic() < until:
        sentence = next_sentence(sentences, done, per_intent)
        if sentence is None:
            print("Every intent has its sentences.")
            return
        done.add(sentence)
        try:
            made = list(collector.lines(sentence))
        except (RuntimeError, SpeechError) as error:
            print(f"left out: {sentence.text}: {error}", file=sys.stderr)
            continue
        for line in made:
            with (HEARD if line["heard"] else UNHEARD).open("a", encoding="utf-8") as out:
                out.write(_row(line))
            print(f"{line['grade']:4}  {line['text']}  →  {line['heard']}", flush=True)


def main() -> int:
    """Parse the command line and recognise the sentences that are missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--per-intent", type=int, default=22, help="sentences of each intent (22)")
    parser.add_argument(
        "--minutes", type=float, default=60, help="stop after so many (60); 0: only drop lines"
    )
    arguments = parser.parse_args()
    until = time.monotonic() + 60 * arguments.minutes
    HEARD.parent.mkdir(exist_ok=True)
    sentences = mandarin_sentences(NLU)
    for path in (HEARD, UNHEARD):
        drop_stale(path, sentences)
    if not arguments.minutes:
        return 0
    settings = Settings()
    with (
        tempfile.TemporaryDirectory() as folder,
        Transcriber(settings.models_dir, "whisper", options={"threads": 1}) as transcriber,
    ):
        speaker = SpeakerProcess(Path(folder))
        try:
            collector = Collector(speaker, transcriber, settings.hearing.language, Path(folder))
            collect(collector, sentences, arguments.per_intent, until)
        finally:
            speaker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
