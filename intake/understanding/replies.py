"""Short answers in a conversation: yes, no, never mind, only a room number, "I'd rather not"."""

import re

from intake.understanding.simplified import plain
from intake.understanding.spoken_text import Heard
from intake.understanding.unit import find_units, joined
from intake.understanding.values import Field

UNKNOWN = "not_in_gazetteer"
"""The note of a place that was named but is not in the gazetteer."""

_SPACE = r"[\s,.!?，。！？、；~～]*"
_YES = re.compile(
    rf"{_SPACE}(?:嗯+|恩|对+[的呀啊了着呢哩嘛喽]*|是[的呀啊]?|没错|不错|好+[的呀啊嘞]*|可以[的]?|行+[的吧]?|成|中|要得"
    rf"|确认|确定|就这样|就是这样|没问题|ok(?:ay)?|yes|yeah|yep|right|correct|sure|fine"
    rf"|that(?:'s| is) (?:right|correct|it))(?=$|[\s,.!?，。！？、]|谢|就|对|是|好)",
    re.I,
)
_NO = re.compile(
    rf"{_SPACE}(?:不对|不是|错了|不行|没有|不$|弄错|搞错|no\b|nope|wrong|not right"
    r"|that(?:'s| is) wrong)",
    re.I,
)
_DROPS = re.compile(
    r"(?:不|别)(?:要|用|报|修|送|约|订|叫|弄|办|登记|预约|派|接|做|搞|装|查|陪|打扫)了(?!.*(?:改|换|先|要))"
    r"|(?:不用|不必|不要|别|甭)(?:再|让人|叫人)?(?:来|去|派|接|送|修|弄|办|做|上门|跑)\S{0,3}了"
    r"|先(?:别|不)(?:派|来|送|接|修|弄|办|约|订|叫|做)"
    r"|取消|撤了|算了(?!\s*(?:不|别))|当我没说|cancel|never ?mind|forget (?:it|about)|don't need",
    re.I,
)
_TAKES_BACK = re.compile(
    r"(?:先|就|都)?不\S{0,4}了|先(?:放|搁|缓)|放一?放|回头再|以后再[说弄办]|算了|改成|换成|改为|不要|取消|不是\S+(?:是|要)|等等|instead|rather"
    r"|changed my mind|not .+ but",
    re.I,
)
_ASKS_FOR = re.compile(
    r"[帮请找叫派]|(?:来|给|要|出|换)[个位人]|想(?!不)|需要|(?:换|改)[成为]|那就|先修|\b(?:need|want|could|can|would|please|get)\b",
    re.I,
)
_INSTEAD = re.compile(
    r"不是[^，,。；\s]{1,12}[，,。；\s]*(?:而)?是(?!不)"
    r"|不(?:姓|叫)[^，,。；\s]{1,4}[，,。；\s]+(?=\S{0,2}(?:姓|叫|是))"
    r"|(?:改|换|挪|推迟)(?:成|到|为)|应该是"
    r"|改(?=[上下中]午|早上|晚上|傍晚|[明后]天|大后天|下?个?(?:周|礼拜|星期)|\d)"
    r"|(?:change|move|make) (?:it|that) to|not .{1,20}(?:but|it's|it is) ",
    re.I,
)
_ADDS = re.compile(
    r"还有|另外|顺便|顺带|再(?:帮|给|来|有)|对了|也(?:坏|要|想)|also|another|as well", re.I
)
_FOR_OTHER = re.compile(
    r"(?:替|帮|给|为)(?:我|咱|俺|他|她)?(?:家)?(?:的)?(?:[老大二三]?(?:妈|爸|娘|爹|伴|婆|公|太太|爷|奶|姥|舅"
    r"|姨|姑|叔|哥|姐|弟|妹|邻居|岳[父母]|父亲|母亲|爱人|丈夫|妻子|孩子|儿子|女儿|孙))|邻居\S{0,6}(?:报|约|订)"
    r"|(?:for|behalf of) (?:my|our|his|her) "
)
_OWN_NAME = re.compile(r"(?:我|本人)(?:姓|叫|是)|my name|i am|i'm", re.I)
_NO_PHONE = re.compile(
    r"(?:电话|号码|手机)\S{0,4}(?:不|没|算了|别)|(?:不|没)\S{0,3}(?:留|给|有|用)\S{0,3}(?:电话|手机|号码)"
    r"|(?:no|without|not) .{0,20}(?:phone|number)",
    re.I,
)
_NO_NAME_GIVEN = re.compile(
    r"(?:不|别|就不|甭)(?:留|报|写|说|登记)(?:个|我)?(?:姓|名|名字|姓名)|(?:姓|名|名字|姓名)就?(?:不|别|甭)(?:留|报|写|说)"
    r"|匿名|no need for (?:my |a )?name|(?:not|don't|won't) (?:give|leave|say) (?:my |a )?name",
    re.I,
)
_ANY_TIME = re.compile(
    r"不着急|不急|随便(?:什么时候|哪天)?|都行|都可以|什么时候都|方便(?:的)?时候|有空就|哪天都|你们(?:看着|安排|定)|看你们|越快越好|尽快"
    r"|any ?time|whenever|no rush|no hurry|as soon as|asap",
    re.I,
)
_DECLINES = re.compile(
    r"不(?:知道|清楚|方便|想说|告诉|留|给|说|记得|用了|好说)|没(?:有|记住)|算了|保密|忘了|随便"
    r"|rather not|prefer not|don't (?:know|have|want)|no idea|skip|none|not sure",
    re.I,
)
_PHONE_DIGITS = 10  # 153 1007 2644 is no home
_BARE_UNIT = re.compile(
    r"(?:门牌号?码?|房号)?(?:就?是?|在|住)?"
    r"(\d{1,4}(?:\s*[-—–#/ ]\s*\d{1,4}){0,2})(?:室|号|户|房)?[吧的呀啊。.]?"
)
# A room before something else: 402。等等，先修油烟机. A telephone number is longer.
_FIRST_UNIT = re.compile(
    r"(?:就?是?|在|住)?(\d{2,4}(?:[-—–#/]\d{1,4}){0,2})(?:室|号|户|房)?[。.,，、;；!！…](?!\d{2})"
)
_PLACE_LIKE = re.compile(
    r"\S{1,12}(?:小区|新村|家园|花园|公寓|宿舍|大院|胡同|[里园苑院村庄街路巷弄城湾坊舍区楼寓府邸庭])(?:[^\u3400-\u9fff]|$)"
    r"|.*\b(?:street|road|lane|avenue|estate|court|garden|gardens|house|park)\b",
    re.I,
)
_NAME = re.compile(
    r"(?:我?叫|我?姓|我?是|就叫我?|叫我|name is|i'm|i am|call me)?\s*"
    r"([\u3400-\u9fff]{1,4}|[A-Za-z]+(?: [A-Za-z]+){0,2})[。.!！吧]?",
    re.I,
)
_NO_NAME = re.compile(
    r"知道|什么|怎么|为啥|干嘛|不|没|好|对|行|嗯|哦|谢|yes|no|ok|why|what|who|sure", re.I
)
_WRITTEN_NAME = re.compile(r"[A-Z][\w'-]*(?: [\w'-]+){0,3}[.!]?")
_NO_PLACE = re.compile(
    r"\b(?:hi|hello|hey|yes|no|ok(?:ay)?|thanks?|please|sorry|what|why|where|who|how|when|are|is|do"
    r"|can|i|i'm|my|the|you|never|any)\b",
    re.I,
)
_HELPED_NAME = re.compile(
    r"(?:她|他|老人家?|(?:我|咱)?(?:妈妈?|爸爸?|奶奶|爷爷|姥姥|姥爷|婆婆|公公|岳父|岳母|邻居|老伴))"
    r"(?:的?名字)?(?:姓|叫做?|名叫|是叫)([\u3400-\u9fff]{1,4}?)(?=$|[\s,，。；;！!、]|今年|住|电话)"
    r"|(?i:\b(?:her|his) name is|\b(?:she|he) is called) ([A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2})"
)
_ROBOT = re.compile(
    r"(?:是不是|是|跟|和)\S{0,6}(?:机器人?|真人|人工智能|电脑|活人)\S{0,6}(?:吗|么|吧|呢|啊|？|\?|$)"
    r"|(?:机器人?|真人|活人)(?:吗|么|吧|？|\?)"
    r"|\b(?:are|is) (?:you|this|it|there) .{0,12}\b(?:human|robot|bot|machine|person|real)\b",
    re.I,
)
_WANTS_PERSON = re.compile(
    r"[转找要换叫接想]\S{0,4}(?:人工|真人|活人|工作人员|客服)|talk|speak|put me|connect", re.I
)
_RUDE = re.compile(
    r"傻|笨|蠢|滚(?:开|蛋|吧|$)|废物|(?:你们?|真|都)\S{0,3}(?:垃圾|有病)|他妈的|妈的|神经病"
    r"|\b(?:stupid|idiots?|useless|f[u*]ck\w*|shit)\b",
    re.I,
)
_BETWEEN = re.compile(r"(?<=[\u3400-\u9fff])[ \u3000]{1,3}(?=[\u3400-\u9fff])")
_DIGITS = str.maketrans("零〇一二两三四五六七八九幺", "0012234567891")


def without_spaces(text: str) -> str:
    """The text without spaces between Chinese characters, as some people type: 不 急."""
    return _BETWEEN.sub("", text)


def yes(text: str) -> bool:
    """Whether the text begins with a yes."""
    text = without_spaces(text)
    return bool(_YES.match(text)) and not _NO.match(text)


def no(text: str) -> bool:
    """Whether the text begins with a no."""
    return bool(_NO.match(without_spaces(text)))


def drops(text: str, likely: bool) -> bool:
    """Whether the resident wants nothing any more. `likely`: the classifier says so."""
    return bool(_DROPS.search(without_spaces(text))) or (likely and not _TAKES_BACK.search(text))


def asks_for(text: str) -> bool:
    """Whether the words ask for a service: "帮我找人看看冰箱"."""
    return bool(_ASKS_FOR.search(text))


def takes_back(text: str) -> bool:
    """Whether the resident takes back something said before: "饭先不订了".

    A refusal to leave a telephone number does not count.
    """
    return bool(_TAKES_BACK.search(_NO_PHONE.sub("", text)))


def instead(text: str) -> int:
    """The offset after "not … but" or "change it to": only the words from there on still hold.

    0 without such words.
    """
    ends = [found.end() for found in _INSTEAD.finditer(text)]
    return ends[-1] if ends and ends[-1] < len(text) else 0


def adds(text: str) -> bool:
    """Whether the resident mentions one thing more: "by the way"."""
    return bool(_ADDS.search(text))


def for_other(text: str) -> bool:
    """Whether help is asked for somebody else: "替我妈报的"."""
    return bool(_FOR_OTHER.search(text))


def own_name(text: str) -> bool:
    """Whether the resident gives their own name, not that of the person who needs help."""
    return bool(_OWN_NAME.search(text))


def helped_name(text: str) -> Field[str] | None:
    """The name of another person who needs help, "她姓李"; None when none is named."""
    found = _HELPED_NAME.search(text)
    if found is None:
        return None
    group = 1 if found[1] else 2
    return Field(found[group], found.span(group), 0.7)


def asks_robot(text: str) -> bool:
    """Whether the resident asks if this is a machine, without asking for a person."""
    return bool(_ROBOT.search(text)) and not _WANTS_PERSON.search(text)


def wants_person(text: str) -> bool:
    """Whether the words ask for a person to talk to: 转人工."""
    return bool(_WANTS_PERSON.search(text))


def small_talk(text: str, intent: str) -> str:
    """The kind of small talk: "robot", "rude", else the classifier's `intent`."""
    if asks_robot(text):
        return "robot"
    return "rude" if _RUDE.search(text) else intent


def declines(text: str, asked: str | None) -> list[str]:
    """The names of the fields that the resident won't or can't give.

    `asked`: the field that was asked for, None if none was.
    """
    text = without_spaces(text)
    found = []
    if _NO_PHONE.search(text):
        found.append("phone")
    if _ANY_TIME.search(text):
        found.append("when")
    if _NO_NAME_GIVEN.search(text):
        found.append("person")
    if asked and asked not in found and (_DECLINES.search(text) or (asked == "phone" and no(text))):
        found.append(asked)
    return found


def _house(said: str) -> str | None:
    """The street number of an answer to where the home is: 就靠河那头，58号前面."""
    homes = {joined(mention.parts) for mention in find_units(Heard.of(said))}
    return homes.pop() if len(homes) == 1 else None


def bare(asked: str, text: str, *, others: bool) -> Field[str] | None:
    """The value of the field `asked` when the text is nothing but that value; None otherwise.

    `others`: the readers have found other fields in the text.
    """
    said, written = plain(text).strip(), text.strip()
    if asked == "unit" and (m := _BARE_UNIT.fullmatch(said.translate(_DIGITS))):
        parts = re.findall(r"\d+", m[1])
        if sum(map(len, parts)) < _PHONE_DIGITS:
            return Field("-".join(parts), (0, len(text)), 0.8)
        return None
    if asked == "unit" and (m := _FIRST_UNIT.match(said.translate(_DIGITS))):
        return Field("-".join(re.findall(r"\d+", m[1])), m.span(1), 0.8)
    if asked == "unit" and (house := _house(said)):
        return Field(house, (0, len(text)), 0.7)
    if asked == "place" and len(said) <= 30 and _PLACE_LIKE.match(said):
        return Field(written if written.isascii() else said, (0, len(text)), 0.3, note=UNKNOWN)
    if asked == "place" and _WRITTEN_NAME.fullmatch(written) and not _NO_PLACE.search(written):
        return Field(written.rstrip(".!"), (0, len(text)), 0.3, note=UNKNOWN)
    if asked == "person" and not others and not _NO_NAME.search(said):
        named = _NAME.fullmatch(said)
        return Field(named[1], (0, len(text)), 0.6) if named else None
    return None


_NOT_FIXED = re.compile(
    r"没(?:有)?(?:人)?(?:给|来)?(?:我)?(?:修|弄|办|做|搞|送|来)(?:好|完|到)?|还(?:是|在)?(?:坏|漏|不|没|堵|响)"
    r"|又(?:坏|漏|堵|不)"
    r"|not (?:fixed|done|right)|still (?:broken|leak|drip|not)|(?:broken|leaking) again",
    re.I,
)
_POINTS = re.compile(
    r"([1-5])\s*(?:分|星|颗星|points?|stars?|/\s*5|out of)|^\s*([1-5])\s*[。.!]?\s*$", re.I
)
_WORDS = (
    (1, r"很差|太差|极差|差劲|糟|恶劣|terrible|awful|horrible|very bad"),
    (2, r"不(?:太|怎么|是很)?(?:满意|好|行)|不像话|差评|没修好"
        r"|\bbad\b|poor|not (?:good|happy)|unhappy"),
    (5, r"(?:非常|特别|十分|很)(?:好|满意)|满分|太好|好评|表扬"
        r"|excellent|great|perfect|wonderful|very good"),
    (3, r"还行|一般|凑合|马马虎虎|还可以|过得去|so-so|okay|\bok\b|average|not bad"),
    (4, r"满意|不错|挺好|好|\bgood\b|nice|fine"),
)  # fmt: skip


def not_fixed(text: str) -> bool:
    """Whether the resident says that a service reported as done isn't done: "还是漏水"."""
    return bool(_NOT_FIXED.search(text))


def points(text: str) -> int | None:
    """A rating from 1 (worst) to 5, given as a number or in words; None without one."""
    said = plain(text)
    if m := _POINTS.search(said.translate(_DIGITS)):
        return int(m[1] or m[2])
    for value, words in _WORDS:
        if re.search(words, said, re.I):
            return value
    return None
