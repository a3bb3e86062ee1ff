"""Make the recorded sentences that the resident's page plays where a phone has no voice of its own.

    .venv/bin/python -m tools.voices.prompts [--only NAME …] [--language zh|en] [--listen]

Each prompt is spoken by one synthetic voice, brought to one loudness, written as a small MP3, and
checked with our own recogniser; one that it misunderstands is spoken once more, a little slower or
faster each time. ``intake/web/assets/prompts/<language>/`` gets the files and ``prompts.json``
(name → text). Files that exist with the same text stay; ``--listen`` checks them all.

The texts are intake/locale's; a category's name is the catalogue's. Digits are checked within a
number and the parts of a time within a time, since a single syllable is hard to recognise. Needs
build/voices-venv and build/voices (see run.sh) and the whisper-base model in build/models.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from intake.catalogue.services import load_catalogue
from intake.locale import say
from intake.settings import ROOT, Settings
from speech import Transcriber
from speech.errors import RecogniserTimeout
from tools.voices import times
from tools.voices.channels import Samples
from tools.voices.hear import SPEAKER_RATE, SpeakerProcess

FOLDER = ROOT / "intake" / "web" / "assets" / "prompts"
VOICE = {"zh": "zf_xiaoxiao", "en": "af_heart"}
SPEEDS = (0.9, 0.85, 0.95, 0.8, 1.0, 0.9, 0.85, 0.75)
"""Speeds of one try after the other; slightly slow, because older people hear it better."""
BIT_RATE = 32_000
LOUDNESS, PEAK = -18.0, 0.89
"""Loudness (RMS) of the speech in dBFS, and the highest sample (0..1)."""
SILENT = 10 ** (-45 / 20)
LEAD_SECONDS, TAIL_SECONDS, PART_TAIL_SECONDS = 0.05, 0.25, 0.12
UNDERSTOOD = 0.15
"""Share (0..1) of wrong syllables (zh) or letters (en) up to which a prompt is accepted."""
BUSY_TRIES = 5
DIGITS = {"zh": "零一二三四五六七八九", "en": "zero one two three four five six seven eight nine"}
NUMBERS = ("30472", "15869", "94720", "68513")
KEYS = {
    "received": "prompt.received",
    "number": "prompt.number",
    "right": "prompt.right",
    "not-right": "prompt.not_right",
    "thanks": "resident.js.said_right",
    "person-will-listen": "resident.js.said_wrong",
    "warning": "prompt.warning",
    "offline-kept": "resident.js.kept_waiting",
    "busy-kept": "resident.js.kept_busy",
    "offline-open": "resident.js.open_waiting",
    "busy-open": "resident.js.open_busy",
    "no-microphone": "resident.js.no_microphone",
    "nothing-heard": "resident.js.nothing_heard",
    "uploading": "resident.js.kept_sending",
    "ring-a-person": "resident.js.refused",
    "emergency": "resident.js.aloud_emergency",
    "wait": "resident.js.next",
}


def texts(language: str) -> dict[str, str]:
    """Prompt's name → what it says."""
    found = {name: say(key, language) for name, key in KEYS.items()}
    words = DIGITS[language].split() if language == "en" else list(DIGITS[language])
    found |= {f"digit-{number}": word for number, word in enumerate(words)}
    catalogue = load_catalogue(ROOT / "data" / "services")
    for code in catalogue.codes:
        what = catalogue.name(code, language)
        found[f"category-{code}"] = say("resident.heard", language, what=what)
    return found | times.texts(language)


@dataclass(frozen=True, slots=True)
class Heard:
    """How a prompt was recognised. ``wrong``: share of what was misunderstood, from 0."""

    name: str
    text: str
    heard: str
    wrong: float

    @property
    def understood(self) -> bool:
        return self.wrong <= UNDERSTOOD


class Studio:
    """Speaks prompts and checks them with the recogniser."""

    def __init__(self, speaker: SpeakerProcess, transcriber: Transcriber, scratch: Path) -> None:
        self.speaker, self.transcriber, self.scratch = speaker, transcriber, scratch

    def speak(self, name: str, text: str, language: str, speed: float) -> Samples:
        """The samples of a prompt, trimmed and levelled. `speed`: 0.5..2, 1 is the voice's own."""
        said = self.speaker.say(text, VOICE[language], speed, language)
        tail = PART_TAIL_SECONDS if is_part(name) else TAIL_SECONDS
        return levelled(trimmed(said, tail))

    def hear(self, path: Path, text: str, language: str) -> Heard:
        """Recognise a file and compare the result with `text`."""
        heard = self._transcribe(path, language)
        return Heard(path.stem, text, heard, wrong(text, heard, language))

    def _transcribe(self, path: Path, language: str) -> str:
        for patience in range(BUSY_TRIES):
            try:
                return self.transcriber.transcribe(path, language).text
            except RecogniserTimeout:  # a busy machine
                if patience == BUSY_TRIES - 1:
                    raise
        raise AssertionError

    def hear_digits(self, folder: Path, language: str) -> dict[str, Heard]:
        """Digit → its best result within some numbers, as the page says them."""
        found: dict[str, Heard] = {}
        lead = decoded(folder / "number.mp3")
        for number in NUMBERS:
            parts = [lead, *(decoded(folder / f"digit-{digit}.mp3") for digit in number)]
            path = self.scratch / "number.mp3"
            write(path, np.concatenate(parts))
            heard = self._transcribe(path, language)
            got = digits_in(heard, language)
            for digit, other in zip(number, got.ljust(len(number), "?"), strict=False):
                good = digit == other
                name = f"digit-{digit}"
                if name not in found or good:
                    found[name] = Heard(name, digit, heard, 0.0 if good else 1.0)
        return found

    def hear_times(self, folder: Path, language: str) -> dict[str, Heard]:
        """Part of a time → its best result within some times, as the page says them."""
        found: dict[str, Heard] = {}
        for names in times.sentences(language):
            path = self.scratch / "time.mp3"
            write(path, np.concatenate([decoded(folder / f"{name}.mp3") for name in names]))
            heard = self._transcribe(path, language)
            parts = times.heard_parts(heard, language)
            for name in names:
                good = name in parts or "-" not in name  # "time" and "to" can't be checked
                if name not in found or good:
                    found[name] = Heard(name, "", heard, 0.0 if good else 1.0)
        return found


def is_part(name: str) -> bool:
    """Whether this prompt is only played together with others (a digit, a part of a time)."""
    return name.startswith("digit-") or name in times.texts("en")


def wrong(text: str, heard: str, language: str) -> float:
    """Share (from 0) of wrong syllables, without tones, in Mandarin; else of wrong letters."""
    right, got = sounds(text, language), sounds(heard, language)
    return float(Levenshtein.distance(right, got)) / max(1, len(right))


def sounds(text: str, language: str) -> list[str]:
    """The syllables or letters of a text that can be heard; numerals count as words."""
    words = DIGITS[language].split() if language == "en" else list(DIGITS[language])
    gap = " " if language == "en" else ""
    spelled = re.sub(r"[0-9]", lambda digit: gap + words[int(digit[0])] + gap, text.lower())
    if language == "en":
        return re.findall(r"[a-z]", spelled)
    return lazy_pinyin(re.sub(r"[^\u3400-\u9fff]", "", spelled.replace("幺", "一")))


def digits_in(heard: str, language: str) -> str:
    """The digits at the end of a transcript; homophones count as the digit."""
    words = DIGITS[language].split() if language == "en" else list(DIGITS[language])
    if language == "en":
        pattern = "|".join(["[0-9]", *words])
        found = re.findall(pattern, heard.lower())
        return "".join(w if w.isdigit() else str(words.index(w)) for w in found)
    by_sound = {lazy_pinyin(word)[0]: str(number) for number, word in enumerate(words)}
    by_sound["yao"] = "1"
    last = re.split(r"[是:：]", heard)[-1]
    return "".join(c if c.isdigit() else by_sound.get(lazy_pinyin(c)[0], "") for c in last)


def trimmed(samples: Samples, tail_seconds: float) -> Samples:
    """The samples with 0.05 s of silence before them and `tail_seconds` after them."""
    loud = np.flatnonzero(np.abs(samples) > SILENT)
    inner = samples[loud[0] : loud[-1] + 1]
    ends = (int(seconds * SPEAKER_RATE) for seconds in (LEAD_SECONDS, tail_seconds))
    before, after = (np.zeros(length, np.float32) for length in ends)
    return np.concatenate([before, inner, after])


def levelled(samples: Samples) -> Samples:
    """The samples at `LOUDNESS`, or less where `PEAK` would be exceeded."""
    said = samples[np.abs(samples) > SILENT]
    gain = 10 ** (LOUDNESS / 20) / float(np.sqrt(np.mean(said**2)))
    gain = min(gain, PEAK / float(np.abs(samples).max()))
    return (samples * gain).astype(np.float32)


def write(path: Path, samples: Samples) -> None:
    """Write an MP3 that every phone plays: mono, 24 kHz, constant bit rate, no tags."""
    options = {"write_xing": "0", "id3v2_version": "0"}
    with av.open(str(path), "w", format="mp3", options=options) as out:
        stream = out.add_stream("libmp3lame", rate=SPEAKER_RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SPEAKER_RATE
        to_planar = av.AudioResampler("s16p", "mono", SPEAKER_RATE, frame_size=stream.frame_size)
        for piece in [*to_planar.resample(frame), *to_planar.resample(None), None]:
            out.mux(stream.encode(piece))


def decoded(path: Path) -> Samples:
    """The samples of a prompt's file, mono, −1..1."""
    with av.open(str(path)) as file:
        parts = [frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32)


def make(studio: Studio, language: str, only: set[str], listen: bool) -> Iterator[Heard]:
    """Make the missing prompts; yield the result of each of them (with `listen`: of all)."""
    folder, wanted = FOLDER / language, texts(language)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / "prompts.json"
    known = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
    for stale in {path.stem for path in folder.glob("*.mp3")} - wanted.keys():
        (folder / f"{stale}.mp3").unlink()
    fresh = {
        name
        for name, text in wanted.items()
        if name in only or known.get(name) != text or not (folder / f"{name}.mp3").exists()
    }
    known = {name: text for name, text in known.items() if name in wanted and name not in fresh}
    for name in sorted(fresh):
        yield from _sentence(studio, folder, name, wanted[name], language)
        known[name] = wanted[name]
        _list(manifest, known)
    fresh_parts = {name for name in fresh if is_part(name)}
    for hear in (studio.hear_digits, studio.hear_times):
        heard = hear(folder, language) if fresh_parts or listen else {}
        yield from _parts(studio, folder, fresh_parts & heard.keys(), wanted, language, hear, heard)
    if listen:
        for name in sorted(wanted.keys() - fresh):
            if not is_part(name):
                yield studio.hear(folder / f"{name}.mp3", wanted[name], language)
    _list(manifest, wanted)


def _list(manifest: Path, texts: dict[str, str]) -> None:
    text = json.dumps(texts, ensure_ascii=False, indent=1, sort_keys=True)
    manifest.write_text(text + "\n", "utf-8")


def _sentence(studio: Studio, folder: Path, name: str, text: str, language: str) -> Iterator[Heard]:
    path, best = folder / f"{name}.mp3", None
    if is_part(name):
        write(path, studio.speak(name, text, language, SPEEDS[0]))
        return  # heard among others, once all are there
    for speed in SPEEDS:
        samples = studio.speak(name, text, language, speed)
        attempt = studio.scratch / path.name
        write(attempt, samples)
        heard = studio.hear(attempt, text, language)
        if best is None or heard.wrong < best.wrong:
            best = heard
            path.write_bytes(attempt.read_bytes())
        if heard.understood:
            break
    assert best is not None
    yield best


def _parts(
    studio: Studio,
    folder: Path,
    fresh: set[str],
    wanted: dict[str, str],
    language: str,
    hear: Callable[[Path, str], dict[str, Heard]],
    found: dict[str, Heard],
) -> Iterator[Heard]:
    for speed in SPEEDS[1:]:
        bad = {name for name, heard in found.items() if name in fresh and not heard.understood}
        if not bad:
            break
        for name in bad:
            write(folder / f"{name}.mp3", studio.speak(name, wanted[name], language, speed))
        found = hear(folder, language)
    for name, heard in found.items():
        yield replace(heard, text=wanted[name])


def main() -> int:
    """Make the prompts and print their results; returns 1 when one was not understood."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[], help="speak these anew")
    parser.add_argument("--language", choices=sorted(VOICE), help="default: all")
    parser.add_argument("--listen", action="store_true", help="hear those that exist, too")
    arguments = parser.parse_args()
    settings, bad = Settings(), 0
    with (
        tempfile.TemporaryDirectory() as name,
        Transcriber(settings.models_dir, "whisper", options={"threads": 1}) as transcriber,
    ):
        speaker = SpeakerProcess(Path(name))
        try:
            studio = Studio(speaker, transcriber, Path(name))
            for language in [arguments.language] if arguments.language else sorted(VOICE):
                heard = []
                for one in make(studio, language, set(arguments.only), arguments.listen):
                    heard.append(one)
                    mark = " " if one.understood else "!"
                    print(f"{mark} {one.name:28} {one.text}  →  {one.heard}", flush=True)
                good = sum(one.understood for one in heard)
                bad += len(heard) - good
                print(f"{language}: {good} of {len(heard)} understood", flush=True)
        finally:
            speaker.close()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
