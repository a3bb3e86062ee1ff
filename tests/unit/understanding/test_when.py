"""Spoken times become windows, counted from when the message was left."""

from datetime import datetime, timedelta

import pytest

from intake.understanding.spoken_text import Heard
from intake.understanding.values import Window
from intake.understanding.when import overlap, read_when

# A Thursday, a quarter past ten in the morning.
NOW = datetime(2026, 11, 19, 10, 15)
MINUTE = "%Y-%m-%dT%H:%M"


def window(start: str, end: str) -> Window:
    """Read "11-20 09:00" as a time in 2026, or in the year given."""
    first, last = (
        datetime.strptime(t if t[:2] == "20" else f"2026-{t}", "%Y-%m-%d %H:%M")
        for t in (start, end)
    )
    return Window(first, last)


WANTED = [
    ("明儿早上来个人看看水管", "11-20 07:00", "11-20 09:00"),
    ("后天下午三四点过来行吗", "11-21 15:00", "11-21 17:00"),
    ("下礼拜二上午能来不", "11-24 09:00", "11-24 12:00"),
    ("周末有人能陪我去趟医院吗", "11-21 00:00", "11-22 23:59"),
    ("月底前给我弄好就行", "11-19 10:15", "11-30 23:59"),
    ("吃过晚饭来吧，白天家里没人", "11-19 18:30", "11-19 20:30"),
    ("腊月二十三上门擦玻璃", "2027-01-30 00:00", "2027-01-30 23:59"),
    ("明天，不对，后天来", "11-21 00:00", "11-21 23:59"),
    ("今儿下午两点来接我", "11-19 14:00", "11-19 15:00"),
    ("这周五下午三点半", "11-20 15:30", "11-20 16:30"),
    ("大后天上午九点一刻来车接", "11-22 09:15", "11-22 10:15"),
    ("约下周三，上午十点", "11-25 10:00", "11-25 11:00"),
    ("三天后来复查，要个车", "11-22 00:00", "11-22 23:59"),
    ("二十五号上午要去拆线，找人陪", "11-25 09:00", "11-25 12:00"),
    ("12月3号下午两点半预约理发", "12-03 14:30", "12-03 15:30"),
    ("十二月三号上门", "12-03 00:00", "12-03 23:59"),
    ("明天上午十点到十二点之间来都成", "11-20 10:00", "11-20 12:00"),
    ("星期六晌午送饭", "11-21 11:00", "11-21 13:00"),
    ("明天擦黑儿过来", "11-20 17:00", "11-20 19:00"),
    ("明天后晌来修", "11-20 14:00", "11-20 18:00"),
    ("每周二上午来打扫", "11-24 09:00", "11-24 12:00"),
    ("下星期来个人", "11-23 00:00", "11-29 23:59"),
    ("明晚七点来教我用手机", "11-20 19:00", "11-20 20:00"),
    ("今晚八点能来吗", "11-19 20:00", "11-19 21:00"),
    ("下午四点以前送到就行", "11-19 10:15", "11-19 16:00"),
    ("晚上六点以后家里有人，来吧", "11-19 18:00", "11-19 21:00"),
    ("后天早上七点半我得去医院，派个车", "11-21 07:30", "11-21 08:30"),
    ("就定在周日上午吧", "11-22 09:00", "11-22 12:00"),
    ("周六不行，改成周日下午", "11-22 14:00", "11-22 18:00"),
    ("元旦那天上午来给理发", "2027-01-01 09:00", "2027-01-01 12:00"),
    ("除夕下午送饭来", "2027-02-05 14:00", "2027-02-05 18:00"),
    ("大年初一能不能有人陪陪我", "2027-02-06 00:00", "2027-02-06 23:59"),
    ("正月十五来接我", "2027-02-20 00:00", "2027-02-20 23:59"),
    ("两个小时以后来接", "11-19 12:15", "11-19 13:15"),
    ("从下周一开始送饭，送到月底", "11-23 00:00", "11-23 23:59"),
    ("下午三点到五点来", "11-19 15:00", "11-19 17:00"),
    ("明天中午十二点走，要轮椅车", "11-20 12:00", "11-20 13:00"),
    ("明天早上八点，不是，九点来接", "11-20 09:00", "11-20 10:00"),
    ("明天一早来", "11-20 07:00", "11-20 09:00"),
    ("后天14:30来接", "11-21 14:30", "11-21 15:30"),
    ("明天下午我在家，上午不在", "11-20 14:00", "11-20 18:00"),
    ("三楼的灯坏了，明天来修", "11-20 00:00", "11-20 23:59"),
    ("下周一到周三之间来都行", "11-23 00:00", "11-25 23:59"),
    ("两三天之内过来看看", "11-19 00:00", "11-22 23:59"),
    ("她明天要去复查，先叫个车吧，午饭回头再说，上午九点走", "11-20 09:00", "11-20 10:00"),
    ("Could someone come tomorrow morning?", "11-20 09:00", "11-20 12:00"),
    ("Please pick me up next Tuesday at 3 pm", "11-24 15:00", "11-24 16:00"),
    ("after three in the afternoon tomorrow would be best", "11-20 15:00", "11-20 18:00"),
    ("I need a haircut on Saturday between 2 and 4 in the afternoon", "11-21 14:00", "11-21 16:00"),
    ("Can a nurse visit this weekend?", "11-21 00:00", "11-22 23:59"),
    ("I have an appointment on December 3rd at 9:30 am", "12-03 09:30", "12-03 10:30"),
    ("the day after tomorrow in the evening please", "11-21 18:00", "11-21 21:00"),
]
NOT_A_WISH = [
    "昨天来修的那个师傅手艺真好",
    "这灯坏了三天了",
    "越快越好",
    "什么时候来都行",
    "这两天都行",
    "楼上半夜还在拖椅子",
    "每天早上六点就放音乐，吵得睡不着",
    "从上个月就没来过水",
    "上周二报的修，到现在没人来",
    "早上停的电，现在还没来",
    "我住3号楼2单元501",
    "取件码是12-3-4055",
    "元旦食堂开门吗",
    "社区周六上班吗",
    "几点开门",
    "我今年八十三了",
    "有点不舒服，一点劲也没有",
    "以前礼拜天有人来陪我",
    "老伴十月份走的",
    "晚上老是睡不着",
    "不着急，随便哪天",
    "The lift has been broken since Monday",
    "Thanks for coming yesterday afternoon",
    "What time does the canteen open tomorrow?",
]


@pytest.mark.parametrize(("text", "start", "end"), WANTED)
def test_a_wished_time_becomes_its_window(text: str, start: str, end: str) -> None:
    found = read_when(Heard.of(text), NOW)
    assert found is not None
    assert overlap(found.value, window(start, end)) >= 0.5, found.value


@pytest.mark.parametrize("text", NOT_A_WISH)
def test_what_is_no_wished_time_gives_none(text: str) -> None:
    assert read_when(Heard.of(text), NOW) is None


def test_the_evidence_is_where_the_time_was_said() -> None:
    text = "師傅您好，後天下午三點來一趟"
    found = read_when(Heard.of(text), NOW)
    assert found is not None
    assert found.evidence is not None
    assert text[slice(*found.evidence)] == "後天下午三點"


def test_misheard_words_of_time_are_understood_in_speech() -> None:
    text = "把命尔起中午给送饭吧"
    found = read_when(Heard.of(text, spoken=True), NOW)
    assert found is not None
    assert found.value == window("11-20 11:00", "11-20 13:00")


def test_a_correction_that_sounds_like_an_army_is_still_a_correction() -> None:
    found = read_when(Heard.of("明天部隊後天早上七點來", spoken=True), NOW)
    assert found is not None
    assert found.value.start == datetime(2026, 11, 21, 7, 0)


@pytest.mark.parametrize("days", range(7))
def test_a_weekday_alone_is_never_in_the_past(days: int) -> None:
    now = NOW + timedelta(days=days)
    for name in "一二三四五六日":
        found = read_when(Heard.of(f"星期{name}下午来修"), now)
        assert found is not None
        assert found.value.end > now
        assert found.value.start - now < timedelta(days=7)


def test_spans_of_house_numbers_are_not_times() -> None:
    text = "三号楼八点来"
    assert read_when(Heard.of(text), NOW, taken=[(0, 6)]) is None


@pytest.mark.parametrize(
    "text",
    [
        "楼下唱歌一唱就到后半夜两点",
        "从早晨起来就没暖气",
        "年底了，想把油烟机洗洗",
        "我们家在十五号院五号楼",
        "Thank you to the nurse who visited my mother on Tuesday",
    ],
)
def test_how_long_it_lasted_and_what_already_happened_is_no_wish(text: str) -> None:
    assert read_when(Heard.of(text), NOW) is None


def test_a_day_before_a_participle_is_still_a_wish() -> None:
    found = read_when(Heard.of("Could you have the groceries delivered on Tuesday?"), NOW)
    assert found is not None
    assert found.value.start == datetime(2026, 11, 24)


def test_what_used_to_be_is_no_wish() -> None:
    text = "以前有个小姑娘,礼拜天来陪我下棋"
    assert read_when(Heard.of(text), NOW) is None


def test_a_time_told_is_no_wish_where_nobody_comes_at_an_agreed_time() -> None:
    heard = Heard.of("楼下晚上十点搬货")
    assert read_when(heard, NOW) is not None
    assert read_when(heard, NOW, arranged=False) is None


def test_hours_that_pass_first_are_counted_from_now() -> None:
    found = read_when(Heard.of("过两个钟头再来"), NOW)
    assert found is not None
    assert found.value.start == NOW + timedelta(hours=2)
    assert read_when(Heard.of("睡了两个钟头了"), NOW) is None
