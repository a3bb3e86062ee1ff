"""Names without a surname: a child's said twice over (浩浩), 我是小雨."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Iterator

from intake.understanding.name_lists import NEVER_IN_NAMES
from intake.understanding.names import is_given
from intake.understanding.person.scene import CALLER, Candidate, Scene
from intake.understanding.person.scene import H as _H
from intake.understanding.person.words import CHILDREN

_END = "(?=[\\s,，。.!！?？、;；:：(（]|$|\\d|[啦呀啊哦哈]|今年|[一二三四五六]年级|上[一二三四五六初高小幼大中]|刚?[上满]|[一二三四五六七八九十]{1,2}岁|的)"
_TWICE = f"(?P<name>(?P<one>{_H})(?P=one)){_END}"
_NAMED = re.compile(
    f"(?:(?:小名儿?|乳名)(?:就?叫|是)?|(?:{CHILDREN}|宝宝|宝贝|[她他它])的?(?:小?名字?)?(?:就?叫|是叫)|我叫|叫我)[,，:：\\s]{{0,2}}{_TWICE}"
)
_BESIDE = re.compile(f"(?:我是|俺是|{CHILDREN})[,，\\s]?{_TWICE}")
_MINE = re.compile(
    f"(?:我是|俺是|我叫|叫我|喊我)(?P<name>[小阿]{_H})(?=[\\s,，。.!！?？]|$|\\d|[啦呀啊哦哈])"
)
# Relations and words said twice over that nobody is called.
_RELATIONS = frozenset("爷奶姥妈爸哥姐弟妹叔伯婶姑舅公婆太娘爹宝嬷姨嫂")
# What children are called by, where only the place in the sentence says that it is a name.
_USUAL = frozenset(
    "浩朵妞乐壮彤果豆雯笑甜萌萱涵轩佳欣琪婷莹圆贝蕾娜莉丽芳娟亮军强斌洋阳晨辰依淘糖毛虎牛点溪玲红燕霞珍"
    "英兰凤花苗秀琴敏静晶娇媛倩颖雪梅菲茜瑶琳妍嘉睿宇泽铭昊博文武杰鹏飞龙凯鑫磊森林康健安宁平丫囡仔蛋球星月"
)
_NO_CALLER = frozenset("区学时孩工店贩组队伙白偷丑伯姨婆公叔姐妹哥弟爷奶妈姑姆嬷里拉门")


def little_names(scene: Scene) -> Iterator[Candidate]:
    """Every name that only the family would use."""
    for match in _NAMED.finditer(scene.plain):
        one = match["one"]
        if one not in _RELATIONS and (one in _USUAL or one not in NEVER_IN_NAMES):
            yield from _name(scene, match, 0.85)
    for match in _BESIDE.finditer(scene.plain):
        if match["one"] in _USUAL:
            yield from _name(scene, match, 0.8)
    for match in _MINE.finditer(scene.plain):
        last = match["name"][1]
        if last not in _NO_CALLER and is_given(last):
            yield from _name(scene, match, 0.8)


def _name(scene: Scene, match: re.Match[str], confidence: float) -> Iterator[Candidate]:
    if not scene.covered[match.start("name")]:
        yield Candidate(scene.field(match["name"], match.span("name"), confidence), CALLER)
