"""Numbers that no reader has used and that are not known to be something else.

A number in a message is part of a home, a time or a telephone number, or it counts or measures
something: a dose, a price, an age, a bus line, blood pressure. One that is neither was perhaps
misread or missed, so that nothing is decided without a person (docs/decisions/016).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from intake.understanding.spoken_text import Heard, Span, cover
from intake.understanding.values import Reason

_DIGITS = r"\d{1,20}(?:\s?[.:：/~－-]\s?\d{1,20}){0,4}"
_HAN = "零〇一二两三四五六七八九幺"
# Han digits said one by one, or a numeral before the marker of a home: 三零二, 十二号.
_SPELT = rf"(?<![第{_HAN}十百千万半几])[{_HAN}]{{2,20}}(?![十百千万{_HAN}])"
_MARKED = rf"(?<![第{_HAN}十百千万])[{_HAN}十百]{{1,5}}(?=\s?(?:号(?!线)|[栋幢弄]|单元))"
_NUMBER = re.compile(f"{_DIGITS}|{_SPELT}|{_MARKED}")

# What is counted or measured. 楼 and 层: a floor is no home; 路 and 线: a bus line.
_COUNTED = re.compile(
    r"\s?(?:多|来|几|余|好几|大)?\s?(?:"
    "个|位|名|口|岁|周岁|块|元|毛|角|分|万|千|百|亿|斤|公斤|两|克|毫克|微克|吨|升|毫升|米|厘米|公分|公里|里地|平|"
    "度|次|回|遍|趟|天|日游|宿|夜|周|星期|礼拜|年|级|小时|钟头|刻|秒|层|楼|片|粒|颗|盒|瓶|包|袋|支|针|张|"
    "把|条|件|套|双|只|头|匹|台|部|辆|家|户|桌|碗|盘|份|样|种|场|步|折|成|倍|路|号线|期|代|届|胎|床|瓦|伏|"
    r"寸|根|股|坎|级|段|章|点|了|月(?!\d{1,2}[号日])|分(?!之)|页|本|封|笔|道|门课|坪|亩|桶|壶|勺|口人|以内|出头|上下|%|％|℃|°|"
    r"(?:kg|ml|mg|cm|mm|km|g|m|l|w|v|k|gb?|rmb|th|st|nd|rd|am|pm)(?![a-z])|"
    r"(?:years?|yrs?|days?|weeks?|months?|hours?|minutes?|mins?|yuan|people|persons?|times?|pills?|"
    r"tablets?|degrees?|percent|floors?|metres?|meters?|kilos?|stairs|steps|bottles?|boxes|bags?|"
    r"meals?|portions?|of|in)\b)"
)
_OTHER_BEFORE = re.compile(
    "(?:每个?月|取件码|金额|欠费|[花交付欠赔赚找掉]了?|地下[a-z]?|血压|高压|低压|心率|脉搏|血糖|体温|度数|尾号|户号|表号|[末尾后前]..?位|车牌|牌号|单号|编号|工号|卡号|"
    "密码|验证码|车位|学号|身份证|医保|微信|班次|车次|航班|床号|第|满|周岁|今年|比分|型号|"
    r"\b(?:bay|bus|line|tram|age|aged|size|version|page|floor|turned|she.s|he.s|over|about|"
    r"around|at least|only|rmb|since))[\s:：是为到剩#]{0,2}$"
)
# Years and the numbers for emergencies; numerals that are no numbers: 三三两两, 五一, 三八.
_YEAR = re.compile(r"(?:19|20)\d\d|1(?:20|19|10)")
_WORDS = frozenset(
    ("一一", "三三两两", "七七", "八八", "五一", "三八", "六一", "八一", "一二", "二二", "三五",
     "二一", "一五", "四五", "两三")
)  # fmt: skip
# A day or a clock time that is to come, unless it is a habit or a time that is over.
_COMING = re.compile(
    "(?<![每逢上昨前])(?:明|大?后)(?:[天日儿早晚]|个?上午|个?下午)|今晚|今黑|今夜|"
    "(?<![每逢上])(?<!每个)(?<!上个)(?:下下?个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天末](?![的次]?都)|"
    r"\d{1,2}月\d{1,2}[号日]?|(?:上午|下午|早上|晚上|中午)[\d一二三四五六七八九十]{1,3}点|"
    r"\b(?:tomorrow|tonight|(?:next |this |on )(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
_MOST = 3
UNEXPLAINED = frozenset(("number_unexplained", "time_unexplained"))
"""The codes of the reasons that `unexplained` gives."""


def find_numbers(heard: Heard, explained: Iterable[Span]) -> Iterator[Span]:
    """Yield the spans of numbers outside the `explained` spans that count or measure nothing.

    Linear in the length of the text.
    """
    text = heard.text
    covered = cover(len(text), explained)
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if any(covered[start:end]):
            continue
        said, before = match.group(), text[max(0, start - 8) : start]
        if said in _WORDS or _YEAR.fullmatch(said) or _is_approximate(said, text[end : end + 1]):
            continue
        if not (_COUNTED.match(text, end) or _OTHER_BEFORE.search(before)):
            yield start, end


def _is_approximate(said: str, following: str) -> bool:
    """Two neighbouring numerals in a row before a word, as in 三四个 and 七八成."""
    order = "一二三四五六七八九"
    return len(said) == 2 and said in order and following.isalpha()


def unexplained(heard: Heard, explained: Sequence[Span], *, timed: bool) -> tuple[Reason, ...]:
    """The reasons that keep a message from being decided alone, with the words; () for none.

    `explained` are the spans that the readers have used. `timed`: a time was read, or is of no
    matter in this category; if not, days and times that are to come count as well.
    """
    reasons = []
    numbers = [heard.text[start:end] for start, end in find_numbers(heard, explained)][:_MOST]
    if numbers:
        zh, en = f"说到{'、'.join(numbers)}，没看懂是什么", f"Says {', '.join(numbers)}, not placed"
        reasons.append(Reason("number_unexplained", zh, en))
    coming = None if timed else _COMING.search(heard.text)
    if coming:
        said = coming.group()
        zh, en = f"说到“{said}”，不知是不是要的时间", f"Says “{said}”: is that when?"
        reasons.append(Reason("time_unexplained", zh, en))
    return tuple(reasons)
