"""A number stands when listening again gives it too; when the hearings differ it stays in doubt."""

from dataclasses import dataclass

import pytest

from intake.understanding.confidence import Thresholds
from intake.understanding.phone import read_phone
from intake.understanding.phone_vote import UNSURE, seconds_of, vote
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Field

SURE = Thresholds().of("phone")


@dataclass
class Word:
    text: str
    start: float
    end: float


@dataclass
class Guess:
    text: str
    score: float = -0.4


@dataclass
class Hearing:
    digits_only: bool
    guesses: tuple[Guess, ...]


def digits(*texts: str) -> list[Hearing]:
    return [Hearing(True, (Guess(text),)) for text in texts]


def freely(*texts: str) -> list[Hearing]:
    return [Hearing(False, (Guess(text),)) for text in texts]


def after(text: str, again: list[Hearing]) -> Field[str]:
    first = read_phone(Heard.of(text, spoken=True))
    assert first is not None
    return vote(text, first, again)


def test_a_number_that_is_heard_again_is_sure() -> None:
    got = after("我电话13912345678", [*digits("139-1234-5678"), *freely("电话13912345678")])
    assert got.value == "13912345678"
    assert got.confidence >= SURE


def test_a_number_that_was_not_heard_again_is_not_sure() -> None:
    assert after("我电话13912345678", []).confidence < SURE


def test_a_dropped_digit_is_brought_back_by_those_who_heard_it() -> None:
    again = digits("1391234-5678", "1 3 9 1 2 3 4 5 6 7 8", "139-1234-5678", "139123456")
    got = after("我电话139123-4567", again)
    assert (got.value, got.note) == ("13912345678", None)
    assert got.confidence >= SURE


def test_a_plausible_number_that_is_heard_differently_again_is_in_doubt() -> None:
    got = after("我电话13912345678", digits("13912346578", "13912346578", "13912345678"))
    assert got.confidence <= UNSURE < SURE
    assert "13912346578" in (got.value, *got.alternatives)


def test_an_odd_number_without_agreement_is_kept_as_heard_with_what_it_may_be() -> None:
    again = digits("13912345678", "13912345679", "1391234", "139 1234 567", "1391", "139")
    got = after("我电话1391234567", again)
    assert (got.value, got.note) == ("1391234567", "odd_length")
    assert got.confidence < 0.3
    assert set(got.alternatives) == {"13912345678", "13912345679"}


def test_another_number_than_the_one_heard_is_never_sure() -> None:
    got = after("我电话1391234567", digits(*["18600392517"] * 8))
    assert got.confidence < SURE


def test_a_correction_is_not_sure_when_only_digits_were_listened_for() -> None:
    text = "电话幺八六零零三九五五哎不对零零三九二五幺七"
    got = after(text, digits(*["18600395500"] * 4))
    assert got.confidence < SURE


def test_a_correction_that_is_heard_again_in_full_is_sure() -> None:
    said = "幺八六，零零三九，五五，哎，不对，零零三九，二五幺七"
    got = after("电话" + said, freely(said, said, "186003955，不对，00392517"))
    assert got.value == "18600392517"
    assert got.confidence >= SURE


def test_a_landline_is_not_stretched_to_a_mobile_number() -> None:
    again = [*freely("座机66832409", "66832409"), *digits("66832409", "1366832409")]
    got = after("打我座机66832409", again)
    assert (got.value, got.confidence >= SURE) == ("66832409", True)


@pytest.mark.parametrize("guesses", [(), (Guess(""),), (Guess("。。。。"), Guess("-"))])
def test_hearings_without_a_number_leave_it_in_doubt(guesses: tuple[Guess, ...]) -> None:
    got = after("我电话13912345678", [Hearing(True, guesses), Hearing(False, guesses)])
    assert (got.value, got.confidence < SURE) == ("13912345678", True)


def test_the_seconds_are_those_of_the_words_that_hold_the_number() -> None:
    words = [Word("我", 0.1, 0.2), Word("电话", 0.2, 0.6), Word("139", 0.7, 1.5),
             Word("12345678", 1.6, 3.9), Word("啊", 4.0, 4.1)]  # fmt: skip
    text = "我电话139 12345678啊"
    assert seconds_of(text, words, (3, 15)) == (0.7, 3.9)
    assert seconds_of(text, words, None) is None
    assert seconds_of(text, [], (3, 15)) is None


def test_a_digit_at_the_beginning_may_be_half_a_word_and_is_not_sure() -> None:
    got = after("号码是1862345678", digits(*["19862345678"] * 8))
    assert got.confidence < SURE


def test_a_near_rival_keeps_a_number_in_doubt() -> None:
    again = digits(*["13912345678"] * 4, *["13912346678"] * 3)
    got = after("我电话13912345678", again)
    assert (got.value, got.confidence < SURE) == ("13912345678", True)
    assert got.alternatives == ("13912346678",)


def test_words_beside_the_number_that_became_digits_do_not_outvote_it() -> None:
    again = [*digits("2413912345678", "139 1234 5678", "12345678"), *freely("是139-1234-5678")]
    assert after("我电话是13912345678", again).value == "13912345678"
