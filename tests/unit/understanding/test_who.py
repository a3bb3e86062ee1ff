"""Names as they are said, and nobody where nobody is named."""

import pytest

from intake.understanding.person import read_person
from intake.understanding.spoken_text import Heard

SAID = [
    ("我叫王秀兰，住三楼", "王秀兰"),
    ("我是你张大妈", "张大妈"),
    ("叫我老齐就行", "老齐"),
    ("我姓邢，邢台的邢", "邢"),
    ("免贵姓欧阳", "欧阳"),
    ("三楼的老李，腿不好", "老李"),
    ("王阿姨，电话打给她", "王阿姨"),
    ("我是三号楼的蔺师傅", "蔺师傅"),
    ("老人叫魏淑珍，八十一了", "魏淑珍"),
    ("我叫李梅，我妈叫赵桂英，她要理发", "赵桂英"),
    ("俞红霞 13809557162", "俞红霞"),
    ("名字叫温如海", "温如海"),
    ("联系人：刘建国", "刘建国"),
    ("周先生，下午在家", "周先生"),
    ("My name is Linda Chen", "Linda Chen"),
    ("This is Mrs. Wang from building 3", "Mrs. Wang"),
    ("我叫欧阳秀英", "欧阳秀英"),
    ("免贵姓佟，佟玉珍", "佟玉珍"),
    ("When can I join? Peter Zhao, 13912345678", "Peter Zhao"),
]
NOBODY = [
    "业主交了钱的车位让人占了",
    "Please come on Monday. Thank You.",
    "昨天来修马桶的那个小师傅，姓岳，真好",
    "我跟对门儿老彭吵了一架",
    "我妈瘫在床上",
    "老伴走了以后没人说话",
    "老师您好，我想问问托管班",
    "师傅，水管漏了",
    "给我放一首邓丽君的歌",
    "我老家是山东的",
    "孩子们都在外地",
    "护士阿姨真好",
    "楼上老是吵",
    "转人工",
    "",
]
HEARD = [
    ("我叫断永福，八十了", "段永福"),
    ("好大爷。", "郝大爷"),
    ("我叫孫貴蘭", "孙桂兰"),
    ("在小区门口等性报手机13655289017", "鲍"),
]


def person_of(text: str, *, spoken: bool = False) -> str | None:
    found = read_person(text, Heard.of(text, spoken=spoken))
    return found.value if found else None


@pytest.mark.parametrize(("text", "person"), SAID)
def test_a_name_is_read_as_said(text: str, person: str) -> None:
    assert person_of(text) == person


@pytest.mark.parametrize("text", NOBODY)
def test_nobody_is_made_up(text: str) -> None:
    assert person_of(text) is None


@pytest.mark.parametrize(("text", "person"), HEARD)
def test_a_misheard_name_is_spelled_as_names_are(text: str, person: str) -> None:
    assert person_of(text, spoken=True) == person


@pytest.mark.parametrize(
    ("text", "name"),
    [("我叫魏书证81岁", "魏淑珍"), ("老人叫段咏扶", "段永福"), ("我叫李建果", "李建国")],
)
def test_a_common_given_name_is_heard_as_what_it_is(text: str, name: str) -> None:
    found = read_person(text, Heard.of(text, spoken=True), [])
    assert found is not None
    assert found.value == name


def test_a_name_heard_wholly_in_other_characters_is_read_beside_an_address() -> None:
    text = "三单元201 言语美"
    found = read_person(text, Heard.of(text, spoken=True), [(0, 6)])
    assert found is not None
    assert found.value[1:] == "玉梅"
    assert found.confidence <= 0.5


def test_words_behind_an_address_are_no_name() -> None:
    text = "三单元201,马上来"
    assert read_person(text, Heard.of(text, spoken=True), [(0, 6)]) is None
