"""How likely a time in a Chinese message is the time at which help is wanted."""

import re
from datetime import datetime

from intake.understanding.when_chinese import Moment
from intake.understanding.when_role import ANY_HOUR, FREE, PRESENT, Role
from intake.understanding.when_window import window_of

_WANTED_BEFORE = re.compile(
    "(?:约|预约|订|定|想|要|得|打算|麻烦|请|希望|最好|能不能|可以|从|打|自|等|在|就|派)[^,，。!！?？]{0,8}$"
)
_WANTED_AFTER = re.compile(
    "(?:来|去|送|接|约|上门|陪|行|可以|中不|成不|有空|在家|有人|方便|用车|走|出院|复查|开始|起|"
    "安排|过来|合适|到就|就(?:行|成|中)|该|闲着|都行|哪个?钟点|给我|帮|能|想|要|得|需要|打扫|做|看|见|取|拿|办|修|换|剪|理发|吧|不约|不用|取消|退)"
)
_ABOUT_NOW = re.compile(
    "(?:就剩|还剩|还在|到现在|停到|停了|断顿|断了|(?<!有)没(?:有|人|来|电|水)|开始(?:突|吵|闹)|坏了|吃完|真好|不歇|不转|"
    "老(?:睡|是|有)|上不上班|开不开门|开门|上班|几点|(?<!随便)(?<!不管)什么时候|是不是|会不会|放假|吗[,，。?？\\s]|就满|满[一二三四五六七八九十]|唱到|打麻将|跳|吵|闹|"
    "想哭|差点|已经|刚才|过生日|受不了|没法|做饭差点|理发的|能涨|托管|收人|睡不着|了[,，。!！?？]|了$)"
)
STARTS = re.compile("\\s?(?:这天)?(?:开始|起(?![来床夜])|往后)")
"""What follows the first day of help that goes on: 后天开始中午要一份."""
# 星期五下午吗, as a question after a request, in which words and order may be a foreigner's.
_MAYBE = re.compile("\\s?(?:[吗么嘛]|[好行]不?[好行]?[吗么嘛]|可以[吗么嘛])")
_ASKED_FOR = re.compile("[来帮送接陪修派教请要买]|想|打扫|洗|车")
_MOVED_TO = re.compile(
    "(?:[改挪推换移调延]|提前)(?:[到成为在至]|了)?$|不是[^,，。]{1,8}[,，]是$"
    "|[听记看说写搞弄][岔错混][^。]{0,9}(?:是|应该)$|[印写约排定开]的(?:其实|明明)?是$"
)
_TILL_TODAY = re.compile("[到至]$")
_SENTENCE = re.compile("[^。!！?？;；\n]{0,14}")
_TODAY = re.compile("今[天儿日]个?")
_BOOKED = re.compile("(?:约|定|订|挂|排)(?:了|好了?|的|在|过|是)*$")
# 今天来通马桶的小哥很细心: who came is told of.
_CAME = re.compile("来(?:给我?|帮我?)?[^,，。]{1,8}的(?:那|小|师|姑|人|阿|护|大|同|老|女|男)")
_SERVICE = re.compile(
    "(?<![回出起下上])来|送|上门|接|陪|能不能|能来|派|过来|修|取|行不行|方便|有空|在家|帮|买|捎|拿(?![起着不])|配|订|留|约"
)
_PAST_BEFORE = re.compile(
    "(?:(?<![一二三四五六日天点半刻号午晚上早年月\\d分钟])以前|从前|上回|上次|去年|前年|当年|昨天|前天|原来|(?<![周期拜])一到|每到|都是|老是|说好|报的)[^。!！?？]{0,12}$"
)
# Words for the past, which also cover the clause after them: 以前有个小姑娘，礼拜天来陪我.
_USED_TO = re.compile(
    "(?:(?<![一二三四五六日天点半刻号午晚上早年月\\d分钟])以前|从前|过去|那时候|那会儿|当年)[^。!！?？]{0,13}$"
)
# How long, or since when, something has gone on: 到后半夜两点, 从早晨起来就没水.
_SINCE = re.compile(
    "(?:起来?|开始|到现在|以来)?[^,，。]{0,4}(?:就|一直|都)[^,，。]{0,4}(?:没|不|停|断|坏|响|吵|疼|漏|堵)"
)
_THAT_DAY = re.compile("(?:就|到|在)那天|那天(?:来|上门|派|修|接|行|过来)")
# Somebody wants help at such a time only if a day or an hour is said too.
_NOT_ALONE = frozenset(
    [
        "白天",
        "大白天",
        "白日里",
        "半夜",
        "夜里",
        "大半夜",
        "后半夜",
        "凌晨",
        "深夜",
        "三更半夜",
        "夜间",
    ]
)
_NIGHT = re.compile("半夜|夜里|凌晨")
_IS = re.compile("(?<![就要都还也只])是(?:不是)?(?:在)?$")
_IS_IT = re.compile("[^,，。]{0,4}(?:吗|么|嘛|对吧|是吧|\\?|？)")


def wanted(view: str, moment: Moment, role: Role, now: datetime, arranged: bool) -> float:
    """Score how likely help is wanted at this time: above 0 it is, at -2 and below never."""
    if moment.is_past or role in (Role.EXCLUDED, Role.OTHER):
        return -3.0
    before = view[max(0, moment.start - 14) : moment.start]
    after = view[moment.end : moment.end + 16]
    window = window_of(moment, now)
    if window is None or window.end <= now:
        return -2.0 if window else -1.0
    nearby = re.split("[,，]", before)[-1] if moment.day is not None else before
    if _TODAY.fullmatch(view[moment.start : moment.end]) and _CAME.match(after):
        return -2.0
    if (_PAST_BEFORE.search(nearby) and not _BOOKED.search(nearby)) or (
        _IS.search(before) and _IS_IT.match(after)
    ):
        return -2.0
    if _USED_TO.search(before):
        return -2.0
    said = view[moment.start : moment.end]
    until = before.endswith("到") and _NIGHT.search(said)
    if until or (re.search("[从打自]$", before) and _SINCE.match(after)):
        return -2.0
    if said == "年底" and re.match("了|快到|将近", after):
        return -2.0  # 年底了: the time of year, not a wish
    if said[:1] == "今" and _TILL_TODAY.search(before) and re.match("[还都也]{0,2}[没不未]", after):
        return -2.0
    score = _scored(moment)
    sentence = _SENTENCE.match(after)
    rest = sentence.group() if sentence else ""
    free = not moment.before and bool(FREE.match(rest) or ANY_HOUR.match(rest))
    if free or (PRESENT.search(rest) and role is not Role.BUSY):
        return _scored(moment) + 1.4 - (0.0 if arranged else 1.0)
    hoped, stated = _WANTED_AFTER.search(rest), _ABOUT_NOW.search(rest)
    moved = _MOVED_TO.search(before)
    if moved or (_MAYBE.match(after) and _ASKED_FOR.search(before + rest)):
        stated = None
    score += 1.0 if moved else 0.0
    first = not moment.before and stated and (not hoped or stated.start() <= hoped.start())
    score += -2.2 if first else 1.0 if hoped else 0.0
    score += 0.6 if _WANTED_BEFORE.search(before) else 0.0
    if _TODAY.fullmatch(view[moment.start : moment.end]) and not _SERVICE.search(rest):
        score -= 2.0
    if moment.day is not None and not moment.day["every"] and STARTS.match(after):
        score += 0.6
    if moment.recurs and not hoped:
        score -= 0.6
    score -= {Role.TOLD: 1.7, Role.BUSY: 0.9}.get(role, 0.0)
    if moment.day is None and moment.clock is None:
        score -= 2.0 if moment.part in _NOT_ALONE else 1.0
    if moment.day is not None and _THAT_DAY.search(rest):
        score += 1.0
    if not arranged:
        score -= 1.6
    return score


def _scored(moment: Moment) -> float:
    """The more of a time is said, the likelier it is one for somebody to come."""
    return 0.5 * bool(moment.part) + 0.7 * bool(moment.clock) + 0.8 * bool(moment.day) - 0.2
