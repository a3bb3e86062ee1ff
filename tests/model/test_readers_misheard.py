"""The readers keep their floors when one character in eight is replaced by one that sounds alike.

The sentences, the places and the people are made up for this test. The noise is the same at every
run (a fixed seed), so a fall below a floor means that the readers got worse.
"""

import random
from collections import Counter, defaultdict
from datetime import datetime

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.phonetics import fuzzy, readings, syllables
from intake.understanding.readers import understand
from intake.understanding.values import Window
from intake.understanding.when import overlap

NOW = datetime(2026, 11, 19, 10, 15)
TOWN = Gazetteer.from_rows(
    [
        ("梧桐苑", "community", "N1", "梧桐苑小区"),
        ("碧水花园", "community", "N4", ""),
        ("纺织厂家属院", "community", "N5", "棉纺大院"),
        ("丹桂新村", "community", "N6", ""),
        ("松鹤公寓", "building", "N2", ""),
        ("城北医院", "facility", "N5", ""),
        ("朝阳北路", "road", "N2", ""),
    ]
)


def on(day: int, start: str, end: str) -> Window:
    return Window(*(datetime.fromisoformat(f"2026-11-{day}T{hour}") for hour in (start, end)))


# text, place, unit, phone, window
REQUESTS: list[tuple[str, str | None, str | None, str | None, Window | None]] = [
    ("喂您好，我家厨房下水堵了，梧桐苑五号楼二单元三零一，明天上午能来个人吗，电话13912345678",
     "梧桐苑", "5-2-301", "13912345678", on(20, "09:00", "12:00")),
    ("我想约个理发，老伴下不了床，碧水花园12号楼1单元602，后天下午三点方便",
     "碧水花园", "12-1-602", None, on(21, "15:00", "16:00")),
    ("麻烦派个车，星期六早上八点从丹桂新村门口接我去城北医院复查",
     "丹桂新村", None, None, on(21, "08:00", "09:00")),
    ("楼道的灯不亮了好几天了，纺织厂家属院3号楼4单元", "纺织厂家属院", "3-4", None, None),
    ("想找人陪我说说话，我住松鹤公寓1204，手机18612340099",
     "松鹤公寓", "1204", "18612340099", None),
    ("朝阳北路的井盖松了，车一过咣当响", "朝阳北路", None, None, None),
    ("天天中午给我送份饭吧，丹桂新村7号楼3单元201，从明天开始",
     "丹桂新村", "7-3-201", None, on(20, "11:00", "13:00")),
    ("降压药快没了，谁能帮我去取一趟，梧桐苑小区11号楼2单元502",
     "梧桐苑", "11-2-502", None, None),
    ("请下周二上午来量个血压，碧水花园6号楼404", "碧水花园", "6-404", None,
     on(24, "09:00", "12:00")),
    ("孩子放学没人管，想问问托管还收不收人", None, None, None, None),
]  # fmt: skip
DANGERS = [
    "快来人啊，厨房着火了，往外冒黑烟",
    "我老伴摔倒了，躺在地上起不来",
    "我妈胸口疼得厉害，出了一身冷汗",
    "屋里一股煤气味，熏得我头疼",
    "老爷子嘴歪了，话也说不出来",
    "我不想活了，安眠药都准备好了",
    "小孩掉河里了，快来救人",
    "有人拿着刀在楼下追人，流血了",
    "我妈有老年痴呆，早上走丢了，到现在没回来",
    "叫不醒他，好像没有呼吸了，快叫救护车",
]
CALM = [
    "去年我摔倒过一回，想装个扶手",
    "气死我了，楼上天天半夜跳绳",
    "电视里说煤气爆炸，我想请人查查管子",
    "燃气灶打不着火，想换个电池",
    "我怕一个人在家出事，想装个报警器",
    "消防演习是哪天，我想去看看",
]  # fmt: skip
FLOORS = {"place": 0.9, "unit": 0.85, "phone": 0.9, "when": 0.75}


def homophones() -> dict[str, str]:
    """Group the 3,755 commonest characters (GB 2312 level 1) by folded sound."""
    groups: dict[str, str] = defaultdict(str)
    for code in range(0xB0A1, 0xD7FA):
        try:
            character = code.to_bytes(2, "big").decode("gb2312")
        except UnicodeDecodeError:
            continue
        for sound in readings(character)[:1]:
            groups[fuzzy(sound)] += character
    return groups


SOUND_ALIKE = homophones()


def misheard(text: str, chance: random.Random, share: float = 1 / 8) -> str:
    spelled = list(text)
    for item in syllables(text):
        if not text[item.start].isascii() and chance.random() < share:
            spelled[item.start] = chance.choice(SOUND_ALIKE[fuzzy(item.sound)] or text[item.start])
    return "".join(spelled)


class Spoken:
    start = 0.0
    confidence = None


def read(text: str):  # type: ignore[no-untyped-def]
    return understand(text, received_at=NOW, ranking=[], gazetteer=TOWN, words=[Spoken()])


def test_what_is_said_clearly_is_read_without_a_mistake() -> None:
    for text, place, unit, phone, window in REQUESTS:
        got = read(text)
        assert (got.place and got.place.value) == place, text
        assert (got.unit and got.unit.value) == unit, text
        assert (got.phone and got.phone.value) == phone, text
        assert (got.when is not None) == (window is not None), text
        assert window is None or overlap(got.when.value, window) >= 0.5, text
    assert all(read(text).urgency == "emergency" for text in DANGERS)
    assert all(read(text).urgency != "emergency" for text in CALM)


def test_fields_stay_above_their_floors_when_misheard() -> None:
    chance, right, total = random.Random(20261119), Counter[str](), Counter[str]()
    for _ in range(12):
        for said, place, unit, phone, window in REQUESTS:
            got = read(misheard(said, chance))
            for name, label in (("place", place), ("unit", unit), ("phone", phone)):
                if label is not None:
                    field = got.get(name)
                    right[name] += field is not None and field.value == label
                    total[name] += 1
            if window is not None:
                right["when"] += got.when is not None and overlap(got.when.value, window) >= 0.5
                total["when"] += 1
    shares = {name: right[name] / total[name] for name in FLOORS}
    assert all(shares[name] >= floor for name, floor in FLOORS.items()), shares


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dangers_are_found_when_misheard(seed: int) -> None:
    chance = random.Random(seed)
    texts = [misheard(text, chance) for text in DANGERS for _ in range(10)]
    missed = [text for text in texts if read(text).urgency != "emergency"]
    assert len(missed) <= 0.08 * len(texts), missed


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_calm_words_raise_few_alarms_when_misheard(seed: int) -> None:
    chance = random.Random(seed)
    texts = [misheard(text, chance) for text in CALM for _ in range(10)]
    alarms = [text for text in texts if read(text).urgency == "emergency"]
    assert len(alarms) <= 0.08 * len(texts), alarms
