"""The words around a place that tell a home from a place that is passed, gone to or denied."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re

HOME_BEFORE = re.compile(
    "(?:住在?的?|家是?在?|家住|我是|俺家|俺是|位于|地址是?|送到|我们是?|[我俺咱](?:们|自己|本人|自个儿?)?(?:就|人)?在|老人在|来我们?)[,，\\s]{0,3}(?:那个)?$"
    "|\\b(?:liv(?:es?|ing)|stay(?:s|ing)?|we're|i'm|she's|he's|they're|is|are|flat|home|house|address(?: is)?|alone)[\\s,:]{1,2}(?:(?:alone|here|now|on (?:his|her|my|their) own)\\s)?(?:(?:at|in|over in)\\s)?$"
    "|\\b(?:come|deliver(?:ed)?|sen[dt]|out)\\s(?:it\\s|out\\s|over\\s|round\\s)?to\\s$"
)
GOING_BEFORE = re.compile(
    "(?:去|靠近|挨着|到|上|往|回|在|跟|找|给|帮我[^,，。]{0,2}到)[,，\\s]{0,3}$"
    "|\\b(?:to|near|next to|opposite|behind|past|by|beside|across from|from|shop (?:on|in|at)|clinic (?:on|in|at))\\s(?:the\\s)?$"
)
BESIDE_AFTER = re.compile(
    "[\\s,，]{0,3}(?:的)?(?:那?边上|旁边?|附近|后头|后面|后边|对面|隔壁|斜对[面过]|对过|背后|屋后|跟前|往[东南西北])"
)
BUSINESS_AFTER = re.compile(
    "[\\s,，]{0,3}(?:做|看病|看一?看|看眼|看牙|复查|复诊|取|买|检查|拿药|开药|开好|开的|开会|拍片|拍个?片|捎|照|排队|体检|透析|打针|换药|输液|挂水|办|上香|烧香|赶集|跳舞|住院|报销|领|交|下棋|打牌|听课|上课|喝茶|转转|玩)"
)
# Somebody learns or works there: 孩子在清晏小学念, 我在实验小学门口摆摊.
OCCUPIED_AFTER = re.compile(
    "(?:门口|对面|旁边|后厨|食堂|那儿?|里头?)?(?:[念读](?!书会)|上学|上班|上(?:小学|中学|大学|[一二三四五六]年级)|做工|工作|教书|任教|当过?|干过?|摆摊|摊煎饼|卖|开店|实习|退休|退的)"
)
OWNER_AFTER = re.compile("[\\s,，]{0,3}的?(?:老|姓|.{1,2}(?:师傅|阿姨|大爷|大妈|先生|女士))")

# 要去妈祖宫, 得上退管办: somebody goes there, nobody needs help there.
_ERRAND_BEFORE = re.compile(
    "(?:要|得|想|想要|会|还要|还得|打算|准备|预备|约好|说好|说|陪|带|领|早上|上午|中午|下午|晚上|[一二三四五六日天]|[我俺咱她他您你们妈爸爷奶女儿子闺]|号|明天|后天|今天|[人家])(?:再|先|就|一起|一块儿?|自己)?(?:去|上|到|往|回|赶|跑)(?:一?趟|下|了)?[,，\\s]{0,2}(?:那个)?$"
    "|\\b(?:go(?:es|ing)?|went|take[ns]?|taking|ride|lift|car|drive[ns]?|escort(?:ed)?|walk(?:ing)?|get|trip|come with (?:me|him|her)|accompany (?:me|him|her)|appointment)\\s(?:(?:me|him|her|us|mum|mom|dad|over|back|down)\\s)?(?:to|at)\\s(?:the\\s)?$"
)
_COMES = re.compile("(?:来|过来|送饭|送|修|到(?:我|俺)?家)[^,，。]{0,2}$")
_SERVED_AFTER = re.compile("[^,，。;；]{0,5}(?:来|接|修|量|送|装|打扫|帮|给|理发|剪|看看|换)")
_CALLED_OFF = re.compile(
    "不用(?:来|去|派|接|送|陪|了|再)|不(?:去|来|要|用|必|麻烦)[^,，。]{0,4}了|取消|退了|撤了|别来|甭来|算了|cancel|call (?:it )?off|no longer need|don't need|never ?mind"
)
_ESCORT_BEFORE = re.compile(
    "(?:陪|带|领|扶|背|(?:送|接|拉|载|推)(?:我|俺|他|她|人|老|我妈|我爸))[^,，。]{0,5}(?:去|上|到|往)\\s{0,2}$"
    "|(?:送|接|拉|载|推)[^,，。]{0,4}去\\s{0,2}$"
)
_AT_HOME = re.compile("来(?:我|俺|咱)?们?家|上门|到(?:我|俺|咱)?们?家|家里来|来家里|登门|入户")

# 别写错成东马庄, 不是东马庄, 跟东马庄不是一个村
_NOT_BEFORE = re.compile(
    '(?:不是(?:那个)?|不在|并非|不叫|不属于?|没住|不住|别跟)[,，\\s“"「]{0,3}(?:是|那个|隔壁的?)?$'
    "|(?:别(?:再|又|给|老)?(?:跟|和|写|弄|搞|送|派|去|到|当|听|看|记|跑|登记|打|认|错|混)[^,，。;；!！?？]{0,6}?|"
    "(?:不要|(?<!能)不能|别给我|千万别|可别|勿|莫|不得)(?:再)?(?:写|弄|搞|送|派|去|到|当|听|看|记|跑|登记|打|认|错|混|跟|和)[^,，。;；!！?？]{0,6}?|"
    '(?:写|送|派|记|听|登记|打|跑|找|搞|弄|输|填)错(?:成|作|到|去|为)了?|(?:写|记|听|登记|打|输|填)(?:成|作)了?|(?:当|听|看|误|错写|错当|认)(?:成|作|为)了?)[\\s“"「]{0,3}(?:是|那个|隔壁的?)?$'
    "|\\bnot (?:in |at |to be confused with |the )?$|\\brather than (?:in |at )?$|\\bconfuse (?:it|this|that|us) with $|\\binstead of (?:in |at )?$"
)
_NOT_AFTER = re.compile(
    '[\\s”"」]{0,2}(?:那边?|那个)?(?:不是(?:我|俺|咱)|可不是|不对|不算|(?:是|属于)?(?:另|别)(?:外)?(?:一?个)?(?:村|小区|地方|的)|没关系|没(?:坏|停|事|问题)|那?(?:边|条|头)?儿?的?(?:倒|却|反而)(?:是|还)?(?:都|挺)?(?:亮|好|正常|没|不|有))'
)
_FORMER_BEFORE = re.compile(
    "(?:以前|从前|原来|原先|过去|本来|老宅|老屋)(?:一直)?(?:是)?(?:住|家)?(?:在|的)?[,，\\s]{0,2}$|搬离了?$|\\bused to (?:live|be) (?:in|at) $"
)
# 住锦里3号楼……错了，那是老房子: a former home, or one corrected after its number.
MOVED = re.compile(
    "(?:^|[\\s,，。.…!！?？])错了|(?<![别勿莫])(?<!不要)(?<!不能)(?<!不会)(?<!没)[说搞弄写打]错"
    "|老房子|旧房子|拆了|拆迁|已经?搬|[搬住]到了?|搬的|搬去|现在住|sorry,|i mean"
)
_KIN = "(?:小?弟弟?|哥哥?|姐姐?|妹妹?|姑姑?|姑妈|舅舅?|姨妈?|叔叔?|伯伯?|大伯|婶婶?|女儿|儿子|闺女|囡|孙子|孙女|外孙|妈妈?|爸爸?|老爸|老妈|娘家|婆家|丈人|岳父|岳母|亲家|亲戚|朋友|同事|邻居|别人|人家|老乡|战友|厝边|老二|老大|老三|侄子|侄女|外甥|表哥|表姐|表弟|表妹|堂哥|堂弟|前妻|前夫|房东|租客)"
OTHERS_HOME = re.compile(
    "(?:朋友|同事|亲戚|老大|老二|老三|邻居|战友|老乡|物业|中介|闺女|女儿|儿子|弟|妹|哥|姐)[^,，。\\s]{0,3}在?$"
)
OTHERS_AFTER = re.compile(
    "[\\s,，。.…、哦噢啊呃嗯哎唉不对错了]{0,8}(?:那|这)(?:个|儿|里|边|是){0,2}(?:我|俺|咱|阮|他|她|人家)?们?(?:的)?(?:大|小|二|三|老)?"
    + _KIN
    + "(?:的)?(?:家|那|住|厝|屋|房|的|[,，。])"
)
"""Behind a home that turns out to be somebody else's: 盐町3栋，哦那是我小弟家."""
# A space between Han characters parts two clauses, unless the words before it want an object.
_CLAUSE_ENDS = re.compile("(?![成作为到去在是跟和错住])[\u3400-\u9fff]\\s+$")


def is_negated(text: str, start: int, end: int | None = None) -> bool:
    """Whether the words around `start`..`end` deny that place or say that it is a former home."""
    before = text[max(0, start - 28) : start]
    if _CLAUSE_ENDS.search(before):  # 莫派人跑空路 唐家垴22号
        before = ""
    if _NOT_BEFORE.search(before) or _FORMER_BEFORE.search(before):
        return True
    return end is not None and bool(_NOT_AFTER.match(text, end))


def is_errand(text: str, start: int, end: int) -> bool:
    """Whether somebody goes to the place at `start`..`end`: 周六要去妈祖宫, 上一院看病."""
    before = text[max(0, start - 28) : start]
    if _ESCORT_BEFORE.search(before):
        return True
    if _COMES.search(before[:-1]) and not BUSINESS_AFTER.match(text, end):
        return False
    if _ERRAND_BEFORE.search(before):
        return True
    return bool(GOING_BEFORE.search(before) and BUSINESS_AFTER.match(text, end))


def is_served(text: str, end: int) -> bool:
    """Whether somebody is to do something at the place before `end`: 到幸福里来修水管."""
    return bool(_SERVED_AFTER.match(text, end))


def is_only_errand(text: str, start: int, end: int) -> bool:
    """Whether a place that somebody goes to says nothing of where help is needed: the service is
    called off or wanted at home, or somebody is to be taken there."""
    before = text[max(0, start - 28) : start]
    escorted = bool(_ESCORT_BEFORE.search(before))
    return escorted or bool(_CALLED_OFF.search(text) or _AT_HOME.search(text))
