"""The demo's sample voicemails say what they are and what should become of them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from pypinyin import lazy_pinyin

DEMO = Path(__file__).parents[2] / "data" / "demo"
FORM_FIELDS = {"language", "phone", "place", "unit", "name"}
MEGABYTE = 1_000_000


def read_samples() -> list[dict[str, Any]]:
    lines = (DEMO / "voicemails.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def read_places() -> list[dict[str, str]]:
    with (DEMO / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SAMPLES = read_samples()
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["id"])


def format_of(data: bytes) -> str:
    """Which format the first bytes announce, whatever the file is called."""
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"OpusHead" in data[:4096] else "matroska without opus"
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return "wav"
    if data[4:8] == b"ftyp":
        return "m4a"
    heads = {
        b"#!AMR\n": "amr",
        b"\x02#!SILK_V3": "silk",
        b"OggS": "ogg",
        b"ID3": "mp3",
        b"\xff\xfb": "mp3",
        b"\xff\xf3": "mp3",
    }
    return next((name for head, name in heads.items() if data.startswith(head)), "unknown")


@each_sample
def test_every_recording_is_what_its_name_says(sample: dict[str, Any]) -> None:
    path = DEMO / sample["audio"]
    assert format_of(path.read_bytes()) == path.suffix.removeprefix(".")


def test_the_samples_cover_every_format_that_phones_and_messengers_send() -> None:
    formats = {format_of((DEMO / sample["audio"]).read_bytes()) for sample in SAMPLES}
    assert formats >= {"webm", "m4a", "amr", "silk", "wav"}


def test_both_languages_are_spoken_and_ids_are_unique() -> None:
    assert {sample["language"] for sample in SAMPLES} == {"zh", "en"}
    assert len({sample["id"] for sample in SAMPLES}) == len(SAMPLES) >= 8


@each_sample
def test_every_expected_end_is_one_that_the_demo_can_check(sample: dict[str, Any]) -> None:
    expect = sample["expect"]
    if expect["status"] == "routed":
        assert set(expect) == {"status", "backend"}
        assert sample["urgency"] != "emergency"
    else:
        assert expect["status"] == "needs_review"
        assert set(expect) in ({"status", "reason"}, {"status", "urgency", "alarmed"})
        assert (sample["urgency"] == "emergency") == bool(expect.get("alarmed"))


def test_there_is_one_sample_for_every_kind_of_end() -> None:
    backends = {sample["expect"].get("backend") for sample in SAMPLES} - {None}
    reasons = {sample["expect"].get("reason") for sample in SAMPLES} - {None}
    assert backends == {"station", "property_office", "open311_city", "legal_aid_office"}
    assert reasons == {"no_speech", "place_ambiguous"}
    assert any(sample["expect"].get("alarmed") for sample in SAMPLES)


@each_sample
def test_places_and_units_stand_in_the_gazetteer_and_in_the_usual_form(
    sample: dict[str, Any],
) -> None:
    names = {place["name"] for place in read_places()}
    for place in (sample["place"], sample["form"].get("place")):
        assert place is None or place in names
    for unit in (sample["unit"], sample["form"].get("unit")):
        assert unit is None or all(part.isdigit() for part in unit.split("-"))


@each_sample
def test_only_fields_that_the_endpoint_takes_are_posted_beside_the_audio(
    sample: dict[str, Any],
) -> None:
    assert set(sample["form"]) <= FORM_FIELDS


def test_the_unclear_sample_names_a_place_that_sounds_like_another() -> None:
    unclear = next(s for s in SAMPLES if s["expect"].get("reason") == "place_ambiguous")
    sound = lazy_pinyin(unclear["place"])
    alike = [place["name"] for place in read_places() if lazy_pinyin(place["name"]) == sound]
    assert len(alike) > 1


def test_gazetteer_names_and_aliases_are_used_only_once() -> None:
    places = read_places()
    names = [
        name
        for place in places
        for name in (place["name"], *filter(None, place["aliases"].split("|")))
    ]
    assert len(places) >= 30
    assert len(names) == len(set(names))


def test_the_demo_stays_small_enough_to_clone() -> None:
    size = sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file())
    assert size < 2 * MEGABYTE
