"""What sounds alike is near, what doesn't is far; also run with the bot's Python 3.10."""

import pytest

from intake.understanding.phonetics import (
    distance,
    fuzzy,
    fuzzy_syllables,
    readings,
    split,
    syllables,
)


def test_syllables_know_their_place_in_the_text() -> None:
    text = "喂，3号楼ok 滴答"
    for item in syllables(text):
        assert text[item.start : item.end].strip()
    assert [item.sound for item in syllables(text)] == [
        "wei", "san", "hao", "lou", "ok", "di", "da",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [("zhang", "zan"), ("ling", "nin"), ("shi", "si"), ("fang", "han"), ("chuang", "cuan")],
)
def test_confusions_of_accents_fold_together(one: str, other: str) -> None:
    assert fuzzy(one) == fuzzy(other)


@pytest.mark.parametrize(("one", "other"), [("ma", "mi"), ("dong", "deng"), ("lou", "lu")])
def test_different_sounds_stay_apart(one: str, other: str) -> None:
    assert fuzzy(one) != fuzzy(other)


def test_traditional_and_simplified_sound_the_same() -> None:
    assert fuzzy_syllables("風則難驅") == fuzzy_syllables("丰泽南区")


def test_distance_is_a_distance() -> None:
    sounds = ["ping", "ting", "pin", "qing", "jin", "yuan", "ren", "ok", "er"]
    for one in sounds:
        assert distance(one, one) == 0.0
        for other in sounds:
            assert distance(one, other) == distance(other, one)
            assert 0.0 <= distance(one, other) <= 1.0
    assert distance("sheng", "sen") < distance("qing", "jin") < distance("yuan", "ren")


def test_split_knows_the_whole_final() -> None:
    assert split("zhun") == ("zh", "uen")
    assert split("ju") == ("j", "v")
    assert split("wei") == ("", "uei")
    assert split("hello") == ("", "hello")


def test_readings_of_a_character() -> None:
    assert set(readings("长")) >= {"chang", "zhang"}
    assert readings("a") == ()


def test_long_runs_are_read_character_by_character_in_order() -> None:
    text = "长大了银行" * 100
    assert [item.start for item in syllables(text)] == list(range(len(text)))
