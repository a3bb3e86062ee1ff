"""A place is found by its name, an alias or its sound, and never guessed where two are as near."""

import importlib.util
from itertools import pairwise
from pathlib import Path

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.place import find_places, read_place
from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units
from intake.understanding.values import Field

_spec = importlib.util.spec_from_file_location("places", Path(__file__).with_name("places.py"))
assert _spec is not None
assert _spec.loader is not None
_places = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_places)
TOWN: Gazetteer = _places.TOWN


def read(text: str, *, spoken: bool = False, town: Gazetteer = TOWN) -> Field[str] | None:
    heard = Heard.of(text, spoken=spoken)
    return read_place(heard, town, [mention.start for mention in find_units(heard)])


TYPED = [
    ("我家在梧桐苑，水管漏了", "梧桐苑"),
    ("碧水花園三號樓的燈不亮", "碧水花园"),
    ("住棉纺大院的，想理个发", "纺织厂家属院"),
    ("老幸福那边路灯坏了", "幸福里"),
    ("青云巷口的垃圾没人收", "青云巷"),
    ("明天要去城北医院复查，派车到丹桂新村3号楼接我", "丹桂新村"),
    ("我在长乐坊，帮我去人民公园门口取个药", "长乐坊"),
    ("上一院看病没人陪", "第一人民医院"),
    ("不是朝阳北路，是朝阳南路", "朝阳南路"),
    ("长乐路和青云巷交叉口井盖坏了", "长乐路"),
    ("望江楼旁边的松鹤公寓2单元301", "松鹤公寓"),
    ("Please come to 碧水花园, building 3", "碧水花园"),
    ("在人民公园，不对，长乐坊", "长乐坊"),
]
SPOKEN = [
    ("我住五同院三號樓", "梧桐苑"),
    ("家在必水花园十二号楼", "碧水花园"),
    ("我是青云向的老王", "青云巷"),
    ("单桂新村六号楼二单元", "丹桂新村"),
    ("常乐方八号楼停水了", "长乐坊"),
    ("访织厂家属院二号楼", "纺织厂家属院"),
    ("送到松和公寓301", "松鹤公寓"),
    ("朝阳北录那个路灯坏了", "朝阳北路"),
    ("我家必睡花圆3号楼2单元", "碧水花园"),
]
NOWHERE = [
    "我想问问高龄补贴怎么办",
    "帮我买二斤鸡蛋一把葱",
    "孩子们都在外地，心里不痛快",
    "手机没声音了，谁教教我",
    "谢谢你们，服务真好，很幸福",
    "电视机坏了，屏幕一闪一闪的",
    "小区里有人打麻将，吵得慌",
    "明天能不能来个人陪我说说话",
    "",
    "。。。",
]


@pytest.mark.parametrize(("text", "name"), TYPED)
def test_a_written_place_is_found(text: str, name: str) -> None:
    found = read(text)
    assert found is not None
    assert found.value == name


@pytest.mark.parametrize(("text", "name"), SPOKEN)
def test_a_misheard_place_is_found_by_its_sound(text: str, name: str) -> None:
    found = read(text, spoken=True)
    assert found is not None
    assert found.value == name


@pytest.mark.parametrize("spoken", [True, False])
@pytest.mark.parametrize("text", NOWHERE)
def test_no_place_is_made_up(text: str, spoken: bool) -> None:
    assert read(text, spoken=spoken) is None


def test_two_places_that_sound_alike_are_left_to_a_person() -> None:
    found = read("我住新福里三号楼", spoken=True)
    assert found is not None
    assert found.ambiguous
    assert {found.value, *found.alternatives} >= {"幸福里", "兴福里"}


def test_a_misheard_place_is_sure_when_nothing_else_is_near() -> None:
    town = Gazetteer.from_rows([("幸福里", "community", "N1", ""), ("青云巷", "road", "N3", "")])
    found = read("我住新福里三号楼", spoken=True, town=town)
    assert found is not None
    assert found.value == "幸福里"
    assert not found.ambiguous


def test_the_evidence_is_where_the_place_was_said() -> None:
    text = "喂，我住碧水花園，三號樓"
    found = read(text)
    assert found is not None
    assert found.evidence is not None
    assert text[slice(*found.evidence)] == "碧水花園"


def test_mentions_never_overlap() -> None:
    heard = Heard.of("幸福里小区兴福里长乐坊长乐路碧水花园", spoken=True)
    mentions = find_places(heard, TOWN)
    assert len(mentions) == 5
    for one, other in pairwise(mentions):
        assert one.end <= other.start


def test_a_gazetteer_file_without_a_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("name,kind\n幸福里,community\n", "utf-8")
    with pytest.raises(ValueError, match="aliases, area"):
        Gazetteer.from_csv(path)


def test_a_gazetteer_file_may_start_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    path.write_text("\ufeffname,kind,area,aliases\n幸福里,community,N1,老幸福|\n", "utf-8")
    assert Gazetteer.from_csv(path).places["幸福里"].aliases == ("老幸福",)


def test_an_empty_gazetteer_finds_nothing() -> None:
    assert read("我住幸福里三号楼", town=Gazetteer.from_rows([])) is None


def test_who_types_by_sound_means_the_place_of_that_sound() -> None:
    town = Gazetteer.from_rows((("新隆苑", "小区", "A", ()), ("兴隆苑", "小区", "B", ())))
    typed, heard = read("新隆院3号楼", town=town), read("新隆院3号楼", town=town, spoken=True)
    assert typed is not None and (typed.value, typed.ambiguous) == ("新隆苑", False)
    assert heard is not None and heard.ambiguous
