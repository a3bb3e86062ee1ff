"""Our own labelled set keeps to its format, and its labels agree with its words."""

import csv
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

SET = Path(__file__).parents[1] / "model" / "data"
SERVICES = {
    "home_repair", "housekeeping", "meal", "haircut", "errand", "companionship", "transport",
    "medical_escort", "medication", "health_check", "personal_care", "counselling", "legal_aid",
    "digital_help", "benefits", "tutoring", "sanitation", "noise", "public_facility", "outage",
    "property_mgmt", "dispute", "safety_hazard", "volunteer_signup", "general",
}  # fmt: skip
OTHERS = {
    "query_status", "cancel_request", "feedback", "handoff", "greet", "thanks", "affirm", "inform",
    "deny", "out_of_scope",
}  # fmt: skip
WEEKDAYS = {word: min(day, 6) for day, word in enumerate("一二三四五六日天")}
ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = str.maketrans("零一二三四五六七八九幺", "01234567891")
MEGABYTE = 1_000_000


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SET / name).read_text(encoding="utf-8").splitlines()]


RECORDINGS, CHAT, DIALOGUES = (
    read("labels.jsonl"),
    read("chat.jsonl"),
    read("dialogues.jsonl"),
)
ITEMS = [*RECORDINGS, *CHAT]
each_item = pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
each_expectation = pytest.mark.parametrize(
    "labels",
    [*ITEMS, *({"id": d["id"], "received_at": d["received_at"], **d["expect"]} for d in DIALOGUES)],
    ids=lambda labels: labels["id"],
)


def digits_in(text: str) -> str:
    """All digits of the text in their order, also those that are spelt out."""
    for value, word in enumerate(ENGLISH):
        text = re.sub(rf"\b{word}\b", str(value), text)
    return re.sub(r"\D", "", text.translate(DIGITS))


def places() -> set[str]:
    with (SET / "places.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"] for row in csv.DictReader(file)}


def test_every_service_is_spoken_and_typed_and_every_other_intent_typed() -> None:
    assert {item["category"] for item in CHAT} == SERVICES | OTHERS
    assert {item["category"] for item in RECORDINGS} >= SERVICES


def test_every_recording_is_there_and_the_whole_set_is_small() -> None:
    files = {f"audio/{path.name}" for path in (SET / "audio").iterdir()}
    assert files == {item["audio"] for item in RECORDINGS}
    assert sum((SET / name).stat().st_size for name in files) < 12 * MEGABYTE


def test_ids_are_unique_and_the_subsets_name_only_them() -> None:
    subsets = json.loads((SET / "subsets.json").read_text(encoding="utf-8"))
    for part, items in (("voicemail", RECORDINGS), ("chat", CHAT)):
        ids = {item["id"] for item in items}
        assert len(ids) == len(items)
        assert {name for group in subsets[part].values() for name in group} <= ids
        for urgency in ("emergency", "urgent"):
            labelled = {item["id"] for item in items if item["urgency"] == urgency}
            assert set(subsets[part][urgency]) == labelled
        assert not set(subsets[part]["near_miss"]) & set(subsets[part]["emergency"])


@each_expectation
def test_places_units_and_phones_have_the_agreed_form(labels: dict[str, Any]) -> None:
    assert labels["place"] is None or labels["place"] in places()
    assert labels["unit"] is None or re.fullmatch(r"\d+(-\d+){0,2}", labels["unit"])
    assert labels["phone"] is None or re.fullmatch(r"1\d{10}|\d{8}", labels["phone"])


@each_expectation
def test_a_window_ends_after_it_starts_and_not_before_the_message(labels: dict[str, Any]) -> None:
    if labels["when"] is None:
        return
    start, end = (datetime.fromisoformat(labels["when"][edge]) for edge in ("start", "end"))
    received = datetime.fromisoformat(labels["received_at"])
    assert received <= start < end or (received.date() == start.date() and received < end)
    assert start - received < timedelta(days=16)


@each_item
def test_the_words_behind_a_label_stand_in_the_text(item: dict[str, Any]) -> None:
    digits = digits_in(item["text"])
    assert item["phone"] is None or item["phone"] in digits
    assert item["person"] is None or set(item["person"]) <= set(item["text"])
    assert (item["when"] is None) == (item["when_text"] is None)
    assert item["when_text"] is None or item["when_text"] in item["text"]
    if item["unit"]:
        # "十二号楼" keeps a ten that is no digit, so only its last digit must stand in the text
        assert all(part in digits or part[-1] in digits + "0" for part in item["unit"].split("-"))


@each_item
def test_a_named_weekday_is_the_one_the_window_lies_on(item: dict[str, Any]) -> None:
    named = re.search(r"(?:周|星期|礼拜)([一二三四五六日天])", item["when_text"] or "")
    if named:
        start = datetime.fromisoformat(item["when"]["start"])
        assert start.weekday() == WEEKDAYS[named[1]]


def test_a_dialogue_says_what_is_expected_of_it() -> None:
    for dialogue in DIALOGUES:
        digits = digits_in(" ".join(dialogue["turns"]))
        assert dialogue["expect"]["phone"] is None or dialogue["expect"]["phone"] in digits
        assert dialogue["expect"]["category"] in SERVICES
