"""The sentences that the resident's page says beforehand recorded, and what they must be."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from intake.catalogue.services import load_catalogue
from intake.locale import say
from intake.settings import ROOT
from tools.voices import times

PROMPTS = ROOT / "intake" / "web" / "assets" / "prompts"
PAGE = ROOT / "page" / "src"
SHORTEST, LONGEST, PART_LONGEST = 0.25, 13.0, 2.2
SILENT, LOUD = -30.0, -12.0  # dBFS, RMS of the whole
BYTES = 2_000_000  # of one language
LANGUAGES = ("zh", "en")


@cache
def manifest(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((PROMPTS / language / "prompts.json").read_text("utf-8"))
    return found


@cache
def samples(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.channels) in (
            ("mp3float", 1),
            ("mp3", 1),
        )
        parts = [frame.to_ndarray().reshape(-1) for frame in file.decode(stream)]
        return np.concatenate(parts), stream.codec_context.sample_rate


def named_by_the_page() -> set[str]:
    """The names that its sources write out, and those that they make of digits and codes."""
    source = "\n".join(path.read_text("utf-8") for path in PAGE.glob("*.ts"))
    lists = re.findall(r"(?:prompts:|const number =)(.{0,300}?)(?:\);|;\n|\n  };)", source, re.S)
    arrays = re.findall(r"\[([^\]]*)\]", "\n".join(lists))
    arrays += re.findall(r"const STATE_PROMPTS[^=]*= \{(.*?)\};", source, re.S)
    arrays += re.findall(r"noMicrophone\((\"[^)]*)\)", source)
    names = set(re.findall(r'"([a-z-]+)"', " ".join(arrays)))
    assert "`digit-${digit}`" in source and "`category-${code}`" in source
    codes = load_catalogue(ROOT / "data" / "services").codes
    digits = {f"digit-{n}" for n in range(10)}
    assert "`clock-${hour}${minutes[minute]}`" in source and "`month-${month}`" in source
    return names | digits | {f"category-{code}" for code in codes} | times.texts("en").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_that_the_page_names_is_there_and_no_other_file(language: str) -> None:
    names = manifest(language).keys()
    wanted = named_by_the_page()
    assert {"received", "number", "wait", "not-right", "thanks", "busy-open"} <= wanted
    assert {"no-microphone", "clock-9", "date-31"} <= wanted
    assert wanted <= names
    assert {path.stem for path in (PROMPTS / language).glob("*.mp3")} == names


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_is_of_a_sane_length_small_and_not_silent(language: str) -> None:
    for name in manifest(language):
        path = PROMPTS / language / f"{name}.mp3"
        found, rate = samples(path)
        seconds = len(found) / rate
        part = name.startswith("digit-") or name in times.texts(language)
        longest = PART_LONGEST if part else LONGEST
        assert SHORTEST < seconds < longest, (name, seconds)
        level = 20 * np.log10(np.sqrt(np.mean(found**2)))
        assert SILENT < level < LOUD, (name, level)
        assert path.stat().st_size < 4500 * seconds + 1000, name
    sizes = [path.stat().st_size for path in (PROMPTS / language).iterdir()]
    assert sum(sizes) < BYTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_say_what_the_page_shows(language: str) -> None:
    catalogue = load_catalogue(ROOT / "data" / "services")
    for code in catalogue.codes:
        what = catalogue.name(code, language)
        said = manifest(language)[f"category-{code}"]
        assert said == say("resident.heard", language, what=what)
    said_times = {name: manifest(language)[name] for name in times.texts(language)}
    assert said_times == times.texts(language)
    assert manifest(language)["emergency"] == say("resident.js.aloud_emergency", language)
    assert manifest(language)["wait"] == say("resident.js.next", language)


def test_a_time_is_told_from_what_was_heard_of_it() -> None:
    mandarin = times.heard_parts("时间是11月23日，周二 下午2点半到晚上八点", "zh")
    assert mandarin == {"month-11", "date-23", "weekday-2", "clock-14-30", "clock-20"}
    english = times.heard_parts("Tuesday the third of November, 2.30 p.m. to noon.", "en")
    assert english == {"month-11", "date-3", "weekday-2", "clock-14-30", "clock-12"}
    assert times.texts("zh")["clock-14-30"] == "下午两点半"
    assert times.texts("zh")["date-21"] == "二十一号"
