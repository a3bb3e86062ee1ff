"""What the recogniser made of the training sentences: whole lines, of our sentences, counted."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from intake.understanding.simplified import plain
from tools.voices import confusions, hear, journeys

LINES = hear.read_lines(hear.HEARD)
UNHEARD = hear.read_lines(hear.UNHEARD)
SENTENCES = hear.mandarin_sentences(hear.NLU)
HAN = re.compile(r"[\u4e00-\u9fff]")
KEYS = {
    *("intent", "text", "heard", "voice", "speed", "grade"),
    *("channel", "noise", "snr_db", "level"),
}


def test_nearly_every_intent_has_been_heard_in_both_grades() -> None:
    """Not every one: a new category is one file, and its sentences are heard later."""
    heard = {(line["intent"], line["grade"]) for line in LINES}
    wanted = {(i, g) for i in SENTENCES for g in journeys.GRADES}
    assert len(wanted & heard) >= 0.9 * len(wanted)


def test_every_sentence_that_was_said_is_one_of_the_training_data() -> None:
    """If this fails, sentences were edited: `python -m tools.voices.hear --minutes 0`."""
    strange = [
        (line["intent"], line["text"])
        for line in LINES + UNHEARD
        if line["text"] not in SENTENCES.get(line["intent"], ())
    ]
    assert strange == []


def test_every_line_says_how_it_was_made() -> None:
    for line in LINES + UNHEARD:
        assert set(line) == KEYS
        assert line["voice"] in hear.VOICES
        assert hear.SPEEDS[0] <= line["speed"] <= hear.SPEEDS[1]
        assert line["grade"] in journeys.GRADES
        assert line["channel"] in journeys.CHANNELS
        assert (line["snr_db"] is None) == (line["noise"] == "none")


def test_each_sentence_is_heard_once_in_each_grade() -> None:
    counts = Counter((line["text"], line["grade"]) for line in LINES + UNHEARD)
    assert [key for key, n in counts.items() if n > 1] == []
    assert {text for text, grade in counts} == {text for text, grade in counts if grade == "mild"}


def test_what_was_heard_is_never_empty_and_in_simplified_chinese() -> None:
    assert [line for line in LINES if not line["heard"].strip()] == []
    assert {line["heard"] for line in UNHEARD} <= {""}
    han = "".join(HAN.findall("".join(line["heard"] for line in LINES)))
    traditional = [one for one, other in zip(han, plain(han), strict=True) if one != other]
    # the product's own conversion looks at whole words, this one at single characters
    assert len(traditional) <= 0.001 * len(han)
    assert sum(not HAN.search(line["heard"]) for line in LINES) <= 0.02 * len(LINES)


def test_bad_journeys_are_misheard_more_than_mild_ones_and_neither_beyond_use() -> None:
    grades = confusions.count(LINES + UNHEARD)["grades"]
    assert 0.02 < grades["mild"]["cer_usable"] < grades["bad"]["cer_usable"] < 0.6


def test_the_counted_confusions_are_those_of_the_lines() -> None:
    """If this fails: `python -m tools.voices.confusions`."""
    stored = json.loads(confusions.CONFUSIONS.read_text("utf-8"))
    assert stored == confusions.count(LINES + UNHEARD)


def test_what_was_said_and_heard_is_aligned_syllable_by_syllable() -> None:
    pairs = confusions.aligned("明天去医院", "明天西一元啊")
    sounds = [(one and one.sound, other and other.sound) for one, other in pairs]
    assert sounds == [
        ("ming", "ming"),
        ("tian", "tian"),
        ("qu", "xi"),
        ("yi", "yi"),
        ("yuan", "yuan"),
        (None, "a"),
    ]


@pytest.mark.parametrize("said", ["一百二十块", "一二零块"])
def test_numbers_are_the_same_in_digits_and_in_words(said: str) -> None:
    pairs = confusions.aligned(said, "120块")
    assert all(one and other and one.sound == other.sound for one, other in pairs)


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "零"),
        ("10", "十"),
        ("15", "十五"),
        ("20", "二十"),
        ("105", "一百零五"),
        ("111", "一百一十一"),
        ("1005", "一千零五"),
        ("1200", "一千二百"),
        ("0731", "零七三一"),
        ("13800", "一三八零零"),
    ],
)
def test_arabic_numbers_are_read_as_people_say_them(digits: str, words: str) -> None:
    assert confusions.counted(digits) == words


@pytest.mark.parametrize(
    ("text", "stuck"), [("好好好好好好", True), ("谢谢谢谢", False), ("哈喽哈喽哈喽哈喽哈喽", True)]
)
def test_a_recogniser_that_got_stuck_is_noticed(text: str, stuck: bool) -> None:
    assert confusions.is_loop(text) is stuck


def test_a_confusion_is_counted_once_and_under_its_grade() -> None:
    lines = [
        {"text": "去医院", "heard": "去一元", "grade": "mild"},
        {"text": "去医院", "heard": "去", "grade": "bad"},
        {"text": "去医院", "heard": "西医院", "grade": "bad"},
        {"text": "去医院", "heard": "", "grade": "bad"},
    ]
    found = confusions.count(lines)
    assert found["substitutions"] == {"qu": {"xi": 1}}
    assert found["homophones"] == {"医": {"一": 1}, "院": {"元": 1}}
    assert found["deletions"] == {"yi": 1, "yuan": 1}
    assert found["insertions"] == {}
    assert found["said"] == {"qu": 3, "yi": 3, "yuan": 3}
    assert found["grades"]["mild"]["cer"] == round(2 / 3, 4)
    assert found["grades"]["bad"]["unheard"] == 1


def test_a_later_run_goes_on_with_what_is_new_and_the_rarest_intent_first() -> None:
    sentences = {
        "meal": ["想订一份不辣的午饭", "晚饭能送到家里来吗"],
        "noise": ["楼上半夜还在拖椅子"],
    }
    first = hear.next_sentence(sentences, set(), 2)
    assert first is not None and first.intent == "meal"
    second = hear.next_sentence(sentences, {first}, 2)
    assert second == hear.Sentence("noise", "楼上半夜还在拖椅子")
    third = hear.next_sentence(sentences, {first, second}, 2)
    assert third is not None and third.intent == "meal" and third != first
    assert hear.next_sentence(sentences, {first, second, third}, 2) is None
    assert hear.next_sentence(sentences, {first, second}, 1) is None


def test_sentences_of_each_length_take_turns() -> None:
    texts = [character * n for n in (10, 20, 30, 40) for character in "甲乙丙丁"]
    assert {len(text) for text in hear.in_turn(texts)[:4]} == {10, 20, 30, 40}
    assert hear.in_turn(texts) == hear.in_turn(reversed(texts))


def test_lines_of_a_sentence_that_was_taken_out_go(tmp_path: Path) -> None:
    path = tmp_path / "heard.jsonl"
    lines = [{"intent": "meal", "text": t, "heard": "午饭"} for t in ("订午饭", "订晚饭")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    hear.drop_stale(path, {"meal": ["订晚饭"]})
    assert [line["text"] for line in hear.read_lines(path)] == ["订晚饭"]
