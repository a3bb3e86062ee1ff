"""Contexts in which words of danger are harmless: the past, television, a drill, a figure of
speech, a thing instead of a person.

As everywhere in this package, gaps are bounded and the text is plain Simplified Chinese or
lower-case English.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re

from intake.understanding.spoken_text import Lexicon


def _all(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


FIGURES_OF_SPEECH = _all(
    "(?:气|急|烦|闷|催|热|冷|饿|累|吵|愁|笑|做|弄|逼)得?(?:我|人|他|她)?[^,。!?]{0,3}(?:要|想|快|能)[^,。!?]{0,2}(?:去)?(?:跳[楼河江海]|上吊|撞墙|吐血|自杀|去死)",
    "(?:累|气|笑|愁)(?:得|到|的)?(?:我)?(?:要|快|都)?吐血|吐血推荐|(?:简直|等于|就是|真是|像)[^,。]{0,3}抢劫",
    "(?:热|闷|吵|堵|累|尴尬|压抑|涨|贵|催)(?:得|的)?[^,。]{0,5}窒息",
    "(?:笑|气|急|烦|累|饿|吵|热|冷|冻|愁|想|馋|美|乐|困|臭|吓|羞|疼|逗|高兴|激动)(?:都|也)?(?:快|要)?(?:把)?[^,。]{0,3}死(?:我|人|了|个)",
    "把(?:我|人|大家)(?:都|给)?(?:快|要)?(?:笑|气|急|吓|愁|吵|逗|烦)死|逼死|逼疯|要了?(?:我的?|亲)?命了|要人命|老命",
    "(?:快|要)(?:笑|气|热|累|饿|吵|烦)(?:死|疯|炸)|撞墙",
    "(?:人|火|生意|节目|歌|视频)(?:气|都)?(?:爆|火)(?:棚|爆)|气(?:得|的)[^,。]{0,4}(?:爆炸|冒烟|冒火)|嗓子[^,。]{0,4}(?:冒烟|着火)|(?:眼红|急)得[^,。]{0,3}(?:冒烟|冒火)",
    "(?:绕|搞|弄|看|说|算|问|听)(?:得)?(?:头都?)?晕|(?:说|骂|冲|朝|对|给)[^,。]{0,5}翻[^,。]{0,3}白眼",
    "朋友圈|(?:火|热)得(?:一塌糊涂|不行)|心里[^,。]{0,3}着火|火(?:烧|急)火燎",
    r"(?:bored|laughing|starving|dying) to (?:death|know|see)|laughed? (?:my|so)|killing me|scared (?:me )?to death",
)  # fmt: skip

LIKENESS = re.compile(
    "(?:像|跟|好比|如同)[^,。]{0,8}(?:似的|一样|一般)|(?:着火|爆炸|触电|救命)[^,。]{0,3}(?:似的|一样|一般)"
)
"""A comparison: harmless, unless it is a pain that is compared (疼得跟刀绞一样)."""

_THING = (
    "(?:花镜|球|鞋|书包|猫|狗|鸟|鹦鹉|鸽子|鸡|鸭|宠物|乌龟|兔子|钥匙|手机|存折|身份证|快递|包裹|钱包|眼镜|拐杖|拐棍|假牙|医保卡|社保卡|东西|衣服|自行车|电动车|"
    "遥控器|助听器|戒指|卡|花盆|晾衣杆|被子|瓷砖|墙皮|空调|广告牌|灯|吊顶|树枝|螺丝|画|钱|证|帽子|雨伞|轮椅)"
)
_THING_EN = r"\b(?:cat|kitten|dog|puppy|poodle|parrot|bird|rabbit|pet|parcel|package|keys?|phone|wallet|purse|bag|card|glasses|stick|letter|hat|scarf|umbrella|ball|bike|tile)\b"

HARMLESS: dict[str, tuple[re.Pattern[str], ...]] = {
    "trapped": _all("^(?![\\s\\S]*(?:出不[来去]|困|反锁|[关锁]在|哭|有人|喘|哼|着火|烟))[\\s\\S]*?(?:锁芯|门锁[^,。!?]{0,6}(?:坏|涩|锈|不好使|卡|松)|钥匙[^,。!?]{0,8}(?:转|拧|卡)|[换修装配][^,。!?]{0,6}[锁门]|(?:杂物|纸箱|堆|码的?|放)[^。!?]{0,16}推|防火门|闭门器|抽屉|窗户[^,。!?]{0,6}(?:推|变形|打不开))"),
    "urgent": _all("电[梯提][^,。!?]{0,6}(?:天天|老是?|总是?|经常|三天两头|动不动)","^(?![\\s\\S]*(?:楼下|淹|漫|爆|崩|喷|地板|泡|总阀))[\\s\\S]*?(?:水箱|浮球|马桶|费水|水费|不热|阀芯|废水管|浇花)[\\s\\S]{0,20}(?:哗|一直)"),
    "help": _all("划拳|喇叭|噪|吵|音响|音箱|装修|电钻|炸开|扰民","dying (?:for|to)", "马桶|下水|水管|空调|海鲜|冰箱|蟑螂|老鼠|作业|网速|电脑|热死","😂|🤣|哈哈|嘻嘻|广场舞|怎么(?:退|弄|用|关|删|设置|发)|微信|密码|遥控|验证码|救命(?:讲座|知识|课)"),
    "fire": _all("铃声|(?:打|点)不着(?:火)?|火苗[^,。]{0,5}(?:小|弱|黄|不旺)|拔了|还用呢|(?:烟囱|尾气|烧烤|烤串|烤肉|油烟(?!机)|排烟|工厂|餐馆|饭店|烧香|香炉|抽烟|吸烟|烟味)|(?:火|烟)[^。]{0,6}(?:已经?|早就|都)?(?:灭了|扑灭了|没了)(?![^。!?]{0,20}(?:又|刚才|还在?)[^,。!?]{0,6}(?:冒|着|起|烧))|(?:barbecue|bbq|cigarette|smokes|smokers|incense)|演习|演戏|演练|灭火器[^,。]{0,6}(?:发|领|过期|教)|burning (?:leaves|rubbish|incense|paper)"),
    "gas": _all("(?:没有?|无)[^,。]{0,3}(?:煤气)?味|停气|(?:没|不)漏(?:气)?(?:[,。]|$)|下水|化粪池|垃圾|粪|油烟|油漆|甲醛|烧烤|臭水|厕所|淡淡的|丝丝|其实是|原来是|假的|虚惊|修好了|谢谢你们"),
    "missing": _all("我(?:也|都)?[寻找]不|教(?:了|过)", rf"{_THING}[^,。]{{0,12}}(?:丢|不见|找不|失踪|跑)|{_THING_EN}[^.]{{0,30}}(?:missing|lost|wandered|disappear|find)|找回来了|找到了|(?:过年|春节|[一两几多\d]年)[^,。]{{0,8}}没回|(?:走失|失踪|丢)了?(?:多|好几?|[一二三四五六七八九十两几\d]+)年"),
    "drowning": _all(f"{_THING}[^,。]{{0,6}}(?:掉|落|滑|跳|翻)|{_THING_EN}[^.]{{0,20}}(?:fell|jumped|in the)|(?:掉|落)下?来的水"),
    "fall": _all(f"{_THING}(?:又|都|突然|从[^,。]{{0,6}})?(?:掉|摔|跌|滚|滑)"),
    "medical": _all("井盖","守夜|陪夜|熬(?:了|过)[^,。]{0,4}[月夜天]", "门卫|保安|(?:物业|公司|客服|师傅|房东|修灯)[^,。]{0,6}(?:叫|喊|推)|暖气|眼红|腿脚不(?:行|好)|暖气片?|(?:中风|脑梗|偏瘫|骨折|病|出院)(?:以后|之后|后)|手术|老毛病",r"\b(?:power|signal|wi-?fi|line|calls?|connection|internet|pressure)\b[^.]{0,20}dropping","(?:手机|电脑|电视|开关|门铃|遥控|机器|电梯|按钮|按键)[^,。]{0,10}(?:没反应|没有反应)|(?:后遗症|康复|恢复得)|(?:手机|电脑|电视|冰箱|空调|洗衣机|电池|车|轮椅|助听器|机器)[^,。]{0,8}不行了|(?:年了|年多|多年|瘫痪|偏瘫|常年|卧床)[^。]{0,30}(?:护工|康复|照顾|陪护|助浴|护理|理发)"),
    "self_harm": _all("(?:电视|新闻|小说|电影|剧)[^。]{0,20}|走(?:法律|司法|程序|流程|正规|后门|医保|仲裁|公证)"),
}  # fmt: skip

_PAST = (
    "自打|自从|那[场回]|头[几两]年|早[几两些]年|上个?月|上回|上次|上周|上个?(?:星期|礼拜)|去年|前年|大前年|前几[天年]|前些[天年日]|前阵子?|前一阵|那年|那[会时]儿?|那次|当年|"
    "以前|从前|曾经|年轻(?:的)?时候|小时候|[一二两三四五六七八九十几\\d]+(?:年|个月)(?:前|以前)|(?:昨天|前天|昨晚|昨夜)(?!开始|起|就|到|夜里)"
)
_UNREAL = (
    "电视(?!底|柜|旁|上[面头]|机|后|边|下)|报上|报道|新闻|电影|小说|剧[里中情]|戏里|广播|报纸|抖音|寓言|解梦|枪战片|片子|频道|古时候|历史|故事|评书|戏文|李白|爱情|猜谜|成语|课文|游戏|书[上里]|视频里|短视频|公众号|讲座|演习|演戏|演练|培训|宣传|防范|预防|防止|以防|"
    "万一|一旦|哪天|早晚|迟早|真要|要真|到时候|保不齐|难保|非得等|要是|如果|假如|假设|会不会|担心(?![,，。])|害怕(?![,，。!])|生怕|怕(?!是)|差一?点|险些|幸亏|幸好|梦见|做梦|梦里|听说|据说|知识|"
    r"\bif |leaflet|brochure|course|\bclass|training|workshop|\bdrill|advice (?:on|about)|learn|on tv|in the news|movie|last (?:week|month|year|time|spring|summer|autumn|winter)|\bonce\b|gives? me a|yesterday|used to|years? ago|afraid of|worried about|in case|nearly|almost"
)
_NOW = "真的?在|是真|现在|这会儿|刚才|刚刚|突然|忽然|正在|今天|到现在|一直|越来越|又犯|又来|又打|right now|just now|now "
NOT_NOW = {
    "before": re.compile(
        f"(?:{_PAST}|{_UNREAL})(?:(?!{_NOW})[^。!！?？;；\n])*$"
        "|(?:没有?|不是|不会|并没|并非|别|不用|不再|没啥|不要|未|防|早晚|迟早|以为|容易|经常|动不动就?|老是|总是|难免|倒不是|不是想|得要|出过|发生过|有过|容易|小心|当心|避免|免得|省得)[^,。]{0,2}$"
        "|(?:no|not|isn't|wasn't|never|don't have)(?: any| a)? $"
    ),
    "before_self_harm": re.compile(
        "(?:电视(?!底|柜|旁|上[面头]|机|后|边|下)|新闻|电影|小说|剧[里中情]|话剧|戏里|广播|视频里|讲座|宣传|以前|从前|当年|年轻(?:的)?时候|听说|in the news|on tv|movie)"
        f"(?:(?!{_NOW})[^。!！?？;；\n])*$|(?:没有?|不是|不会|并没|别)[^,。]{{0,2}}$|[我也绝]不$|(?:no|not|never) $"
    ),
    "after": re.compile(
        "[^,。]{0,2}(?:倒)?不至于|[^,。]{0,2}(?:的话|那[回次会]|可怎么|时候?[,。]?|那[天年家]|(?:了|起来)?(?:咋|怎么|谁|往哪|可|跑都|逃都|也)[^,。]{0,3}(?:跑|逃|救|办呢|进|出|不)|怎么预防|怎么处理|如何|演习|演戏|演练|讲座|培训|知识|保险|险|报警器|应急|赔|报销)"
        "|[^,。]{0,4}(?:怎么办呢|咋办呢)|[^,。]{0,2}过(?:[^,。]{0,3}[次回](?!来)|(?=[,。!?]|$))|[^,。]{0,2}(?:走的|死的|没的|救过|的(?:那|姑娘|小伙|人|事|新闻|案))"
        r"|[^.!?]{0,20}(?:\b(?:years?|months?|weeks?) ago|\bin (?:19|20)\d\d|\blast (?:year|month|week|winter|summer|spring|autumn|time))"
        r"|[^.!?]{0,10}(?:\bdrill|\bcourse|\bclass|\btraining|\bprevention|\bsafety|\bleaflet)"
    ),
}

UNHARMED = re.compile(
    "(?:没|未|并没)有?[^,。]{0,2}(?:砸|伤|压|摔|撞|碰|烧|烫|丢)|以为|怕(?!是|要)|要是|万一|差一?点|险些|[割冒跳着晕摔触掉]过(?![去来])|过[一两几]?[次回]"
)
"""Between the words of a sign these make it harmless: 掉下来了,没砸着人."""

HEARD_AS_CALM = Lexicon(
    (
        "看新闻",
        "新闻说",
        "新闻里",
        "电视里",
        "电视上",
        "电视剧",
        "上个月",
        "上礼拜",
        "上星期",
        "去年",
        "前年",
        "听说",
        "演习",
        "演练",
        "差点",
        "如果",
        "幸亏",
        "幸好",
        "那时候",
        "年轻的时候",
        "打不着火",
        "点不着火",
    )
)
"""Words that make the words of danger around them harmless, also when misspelled by sound."""

SETTLED = re.compile(
    "不用来(?:人|了)|爬起来走了|倒不是想?[寻死]|没想死|(?:倒|人)没(?:啥|什么)?事|不是煤气|unhurt|(?:nobody|no one) (?:was|is) hurt|不用跑|撤了吧|撤掉吧|虚惊|没烧起来|没伤(?:着|到|人)|没受伤|没砸[着到]|亏得没|好在没|后来[^,。]{0,3}好了|"
    "(?:大夫|医生|医院)[^,。]{0,2}(?:看过|看完)了|打个比方|没真[打的]|闹着玩|瞎玩|玩捉|哈哈|现在好多了|不合格|我[^,。]{0,4}报的|报过了|那[回次]是"
)
"""Near the words of danger these tell that nothing is wrong any more, or never was."""

CALM_TALK = re.compile(
    "法治节目|看[^,。!?]{0,4}(?:节目|新闻|电影)|新闻里|电影里|追剧|[说嚷喊][^,。!?]{0,4}再[^,。!?]{0,10}[就去][^,。!?]{0,3}(?:跳|上吊|疯)|"
    "口头禅|别当真|不用当真|哈哈|😂|🤣|虚惊|没烟[也没]+火|没烟没火|[莫没]得烟|(?<!备用)(?:电池|没电|低电)[^,。!?]{0,6}(?:换|滴|响|叫)|(?:白圆盘|圆坨|报警器?|探测器|感应器)[^。!?]{0,24}(?:电池|没电|低电|到期|换)|(?:滴|叫|响)[^,。!?]{0,8}(?<!备用)(?:电池|没电)|[想要]学[^,。!?]{0,8}急救|急救[^,。!?]{0,4}班|今天好好的|屋里散|烟散了|散过了|"
    "(?:打仗|枪战|武打|恐怖|杀人)(?:的)?(?:片|剧)|放[^,。!?]{0,4}(?:电视|片)|电视(?:剧|声|机)[^,。!?]{0,4}(?:开|放|吵)|音量|戴[^,。!?]{0,3}耳机|打游戏|玩游戏|演习|演练|彩排|排练|没有的事|"
    r"(?:low|flat|new) battery|battery (?:is |must be )?(?:low|flat|dead)|chirp|video games?|\bfilms?\b|\bmovies?\b|\bdrills?\b|no harm done|just kidding|haha"
)
"""Words that tell, anywhere in the text, that what sounds like danger is none."""

ANIMAL = re.compile(
    "宠物|兽医|咬[^,。!?]{0,5}(?:鞋|花|沙发)|(?:猫|狗|鹦鹉|兔子?|乌龟|鸽子)[^,。!?]{0,8}(?:掉|跳|摔|跑|走丢|飞|瘸)|"
    r"\b(?:cat|kitten|puppy|dog|poodle)\b[^.]{0,20}(?:fell|jumped|missing|stuck|lost|barking)"
)
"""An animal in trouble, which a learned chance of danger takes for a person."""

OLD_TALE = re.compile(
    "(?<![十〇零一二三四五六七八九\\d])(?:[五六七八九][〇零一二三四五六七八九]|[5-9]\\d|19\\d\\d)年(?!级|代建)"
)
"""A year of the last century: the text tells what happened then."""

CLAIMS = re.compile(
    "不赔|索赔|赔偿|怎么赔|律师|官司|起诉|报销|保险公司|状子|押金|免责|凭什么|该不该|协调|调解|评理|说合|法院|仲裁|上当|law(?:yer|suit)|compensation"
)
"""Words of claims and disputes: the event is over, and the help that is wanted is legal."""

CHORE = re.compile(
    "登记|报名|理(?:个|一)?[^,。!?]?发|剃|刮个?脸|剪头|多少钱|补贴|证(?!明不)|票|课|老师|理发|广场舞|微信|噪音|办理|平时|整天|一天到晚|天天|预约|自来水|太阳能|扶手|路灯|有没有|能不能|可不可以|谢谢|作业|成绩|考试|照片|软件|密码|"
    "修(?:一下|修|理|好)|来修|给修|换(?:个|成|一)|装(?:个|一|上)|清理|打扫|垃圾|水龙头|马桶|请(?:个|人|医生|大夫|你们)|护工|尿垫|要人|volunteer|could|thank"
)
"""Words that ask for a chore: with no word of haste, the rest of the message is about it."""

EVERYDAY = re.compile(
    "修|装(?!了支架|着)|换|清理|打扫|垃圾|水龙头|马桶|手机(?![^,。]{0,4}(?:关机|打不通))|电视|电脑|微信|网|饭(?![^,。]{0,3}[喂呛噎])|菜|票|证|补贴|办理|表|钱|课|老师|理发|剪|药店|"
    "预约|噪音|吵|广场舞|路灯|井盖|停电|自来水|太阳能|扶手|滑梯|频道|请(?:个|人|医生|大夫|你们)|陪|护工|吃喝拉撒|尿垫|整天|一天到晚|从来|天天|痒|物业|保安|平时|要人|"
    "谢|地址|登记|报名|多少|哪里|哪儿|怎么(?!办|叫|喊|拍|晃|摇|推)|行不|行吗|可不可以|有没有|能不能|help with|volunteer|could|please (?:post|send|bring)|appreciated|thank|phone|computer|internet"
)
"""Words of everyday requests: weak signs among them come from a chore, not a danger."""

CARE = re.compile(
    "助浴|洗澡|搓澡|擦澡|浴盆|一周[^,。!?]{0,3}[回次趟]|出院|住(?:了|过|着)?院(?!部)|石膏|拆线|术后|后遗症|护工|陪护|喂饭|翻身|擦身|伤残|评残|鉴定|复健|康复|常年|瘫了|瘫痪|卧床|慢性|"
    "[一二三四五六七八九十两几好多半\\d]+(?:年|个月)(?:了|多|来)|打从|自从|落下的|老毛病|今年|不着急|不急"
)
"""Words of an illness or injury of some time ago, which now needs care, not an ambulance."""

_REQUEST = re.compile(
    "想(?:请|找|约|买|换|装|问|学|办|报|申请|要|让|给|把|订|改|量|做|租|再|修)|请(?:人|个|你们|派)|帮我|约(?:个|一)|能不能|能给|多少钱|几点|"
    "怎么(?:办理|交|弄|报|领|算|申请)|预约|每(?:周|天|月|次|个|回|季)|天天|老是|总是|常年|一[上下走吃][^,。]{0,3}就|好[几些]年|[一二三四五六七八九十两几\\d]+年了?|"
    "管管|反映|投诉|什么时候|啥时候|取消|退掉|复查|体检|would like|could (?:you|someone)|can (?:you|someone) (?!come)|how (?:do|much)|when (?:is|does)"
)
AT_ONCE = re.compile(
    "突然|忽然|刚才|刚刚|这会儿|正在|一下子|快来|快点|赶紧|赶快|救[命我人]|急急|来人[啊呀哪吧]|救护车|120|119|110|快帮|帮帮我|求求|本来|just now|right now|hurry|quick|ambulance|help"
)

_FELT_WORDS = frozenset("疼痛冻")
"""Beside an injury 疼死了 is no figure of speech."""
_FELT = ("medical", "fall", "gas")
BODILY = ("medical", "fall")
_ALWAYS = ("self_harm", "help", "unresponsive", "urgent")


def excused(text: str, calm: str, match: re.Match[str], kind: str) -> bool:
    """Whether the words around `match` make it harmless.

    `calm` is the text with calming words respelled (`HEARD_AS_CALM`), of the same length.
    """
    return unreal(text, calm, match, kind) or _settled(text, calm, match, kind)


def busy(text: str, match: re.Match[str], kind: str) -> bool:
    """Whether only a chore or the care after an illness near `match` can excuse it."""
    low, high = max(0, match.start() - 60), match.end() + 60
    others = (SETTLED, CLAIMS, *HARMLESS.get(kind, ()))
    return not any(pattern.search(text[low:high]) for pattern in others)


def unreal(text: str, calm: str, match: re.Match[str], kind: str) -> bool:
    """Whether the words around `match` say that it never happened, is over or is only a picture."""
    around = text[max(0, match.start() - 24) : match.end() + 16]
    if UNHARMED.search(text[match.start() : match.end()]):
        return True
    figures = filter(None, (pattern.search(around) for pattern in FIGURES_OF_SPEECH))
    if any(kind not in BODILY or found[0][0] not in _FELT_WORDS for found in figures):
        return True
    if kind not in _FELT and LIKENESS.search(around):
        return True
    for spelled in (text, calm):
        before = spelled[max(0, match.start() - 24) : match.start()]
        after = spelled[match.end() : match.end() + 40]
        if NOT_NOW[_before(kind)].search(before) or NOT_NOW["after"].match(after):
            return True
    return False


def _settled(text: str, calm: str, match: re.Match[str], kind: str) -> bool:
    low, high = max(0, match.start() - 60), match.end() + 60
    if kind != "urgent" and SETTLED.search(text, low, high):
        return True
    if kind != "urgent" and CLAIMS.search(text, low, high):
        return True
    if kind not in _ALWAYS:
        near = text[low:high]
        if ordinary(near) or (kind in BODILY and CARE.search(near) and not AT_ONCE.search(near)):
            return True
    return any(
        pattern.search(spelled[low:high])
        for pattern in HARMLESS.get(kind, ())
        for spelled in (text, calm)
    )


def _before(kind: str) -> str:
    # "如果…我就跳楼" is a threat to life, not a supposition.
    return "before_self_harm" if kind == "self_harm" else "before"


def ordinary(text: str) -> bool:
    """Whether the text asks for a service or tells a habit, with no word of haste; then `hints`
    don't count."""
    asked = _REQUEST.search(text) or CHORE.search(text)
    return bool(asked) and not AT_ONCE.search(text)


def harmless(text: str) -> bool:
    """Whether the whole text tells that nobody is in danger."""
    return any(pattern.search(text) for pattern in (CALM_TALK, ANIMAL, OLD_TALE))
