"""Finds time expressions in spoken Chinese."""

import re
from dataclasses import dataclass, replace

from intake.understanding.when_chinese_patterns import (
    AFTER,
    BEFORE,
    CLOCK,
    DAY,
    DAYS,
    GAP,
    PART_RE,
)
from intake.understanding.when_clock import hours


@dataclass(frozen=True, slots=True)
class Moment:
    """One time expression: match objects of its day, part of the day and clock time."""

    start: int
    end: int
    day: re.Match[str] | None = None
    part: str | None = None
    clock: re.Match[str] | None = None
    before: bool = False
    after: bool = False

    @property
    def is_past(self) -> bool:
        """Whether the words themselves name a past day."""
        day = self.day
        if day is None:
            return False
        if day["rel"]:
            return DAYS[day["rel"]] < 0
        return (day["which"] or day["weeks"] or "").startswith("上")

    @property
    def recurs(self) -> bool:
        """Whether the words name a day that comes again and again (每周二, 逢一三五, 天天)."""
        day = self.day
        if day is None:
            return False
        return bool(day["every"] or day.group().startswith(("每", "逢")))

    def with_day(self, other: "Moment") -> "Moment":
        """This moment on the day that was said elsewhere in the text."""
        return replace(self, day=other.day, before=self.before or (other.before and not self.clock))


# What a bare 15号 follows where it is a house number (石榴巷15号), and where it is a date.
_STREET = re.compile(
    "[巷弄街路胡同疃村院屯庄楼坊湾坡沟园苑埠坝洞桥道沿甸营寨堡岗岭塘浜渎泾港埭台厝寮围湖河江山场站厂郡府第庭墅公寓社]$|(?<![家这那屋手夜城村市])里$"
)
_DATE_LEAD = re.compile(
    "(?:[年月约在到从等就是定订改换推挪延于赶后前,，。!！?？;；、和跟或及至(（:：]|[周拜期][一二三四五六日天]|想要?|^)\\s?$"
)
_DATE_FOLLOWS = re.compile(
    "\\s?(?:[早中下晚傍,，]?(?:上午|下午|早|中午|晚|傍晚|晌)|[上下前后]半|\\d{1,2}\\s?[点:]|[一二两三四五六七八九十]{1,2}点|那天|当天|这天|[之以]?前|开始|起|到\\d|"
    "[来要得去想有我能可就理送约行吧星周打做复拆出体洗量接取拿办办走回俺])"
)


def find_moments(view: str) -> list[Moment]:
    """Return the time expressions of `view` (as `simplified.plain` writes it), in order, without
    overlaps."""
    pieces: list[Moment] = []
    clear = list(view)
    for match in DAY.finditer(view):
        if match.group() and _is_day(match, view):
            blank = len(match.group()) - len(match.group().lstrip())
            pieces.append(Moment(match.start() + blank, match.end(), day=match))
            if match["weekday"]:  # 礼拜五十点 is ten o'clock, not fifty
                clear[match.end() - 1] = "周"
            if match["festival"]:  # 平安夜晚上
                clear[match.start() : match.end()] = "节" * (match.end() - match.start())
    for match in PART_RE.finditer("".join(clear)):
        if _is_part(match, view):
            pieces.append(Moment(*match.span(), part=match.group()))
    for match in CLOCK.finditer("".join(clear)):
        if hours(match) is not None:
            pieces.append(Moment(*match.span(), clock=match))
    pieces.sort(key=lambda piece: (piece.start, -piece.end))
    joined: list[Moment] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and piece.start < last.end:
            continue
        if last and GAP.fullmatch(view[last.end : piece.start]) and _fits(last, piece):
            joined[-1] = Moment(
                last.start, piece.end, last.day or piece.day, last.part or piece.part,
                last.clock or piece.clock,
            )  # fmt: skip
        else:
            joined.append(piece)
    return [_bounded(moment, view) for moment in joined if not _a_little(moment, view)]


def _is_day(match: re.Match[str], view: str) -> bool:
    before, after = (
        view[max(0, match.start() - 3) : match.start()],
        view[match.end() : match.end() + 8],
    )
    if match["nsoft"]:
        # 3-2 and 12.5 are rather a unit and an amount.
        return bool(re.match("\\s?(?:[上下]午|早|晚|中午|\\d{1,2}\\s?[点:])", after))
    if match["mpart"] and re.search("上个?$|去年$", before):
        return False
    if match["dom"] is None:
        return True
    if _STREET.search(before):
        return bool(re.match("那天|[之以]前", after))
    if _DATE_LEAD.search(before):
        return bool(before.strip(" ,，。") and before[-1] not in " ,，。!！?？;；") or bool(
            _DATE_FOLLOWS.match(after) or (not after and match.start() == 0)
        )
    return bool(_DATE_FOLLOWS.match(after))


def _is_part(match: re.Match[str], view: str) -> bool:
    """Whether a word for a part of the day is not in truth another: 天黑了, 午饭 as a dish."""
    said, before = match.group(), view[max(0, match.start() - 6) : match.start()]
    if said in ("黑了", "黑里"):
        return before.endswith(("今天", "明天", "后天", "今儿", "明儿", "后儿"))
    if said in ("午饭", "中饭", "晌午饭"):
        return bool(re.search("[今明后天儿周拜期][天儿个一二三四五六日]?的?$|[送订]$", before))
    if said in ("晚黑", "夜头", "中上", "日中"):
        return not before.endswith(("昨", "天", "集"))
    return True


def _fits(last: Moment, piece: Moment) -> bool:
    if piece.day:
        return False
    if piece.part:
        return last.part is None and last.clock is None
    return last.clock is None


def _a_little(moment: Moment, view: str) -> bool:
    """Whether 一点 means "a little" (一点不热), not one o'clock."""
    alone = moment.day is None and moment.part is None
    return (
        alone
        and view[moment.start : moment.end] in ("一点", "有点", "两点")
        and not re.match("钟|半|左右|以?[前后]|到|来|去|送", view[moment.end : moment.end + 2])
    )


def _bounded(moment: Moment, view: str) -> Moment:
    after = re.compile(f"\\s?(?:{AFTER})").match(view, moment.end)
    before = re.compile(f"\\s?(?:{BEFORE})").match(view, moment.end)
    found = after or before
    end = found.end() if found else moment.end
    return replace(moment, end=end, after=bool(after), before=bool(before))
