"""Numbers to ring back, in any spoken form; what can't be dialled is kept but never trusted."""

import pytest

from intake.understanding.phone import read_phone
from intake.understanding.spoken_text import Heard

SAID = [
    ("我电话13912345678", "13912345678"),
    ("幺三九一二三四五六七八", "13912345678"),
    ("手机一三九，一二三四，五六七八", "13912345678"),
    ("139-1234-5678", "13912345678"),
    ("打 139 1234 5678 这个", "13912345678"),
    ("一三九，那个，一二三四，五六七八", "13912345678"),
    ("座机六六八三，二四零九", "66832409"),
    ("电话是0532-66832409", "053266832409"),
    ("电话一三九一二三四五六七九，不对，五六七八", "13912345678"),
    ("一三八零零一三八，哎，不对，一三九零零一三八零零零", "13900138000"),
    ("电话18903365172 不对 末尾是127", "18903365127"),
    ("手机13912345678，再说一遍，13912345678", "13912345678"),
    ("幺三八两个零一三八零零零", "13800138000"),
    ("手机1381234两个62个0", "13812346600"),
    ("打我手机+86 139 1234 5678", "13912345678"),
    ("2号楼1单元302 13912345678", "13912345678"),
    ("My phone number is 139 1234 5678", "13912345678"),
    ("１３９１２３４５６７８", "13912345678"),
    ("联系电话：18612340099，谢谢", "18612340099"),
]
NONE = [
    "取件码8-3-2017",
    "我住3号楼2单元501",
    "工单尾号2291",
    "打120",
    "打12345问过了",
    "身份证370102194501011234",
    "一千二百三十四块五毛六",
    "我今年八十二",
    "12月3号下午3点",
    "一二三四五",
    "",
]


@pytest.mark.parametrize(("text", "number"), SAID)
def test_a_number_is_read_in_any_spoken_form(text: str, number: str) -> None:
    found = read_phone(Heard.of(text))
    assert found is not None
    assert found.value == number
    assert found.note is None


@pytest.mark.parametrize("text", NONE)
def test_other_digits_are_no_phone_number(text: str) -> None:
    assert read_phone(Heard.of(text)) is None


@pytest.mark.parametrize("text", ["电话1391234567", "手机号一三九一二三四五六七八九"])
def test_an_impossible_count_of_digits_is_kept_as_heard_and_never_trusted(text: str) -> None:
    found = read_phone(Heard.of(text))
    assert found is not None
    assert found.note == "odd_length"
    assert found.confidence < 0.3


def test_digits_heard_as_words_are_read_in_speech() -> None:
    text = "电话要八六零零三九五埃部队零零三九二五要起"
    found = read_phone(Heard.of(text, spoken=True))
    assert found is not None
    assert found.value == "18600392517"


def test_a_hesitation_heard_as_a_word_does_not_cut_a_number_in_two_but_it_is_not_trusted() -> None:
    field = read_phone(Heard.of("我姓马,电话一七零,和二零八六能八八二三。", spoken=True))
    assert field is not None
    assert (field.value, field.confidence <= 0.5) == ("17020868823", True)


def test_two_different_numbers_are_left_to_a_person() -> None:
    found = read_phone(Heard.of("我电话13912345678，我闺女的是18612340099"))
    assert found is not None
    assert found.value == "13912345678"
    assert found.ambiguous
    assert found.alternatives == ("18612340099",)


def test_the_evidence_is_where_the_digits_are() -> None:
    text = "您好，打我電話一三九，一二三四，五六七八啊"
    found = read_phone(Heard.of(text))
    assert found is not None
    assert found.evidence is not None
    assert text[slice(*found.evidence)] == "一三九，一二三四，五六七八"


def test_a_copula_that_slid_into_the_number_is_taken_off_again_but_not_trusted() -> None:
    field = read_phone(Heard.of("电话166832409", spoken=True))
    assert field is not None
    assert (field.value, field.confidence <= 0.5) == ("66832409", True)


def test_words_at_both_ends_complete_a_mobile_number_but_are_not_trusted() -> None:
    field = read_phone(Heard.of("给我回个电话,以三九一二三四五六七吧", spoken=True))
    assert field is not None
    assert field.value == "13912345678"
    assert field.confidence <= 0.5


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("My number is four three eight, five five five, oh one seven two.", "4385550172"),
        ("one three eight, double one, two three four five six seven", "13811234567"),
        ("call me on one eight seven triple three nine oh six two five", "18733390625"),
        ("He is at building three, two oh one.", None),
        ("枣园二号楼一单元三零三，幺八七三九零六二五幺四。", "18739062514"),
        ("单元301，18739062514", "18739062514"),
        ("到喻家墩14号来接，上回就送错了。13971550246 老程", "13971550246"),
    ],
)
def test_a_number_is_told_from_the_home_and_read_in_english_words(
    text: str, number: str | None
) -> None:
    found = read_phone(Heard.of(text))
    assert (found.value if found else None) == number
