"""What is made up for training is misheard as a recogniser mishears: by sound, steadily."""

from hypothesis import given
from hypothesis import strategies as st

from intake.understanding.mishearing import Mishearing
from intake.understanding.phonetics import distance, syllables

TEXTS = [
    "厨房的水管漏了，麻烦来个师傅修一修",
    "我想找个志愿者陪我去医院看眼睛",
    "楼道里的灯坏了三天了没人管",
    "中午能不能送一份软和的饭到三号楼",
    "老伴走了以后晚上睡不着，心里难受",
]
EAR = Mishearing(TEXTS)


def test_the_same_text_and_seed_give_the_same_mishearing() -> None:
    assert [EAR.mishear(t, "1") for t in TEXTS] == [
        Mishearing(TEXTS).mishear(t, "1") for t in TEXTS
    ]
    assert any(EAR.mishear(t, "1") != EAR.mishear(t, "2") for t in TEXTS)


def test_some_characters_change_and_most_keep_their_sound() -> None:
    said = heard = same = 0
    for text in TEXTS:
        for seed in range(40):
            other = EAR.mishear(text, str(seed))
            if len(other) != len(text):
                continue
            for one, two in zip(syllables(text), syllables(other), strict=True):
                said += 1
                heard += text[one.start] != other[two.start]
                same += distance(one.sound, two.sound) < 0.5
    assert 0.1 < heard / said < 0.4
    assert same / said > 0.85


def test_what_is_no_han_character_stays() -> None:
    text = "Room 501, call 13912345678!"
    assert EAR.mishear(text, "1") == text


@given(st.text(max_size=200))
def test_any_text_can_be_misheard(text: str) -> None:
    assert len(EAR.mishear(text, "1")) <= len(text)
