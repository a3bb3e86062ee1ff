"""Choosing among what may have been said: usual words win where the sound leaves room."""

import math

from hypothesis import given
from hypothesis import strategies as st

from speech.recognisers import _rerank, _word_frequency
from speech.recognisers._rerank import Hypothesis
from speech.recognisers._whisper_model import said_once


def ranked(*texts: tuple[str, float]) -> list[str]:
    hypotheses = [Hypothesis((at,), text, score) for at, (text, score) in enumerate(texts)]
    return [
        h.text
        for h in _rerank.rerank(
            hypotheses, _word_frequency.spoken_form, _word_frequency.wording_score
        )
    ]


def test_usual_words_win_over_as_likely_sounds() -> None:
    assert (
        ranked(("很多城市仍未能回乱", -2.0), ("很多城市仍未能回暖", -2.2))[0]
        == "很多城市仍未能回暖"
    )


def test_a_clear_sound_wins_over_usual_words() -> None:
    assert ranked(("住在幸福礼", -0.5), ("住在幸福里", -30.0))[0] == "住在幸福礼"


def test_what_sounds_the_same_is_one_hypothesis_with_the_shares_of_both() -> None:
    assert ranked(("三号楼。", -2.0), ("3号楼", -2.1), ("三号", -40.0)) == ["三号楼。", "三号"]


def test_the_middle_of_many_readings_wins_over_a_slightly_likelier_outlier() -> None:
    level = lambda text: 0.0  # noqa: E731
    texts = [("甲乙丙丁", -1.0), ("子丑寅卯", -0.9), ("甲乙丙戊", -1.0), ("甲乙己丁", -1.0)]
    hypotheses = [Hypothesis((), text, score) for text, score in texts]
    assert _rerank.rerank(hypotheses, _word_frequency.spoken_form, level)[0].text == "甲乙丙丁"


def test_a_text_that_ends_before_the_speaker_does_is_never_taken() -> None:
    texts = [("姑娘对不住这么晚打扰你", -1.0), ("姑娘对不住这么晚打扰你我不想活了", -30.0)]
    assert ranked(*texts, ("姑娘对不住这么晚打扰你我不想货了", -31.0)) == [
        "姑娘对不住这么晚打扰你我不想活了",
        "姑娘对不住这么晚打扰你我不想货了",
    ]


def test_a_last_sentence_said_twice_at_once_is_kept_once() -> None:
    sentence = [7, 8, 9, 10, 11, 12]
    assert said_once([1, 2, *sentence, *sentence]) == [1, 2, *sentence]
    assert said_once([1, *sentence, 2, *sentence]) == [1, *sentence, 2, *sentence]
    assert said_once([12, *sentence, *sentence]) == [12, *sentence]
    assert said_once([5, 5, 5, 5]) == [5, 5, 5, 5]
    assert said_once([]) == []


def test_what_is_said_again_and_again_is_kept_once_also_when_the_last_is_cut_off() -> None:
    number = [7, 8, 9, 10, 11, 12]
    assert said_once([1, 2, *(number * 8)]) == [1, 2, *number]
    assert said_once([1, 2, *(number * 8), 7, 8, 9]) == [1, 2, *number]
    assert said_once([1, 2, *([3, 4] * 20)]) == [1, 2, 3, 4]


def test_nothing_heard_ranks_nothing() -> None:
    assert _rerank.rerank([], _word_frequency.spoken_form, _word_frequency.wording_score) == []


@given(st.lists(st.tuples(st.text(max_size=30), st.floats(-200, 0)), min_size=1, max_size=8))
def test_ranking_loses_no_whole_reading_and_makes_none_up(texts: list[tuple[str, float]]) -> None:
    found = ranked(*texts)
    forms = {_word_frequency.spoken_form(t) for t, _ in texts}
    longest = max(map(len, forms))
    assert {_word_frequency.spoken_form(t) for t in found} <= forms
    assert {f for f in forms if len(f) == longest} <= {
        _word_frequency.spoken_form(t) for t in found
    }
    assert len(found) == len({_word_frequency.spoken_form(t) for t in found})


@given(st.text(max_size=200))
def test_every_text_has_a_finite_usualness(text: str) -> None:
    assert math.isfinite(_word_frequency.wording_score(text))


def test_digits_count_as_they_are_spoken() -> None:
    assert _word_frequency.wording_score("32度") == _word_frequency.wording_score("三二度")


def test_other_script_counts_as_one_unknown_word() -> None:
    assert (
        _word_frequency.wording_score("打开wifi")
        == _word_frequency.wording_score("打开a")
        < _word_frequency.wording_score("打开门")
    )


def test_other_texts_differ_from_the_best_in_one_part() -> None:
    rankings = [["甲", "乙", "丙"], [], ["子", "丑"]]
    assert _rerank.combine_alternatives(rankings, 5, "，") == ("乙，子", "甲，丑", "丙，子")
    assert _rerank.combine_alternatives(rankings, 2, "，") == ("乙，子", "甲，丑")
    assert _rerank.combine_alternatives([["甲。", "乙"], ["子"]], 5, "，") == ("乙，子",)
    assert _rerank.combine_alternatives([["甲"]], 5) == ()
    assert _rerank.combine_alternatives([], 5) == ()
