"""What a time in a Chinese message is about: the wish, a habit, opening hours, something else."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from dataclasses import dataclass
from enum import Enum

from intake.understanding.when_chinese import Moment
from intake.understanding.when_chinese_patterns import DAYS


class Role(Enum):
    """What a time is about."""

    OPEN = "open"
    """Nothing speaks against it."""
    TOLD = "told"
    """It is told rather than wished: somebody's arrival, an errand of one's own."""
    BUSY = "busy"
    """The sender has something else to do then; it is wished only if no other time is."""
    EXCLUDED = "excluded"
    """Nobody shall come then."""
    OTHER = "other"
    """A habit, opening hours, a programme, a birthday, how long a thing lasts, the past."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The words around a time: of its clause, and of the rest of its sentence."""

    lead: str
    rest: str
    sentence: str
    whole: str


_REQUEST = re.compile(
    "来(?!了[一个两几,，。]|着|不及|源|电|水)|送|接|派|约|预订|订|请|想|找|求|麻烦|帮|给[我俺咱他她老]?|能不能|能否|可不可以|行不|中不|好伐|上门|陪|有空|闲着|在家|有人|方便|合适|取消|退|不用|"
    "代|替|捎|理发|修|换药|打扫|擦|复查|拆线|出院|都行|可以|最好|安排|要(?![到求紧死命满])|得去|就行|就成"
)
_RECURS = re.compile("每个?月$|每$")
_HABIT_BEFORE = re.compile(
    "(?:都是|老是|总是|[他她你们]总|平时|平常|往常|一般|经常|常常|夜夜|老早|以往|向来|一向|往年|每年|(?:本来|原来|原先)(?!就?[约定订预挂])|(?<![周期拜])一到|一过|每到|每逢|只要|有时候?|头几[趟回]|(?<![一二三四五六日天点半刻号午晚上早年月\\d分钟])以前|从前|那时候|"
    "年轻时候?|小时候)[^,，]{0,8}$"
)
_HABIT_AFTER = re.compile(
    "^[^,，]{0,4}(?:就(?:醒|放|吵|吆喝|闹|响|开始|起床|来劲|喊|咳|疼)|就?醒|还在|都在|又在|拖(?:桌|椅|板?凳|东西)|还(?:翻身|睡不|没睡|醒着|亮)|就(?:困|犯困|睡|迷糊)|吆喝|放(?!在|到|门|下)|跳|唱|打呼|喝酒|睡不|失眠|喊疼|各|也(?:弄|敲|装|吵|放|不|没|钻|拖|在|闹)|[\\s]?[半一二两三四五六\\d]+[片颗粒丸针次])"
)
_DOSE = re.compile(
    "^(?:吃|打|喝)的|^(?:那|的那)?[一半两二三四]?[片颗粒针]|^吃(?!过|完|了)[^,，]{0,3}药|^(?:早晚|饭)"
)
_OPENING = re.compile(
    "([做教收办卖唱开供看接出坐当])不(?!出来)\\1|开不开|开门|(?<![我俺])关门|关不关|犯不犯|宜不宜|黄历|开放|营业|打烊|放假|放不放|开课|上课(?!前|后|的?时)|几点|(?<![便管])(?:什么时候|啥时候)|啥辰光|多咱|还有人[,，。?？吗]?$|还(?:上|教|唱|演|办|开|有课|发)[^,，]{0,4}[吗不么伐没]|"
    "那个班|有[没冇无]有?(?:[^,，来给教补]{0,4}课(?!的)|人上班|人值班|饭(?!送)|讲座|班车|活动|演出|义诊|电影|热水|号了?$)|还有没$|^开[吗不么没]$|在不在(?:你们|恁|站|所|那|班|岗|这)|来(?:站|所|中心|社区|你们|恁)[^,，]{0,4}[不吗没么伐]$|(?:坐班|坐诊|坐堂|出诊|当班|值班|办公|接待|接诊|看诊|门诊|开诊|在班|在岗)(?:[^,，]{0,3}(?:[不吗么没伐嘛无呢]|$))|能不能办|能办|办不办|来不来(?!接|送|得)|上不上|收不收|有没有课|讲座|开场|开始发|开演|上班(?:吗|不|没|么|呢)"
)
_SCHOOL = re.compile(
    "^[^,，]{0,4}(?:放学|下学|散学|下课|放寒?暑?假|打烊|收摊|收工|下班(?!在|后|以后|来|就来|休)|散场|上[夜早中晚白大小]班|开场|开演|开播|发车|开船)"
)
_CLASS = re.compile("的(?:那个)?(?:班(?!车)|课|节目|戏|电影|讲座|场次?|训练)")
_ONLY_THEN = re.compile("^[^,，]{0,8}才(?!有空|在家|得空|方便|行|休|能在|有时间|有人)")
_NEWS = re.compile(
    "电视|节目|新闻|球赛|台风|预报|下雨|下雪|落雨|降温|寒潮|演习|演练|警报|庙会|比赛|展览|表演|停[水电气暖]|联欢|晚会|播|连续剧|暴雨|大风|刮|级风|天气|气温|多少度"
)
_BIRTH_AFTER = re.compile(
    "^[^,，]{0,3}(?:满|的?生日|过生|过寿|出生|生的|生人|大寿|过[五六七八九]?十|整?[五六七八九]十岁|做寿|寿[辰宴])"
)
_PARTY = re.compile("生日(?!是)|大寿|做寿|寿[辰宴]|过寿")
_BIRTH_BEFORE = re.compile(
    "(?:[印写登记填]的是?|生日是?|出生|过生日?|生于|属[鼠牛虎兔龙蛇马羊猴鸡狗猪])[^,，]{0,4}[,，]?$"
)
_RUN_OUT_AFTER = re.compile(
    "^[^,，]{0,7}(?:没了|就没[^有人空]|断了|断[药顿档]|用完|[吃打喝](?:完(?!饭|早|午|晚|中|夜|再)|光)|见底|到期|过期|作废|不够|用光|停药|钱就停)"
)
_UNTIL = re.compile(
    "(?:只够|就?够|撑|顶|熬|维持|坚持|挺)[^,，。]{0,6}$|(?:还?剩|只剩)[^,，。]{0,2}$|[^\\s改约推挪换延调定提预排等轮赶移顺订在从拖直,，。、0-9一二三四五六七八九十号点午天晚月底日期半末早上]了?到$|一直到$"
)
_REPORTED = re.compile(
    "(?:供电所?|电力|自来水|燃气|煤气公司|物业|客服|通知|预报|新闻|电视|供暖|热力|保安|公告|社区)[^,，。]{0,6}(?:[说讲叫道]|写着|贴着)[^,，。]{0,8}$|(?:说好|讲好|答应|说是|报的|原定|本该|应该)[^,，。]{0,4}$"
)
_PAST_AFTER = re.compile(
    "^(?:多|左右|钟|前后|的时候)?[^,，]{0,5}(?:停[的了]|断[的了]|坏[的了]|摔|跌|跤|倒[在了]|掉[在了下]|栽|报[的了过]|报修了|交[的了]|吐|发烧|烧到|晕|起来?就|起就|开始(?:没|不|停|漏|疼|咳|吵|闹|突)|来[了过]|走[了的]|没[来电水气暖]|吃[了过]|打[了过]|买[了的]|钟?有人[来敲打按喊叫][^,，]{0,3}[过了]|特[为地意]去|白跑|扑了?空|没动静|到现在|就没[来见])"
)
_IN_VAIN = re.compile("没影|没来人?[,，。]?$|没人来[,，。]?$|白等|到现在(?:还|也|都)?没")
_ALREADY = re.compile("^[^,，]{0,3}就(?:不|没|一直|已)")
_AWAY = re.compile(
    "^[^,，]{0,6}?(?:没空|不得空|[不没]得?空|没时间|没工夫|(?<!行)不行(?!吗|么|就|的话|再)|(?<!成)不成|(?<!中)不中|不方便|不便|都?不在|(?<!有)没人|来不了|去不了|(?<!来)不来(?!接|送|吗|了)|有事|有课|不巧|走不开|"
    "约了(?:麻将|牌|人|朋友|同学|别的|老)|都?有牌局|的[^,，]{0,2}(?:别|莫|甭|不用|不要)送|[别甭莫](?:上门|来|派|让)(?!了)|(?:不要|不用|不必|不消)(?:来|派|让)(?!了)|不合适|除外|以外|不算|不凑巧|[很太挺正]忙|忙着|满了|值班|出差|休息不了|请不[下到出了])"
)
_BUSY = re.compile(
    "^[^,，]{0,3}(?:我|俺|我们|他|她)?(?:要|得|去|在)[^,，]{0,6}$|^[^,，]{0,3}(?:睡觉|买菜|上班|出门|打针|出去|开会|串门|打牌|打麻将)"
)
# Errands that leave the home empty: no time to come, unless a ride or company is asked for.
_ERRAND = re.compile(
    "^(?:[^,，不没]{0,9})(?:开会|赶集|赶场|赶圩|趁墟|吃席|[喝吃](?:喜|寿|满月)?酒|上坟|扫墓|走亲戚?|串亲|串门|打牌|打麻将|搓麻将|下地|下田|上工|(?<!不)上班|值班|返工|返学|出车|跑车|进货|念佛|做礼拜|去教堂|拜拜|烧香|聚会|同学会|买菜|遛弯|考试|家长会|排练|彩排|下棋|跳舞|锁门|出远门|喝喜酒|结婚|接亲|出摊|赶火车)"
)
_RIDE = re.compile("车|送我|送俺|送他|送她|送老|接我|接俺|陪|搭我|捎我|跟着|托管|看孩子|带孩子")
FREE = re.compile(
    "^[^,，不没]{0,8}?(?:请(?:好|到|下|了|过)[^,，]{0,4}假|请假了|告[了好]?假|调(?:好|了)?[休班]|倒(?:好|了)?[休班]|换(?:好|了)?班|(?<!才)轮休|歇班|歇工|休息(?!不)|休假|公休|补休|在家(?!里?[吵闹哭])|在屋|在场|[屋家][里头](?:头)?有人|有人(?:给)?开门|有人在|一直在|守[着到在]|候[着到]|喺屋)"
    "|^[我俺]?(?:打烊|收摊|收工|下班|关门|散场)了?(?:就|才)?(?:有空|得空|有时间|有工夫|行|可以|方便)"
    "|^[我俺]?在(?=$|[,，。;；!！])|^[,，\\s]?(?:以后|之后|过后)?(?:我们?|俺)才(?:能)?(?:到家|回来|回家|进门|下班)|^[^,，]{0,4}(?:到家|回来|回家)(?:了|以后|之后)?再(?:来|派|送|上门|过来)"
    "|^[^,，]{0,4}?(?:没课|没班|不上班|不当班|不出门|不出屋|不出去|不出摊|不返工|哪[儿里]?[也都]不去)"
)
"""Somebody is at home, or has leave."""
ANY_HOUR = re.compile(
    "^[,，\\s]?(?:的?话)?(?:早晚|早点晚点|几点钟?|[啥什哪]么?个?(?:时候|会儿|辰光|钟点)|哪个?钟点)[来去]?[都也](?:[行成中好得在]|可以|有空|方便|没关系|不要紧)"
)
"""Any hour of the day will do: 明天早晚都行."""
PRESENT = re.compile("在场好|趁[人他她]|就有人开门|有人开门|在家好")
_DONE = re.compile(
    "^(?:头|那会儿|前后)?[^,，]{0,2}(?:就[^,，]{0,6})?(?:递|交|报|寄|填|登记|申请|反映|讲|说|问|打电话|打过|约|订|坏|停|办|装|付|提|送|漏)[^,，]{0,7}?(?:[了过的咧哩啦]|名$)"
)
_STILL_ASKED = re.compile(
    "[行中成](?![午间])|可以|[要想得能]|最好|帮|请|麻烦|希望|吧|(?<!没)来(?!着|问过)"
)
_NOT_BEFORE = re.compile(
    "(?:除了|除开|除去|除却|除|(?<![特分区告识])别|甭|莫|(?<!要)不要|(?<![能要想是行来])不(?:是|想|能)?)(?:在|是|等|到|选|约|赶)?$"
)
_SOMEBODY = "(?:闺女|女儿|女婿|儿子|儿媳妇?|媳妇|孙[子女儿]|孙媳|外甥女?|外孙女?|侄[子女儿]|姑娘|老伴|妹妹|妹子|姐姐|哥哥|弟弟|亲戚|家里人|孩子|小孩|客人|房东|老板|亲家|俺?儿|俺?闺|老头子|老太太|妈|爸|娘|爹)"
_ARRIVES = re.compile(f"{_SOMEBODY}[^,，]{{0,4}}$")
_ARRIVAL = re.compile(
    f"^[^,，]{{0,3}}(?:{_SOMEBODY}[^,，]{{0,3}})?(?:从[^,，]{{1,4}})?(?:要|就|才)?(?:回|又?要走|到家|来(?!接|送|取|陪|修|帮|给|看看|打扫|量|剪|擦|换|洗|教|装|搬|喂)|带|过来|做手术|住院|结婚|过门)"
)
_CANCELLED = re.compile(
    "取消|退[了掉吧]|不用.{0,10}了|别[^,，]{0,4}了|不约|算了|撤|不来了|不要了|不去了|不消|用不着"
)
_OVER = re.compile("(?:都|也|早)?(?:一)?过(?:[了完去]|后)(?![^,，]{0,4}[再来])")
_SOFT = ",，。!！?？;；\n… "
_HARD = "。!！?？;；\n"
_REACH = 26


def setting(view: str, moment: Moment, following: int | None = None) -> Setting:
    """Return the words around `moment`, at most `_REACH` characters to each side.

    `following` is where the next time begins: what is said from there on is said of that one.
    """
    before = view[max(0, moment.start - _REACH) : moment.start]
    after = view[moment.end : moment.end + _REACH]
    sentence = _until(after, _HARD)
    own = sentence if following is None else sentence[: max(0, following - moment.end)]
    rest = _until(own.lstrip(" ,，"), _SOFT)
    return Setting(_since(before, _SOFT), rest, sentence, _since(before, _HARD) + sentence)


def _until(text: str, stops: str) -> str:
    ends = [i for i, character in enumerate(text) if character in stops]
    return text[: ends[0]] if ends else text


def _since(text: str, stops: str) -> str:
    starts = [i for i, character in enumerate(text) if character in stops]
    return text[starts[-1] + 1 :] if starts else text


def roles(view: str, moments: list[Moment]) -> list[Role]:
    """Return the role of each of `moments`, which are in the order of the text."""
    starts = [*(moment.start for moment in moments[1:]), None]
    around = [setting(view, m, s) for m, s in zip(moments, starts, strict=True)]
    found = [_role(view[m.start : m.end], m, a) for m, a in zip(moments, around, strict=True)]
    if not _RIDE.search(view):
        for index, (moment, words) in enumerate(zip(moments, around, strict=True)):
            errand = _ERRAND.match(words.rest) and not _CANCELLED.search(words.sentence)
            if errand and (moment.day or moment.part) and not moment.before and not moment.after:
                found[index] = Role.EXCLUDED
    for index in range(1, len(moments)):
        # 除了周二周四, 周一到周三都不在: what is said of one is said of its neighbours.
        if not _linked(view, moments[index - 1], moments[index]):
            continue
        lead = around[index - 1].lead
        if found[index - 1] is Role.EXCLUDED and _NOT_BEFORE.search(lead):
            found[index] = Role.EXCLUDED
    for index in range(len(moments) - 1, 0, -1):
        if _linked(view, moments[index - 1], moments[index]) and found[index] in (
            Role.EXCLUDED, Role.OTHER,
        ):  # fmt: skip
            found[index - 1] = found[index]
    for index in range(1, len(moments)):
        # 明天透析那趟，不是明天，是星期四: nothing before the correction holds.
        if found[index - 1] is Role.EXCLUDED and re.search(
            "[,，]是$", view[: moments[index].start][-2:]
        ):
            found[:index] = [Role.EXCLUDED] * index
    for index in range(1, len(moments)):
        # 星期五是复查，是星期四早上八点去办住院: what the first one is, is told.
        told = re.match("是(?!不是)[^,，。]{1,8}[,，]", around[index - 1].sentence)
        if told and re.search("是$", around[index].lead):
            found[index - 1], found[index] = Role.EXCLUDED, Role.OPEN
    # 理发不要周一，周一你们休息: what is excluded once is excluded wherever it stands.
    said = [view[m.start : m.end] for m in moments]
    gone = {
        name
        for name, m, role in zip(said, moments, found, strict=True)
        if role is Role.EXCLUDED and m.day is not None and not (m.part or m.clock)
    }
    if any(
        role is Role.OPEN and m.day is not None and name not in gone
        for name, m, role in zip(said, moments, found, strict=True)
    ):
        found = [
            Role.EXCLUDED if name in gone else role for name, role in zip(said, found, strict=True)
        ]
    for index in range(1, len(moments)):
        # 今天礼拜四 tells the date.
        one, other = moments[index - 1], moments[index]
        if (
            view[one.start : one.end][:1] == "今"
            and other.day is not None
            and not (one.part or other.part or other.clock)
            and re.fullmatch("是?", view[one.end : other.start])
        ):
            found[index - 1] = found[index] = Role.OTHER
    return found


def _linked(view: str, one: Moment, other: Moment) -> bool:
    between = view[one.end : other.start]
    return len(between) <= 2 and bool(re.fullmatch("[、和跟或到至~-]?者?", between))


def _role(said: str, moment: Moment, around: Setting) -> Role:
    lead, rest = around.lead, around.rest
    if _excluded(around):
        return Role.EXCLUDED
    free = FREE.match(rest) or ANY_HOUR.match(rest) or PRESENT.search(around.sentence)
    if _lasts_or_recurs(moment, around) and (moment.recurs or not ANY_HOUR.match(rest)):
        return Role.OTHER
    if not free and (_is_public(moment, around) or _is_past(moment, around)):
        return Role.OTHER
    if free:
        return Role.OPEN
    asks = _REQUEST.search(around.sentence) or re.search("想|要|请|约|找|派|能|改|订|换", lead)
    if not asks and (_ARRIVAL.search(rest) or _ARRIVES.search(lead)):
        return Role.TOLD
    if _ARRIVAL.search(rest) and re.search(_SOMEBODY, lead + rest) and not re.search(
        "给|帮|派|请|接|能|想", around.sentence
    ):  # fmt: skip
        return Role.TOLD
    if re.match("^[^,，]{0,2}带", rest) or (lead.startswith("等") and _ARRIVAL.search(rest)):
        return Role.TOLD
    if _BUSY.search(rest) and not re.search(
        "复查|[医病车诊检科眼心]|拆线|透析|换药|化疗|拍片", rest
    ):
        return Role.BUSY
    return Role.OPEN


def _excluded(around: Setting) -> bool:
    if _NOT_BEFORE.search(around.lead):
        return True
    return bool(_AWAY.search(around.rest)) and not _CANCELLED.search(around.sentence)


def _lasts_or_recurs(moment: Moment, around: Setting) -> bool:
    lead, rest = around.lead, around.rest
    recurs = moment.recurs or bool(_RECURS.search(lead))
    daily = (moment.day is not None and moment.day["every"]) or not moment.recurs
    asked = _REQUEST.search(lead + rest if daily else around.whole)
    if recurs and (_HABIT_AFTER.search(rest) or not asked):
        return True
    if re.search("[从打自]$", lead) and re.match("[^,，来送去]{1,3}到", rest):
        return True
    if _HABIT_BEFORE.search(lead) or _DOSE.search(rest):
        return True
    if re.match("(?:的?那)?[一半两二三四]?顿", rest) and re.search("药|针|片|胰岛素", around.whole):
        return True
    if moment.day is None and _HABIT_AFTER.search(rest):
        return True
    return bool(
        _RUN_OUT_AFTER.search(rest)
        or (_UNTIL.search(lead) and not re.search("送来|来送", rest))
        or (
            _BIRTH_AFTER.search(rest)
            and not (_PARTY.search(rest) and _REQUEST.search(around.sentence))
        )
        or (_BIRTH_BEFORE.search(lead) and not _is_near(moment))
    )


def _is_near(moment: Moment) -> bool:
    """Whether the day is named from today on, as no birthday is: 下周四, 后天."""
    day = moment.day
    return day is not None and bool(day["rel"] or day["weekday"])


_SAID_BEFORE = re.compile("(?:讲|说|答应|保证|承诺|告诉我|话)(?:好|是|过|了|的|就|在){0,2}$")
_DONE_BY_THEM = re.compile(
    "^(?:就|给|内|必|肯定|一定)?(?:回[话复电]|来人|有人|上门|解决|处理|办好|修好|答复|到位|到账|发|批|派人)"
)


def _promised(moment: Moment, around: Setting) -> bool:
    """Whether others have said that it would be done within so long: 讲三天之内回话."""
    within = moment.day is not None and bool(moment.day["in"])
    return (
        within
        and _SAID_BEFORE.search(around.lead) is not None
        and _DONE_BY_THEM.match(around.rest) is not None
    )


def _is_public(moment: Moment, around: Setting) -> bool:
    lead, rest = around.lead, around.rest
    if re.search("(?:放学|下课|散学|收工|下班)[^,，]{0,2}$", lead) and not re.search("接|来", rest):
        return True
    if _CLASS.match(rest) and not _CANCELLED.search(around.sentence):
        return True
    if _promised(moment, around):
        return True
    if _SCHOOL.search(rest) or _ONLY_THEN.search(rest) or _REPORTED.search(lead):
        return True
    if re.search("[是在]$", lead) and re.fullmatch("[吗么嘛]", rest):
        return True
    if _OPENING.search(rest) and not re.search(
        "上门|能来|来接|给我|给俺|到家|来家|[我俺咱]家", around.sentence
    ):
        return True
    return bool(_NEWS.search(lead + rest)) and not re.search("[来帮给派请]|修|换", rest)


def _is_past(moment: Moment, around: Setting) -> bool:
    """Whether it is told as past; what lies ahead by its name (明天, 下周三) never is."""
    day = moment.day
    if day is not None and day["festival"] and _OVER.match(around.rest):
        return True
    if (
        day is not None
        and (moment.before or re.match("[^,，]{0,2}就", around.rest))
        and not (day["rel"] and DAYS[day["rel"]] > 0)
        and not (day["which"] or day["weeks"] or "").startswith("下")
        and _DONE.match(around.rest)
        and not _STILL_ASKED.search(around.rest)
        and not _CANCELLED.search(around.rest)
    ):
        return True
    if _ALREADY.search(around.rest) and not _CANCELLED.search(around.rest):
        return True
    ahead = day is not None and (
        (day["rel"] and day["rel"].startswith(("明", "后", "大后", "外后")))
        or (day["which"] or day["weeks"] or "").startswith("下")
    )
    told = _PAST_AFTER.search(around.rest) and not _CANCELLED.search(around.rest)
    in_vain = _IN_VAIN.search(around.sentence)
    return not ahead and bool(told or in_vain)
