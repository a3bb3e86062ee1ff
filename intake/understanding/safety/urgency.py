"""What has to be dealt with today though nobody is in danger: water that can't be turned off, the
last dose of a medicine, a patient's device on its reserve, people in a lift who are well.

A request like that is urgent: it comes before ordinary ones and has a short deadline. As everywhere
in this package, gaps are bounded and the text is plain Simplified Chinese or lower-case English.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

from intake.understanding.safety.doubt import windows
from intake.understanding.safety.sign import Sign, sign
from intake.understanding.spoken_text import Span

_SLOW = "不急|不着急|不忙|滴(?:水|答|滴)?[^,。!?]{0,8}(?:[几个半多]|[一二两三]个?)[^,。!?]{0,2}(?:月|年|星期|礼拜)|渗|潮|印子|水费|上[周个回次]|昨天修|修好了|已经关|关了总?[阀闸]|关上了|赔|哪天有空|改天|慢慢"
_WATER = "(?:水?管子?|角?阀|暖气片?|水龙头|接头|水箱|热水器|地暖|软管|水表|净水器|洗衣机|三通|弯头|马桶|太阳能)[^,。!?]{0,10}(?:崩|爆|炸|裂|断|[呲滋喷漏淌]|流|往外|掉了|脱)|水[^,。!?]{0,3}爆|(?:爆|喷)[了咗]?[^,。!?]{0,2}(?:到|得)?天花|(?:跑水|窜水|喷水|呲水|滋水)|(?:天花板|顶棚|房顶)[^,。!?]{0,4}(?:哗|往下)[^,。!?]{0,4}(?:滴|流|漏|淌|浇)|(?:pipe|radiator|valve|tap|hose|boiler|heater)[^.]{0,24}(?:burst|broke|snapped|spray|gush|pour|spurt|leak)"
_UNSTOPPED = "关不[上住死了]|[拧扳扭]不[动上]|锈死|锈住|找不[到见着][^,。!?]{0,4}|总[阀闸掣][^,。!?]{0,8}(?:坏|锈|不|在哪|没)|楼下[^,。!?]{0,12}(?:敲门|上来|漏|滴|湿|找|淹|泡|顶)|(?:天花板|顶棚|屋顶)[^,。!?]{0,6}(?:滴|湿|泡|渗|漏)|往楼下|[盆桶](?:接|都)|拿[一二两三几]?个?[盆桶]|一盆|一桶|地板[^,。!?]{0,6}(?:泡|鼓|翘|浮)|(?:客厅|满地|一地|屋里|厨房|过道)[^,。!?]{0,4}(?:都是|全是|是)?水|到客厅|哗哗|止不住|堵不住|勒上|包不[牢住]|接不过来|越来越大|淹|漫(?:出|到|过)|can['’]?t (?:turn|shut|find)|won['’]?t (?:turn|shut)|everywhere|bucket|downstairs|ceiling|flood|stop it"
_MEDICINE = "华法[林令]|胰岛素|癫痫|抗癫|抗凝|激素|强的松|透析|吗啡|止痛|硝酸|降压|降糖|心脏的?药|帕金森|美多芭|氯氮平|精神|排异|他克莫司|化疗|靶向|甲状腺|优甲乐|哮喘|喷雾|药|insulin|warfarin|inhaler|medicine|tablets?|pills?"
_LAST = "(?:就|只|还|才|光)?剩(?:下|了)?[^,。!?]{0,8}(?:[一半两][^,。!?]{0,2}[片粒颗支针顿包次瓶]|今|最后)|最后[^,。!?]{0,2}[一半][片粒颗支针顿包次]|(?:吃|打|用)的?是最后|只够[^,。!?]{0,3}[一半]|(?:不够|没声|空)了?(?=[,。!?]|$)|断(?:顿|药|了)|没着落|见底|没得打|打完[^,。!?]{0,6}(?:就|空)|(?:今[晚儿天夜]|晚上|明早|明天)[^,。!?]{0,8}(?:就)?(?:没(?:得|有)?(?:药|吃|了|打)|断|接不上)|一[片粒颗支]都没|last (?:one|dose|pen|tablet|pill)|run(?:s|ning)? out|ran out|none left"
_SOON = "今|晚上|晚饭|这顿|那顿|下一?顿|明早|明天早|中午|马上|断|没着落|早上[^,。!?]{0,8}最后|tonight|today|this evening|tomorrow morning"
_SPARE = "够吃|还有[几一两半][天周个]|下[周个星礼]|过几天|下个月|月底|配好了|怎么吃|分一分|过期|能不能停|停药|药盒"
_POWER = "停电|断电|没电|跳闸|断了电|停了电|no electricity|power (?:is |has been |went )?(?:out|off|cut)|no power|power cut"
_DEVICE = "[制治致]氧|氧气?机|制痒|呼吸机|吸氧|氧气|雾化|吸痰|营养泵|喂[^,。!?]{0,3}泵|腹透|透析|气垫床|胰岛素|气垫|fever|operation|oxygen|concentrator|ventilator|dialysis|nebuli[sz]er|insulin"
_DRY = "停了?[^,。!?]{0,5}水|停水|没水|断水|不来水|没来水|一滴[^,。!?]{0,4}没|水龙头[^,。!?]{0,6}没水|no water|water (?:is |has been )?off"
_NEEDS_WATER = "透析|腹透|造口|造瘘|伤口|换药|瘘|坐月子|月子|新生儿|婴儿|奶粉|卧床|瘫|褥疮|导尿|尿管|dialysis|stoma|baby|newborn|wound"
_LIFT = "(?:卡|停|困)在[^,。!?]{0,10}(?:楼|层)?[^,。!?]{0,4}(?:当间|中间|之间)|(?:电[梯提体]|升降[机梯]|轿厢)[^,。!?]{0,8}(?:卡|停|困|夹|悬|不动|关)|(?:卡|困|关|停)[^,。!?]{0,4}电[梯提体]|(?:lift|elevator)[^.]{0,20}(?:stuck|stopped|between)|stuck in (?:the|a) (?:lift|elevator)"
_INSIDE = "里[头面边]|[一二两三四五六几][个口位]|我(?:和|跟|们|一|就|在)|出不[来去]|人没事|人都?好|按铃|按那个铃|能通话|inside|us\\b|people|of us"
_LIFT_OTHER = "(?<!没)修好|昨天|天天|三天两头|老是|上[回次周个]|经常|那[回次]|动不动|每次|yesterday|last week|always|keeps"

SIGNS: tuple[Sign, ...] = (
    sign("water", 1, _WATER, _UNSTOPPED, but=_SLOW),
    sign("medicine", 1, _MEDICINE, _LAST, _SOON, but=_SPARE),
    sign("device", 1, _POWER, _DEVICE, but="通知|计划|下[周个]|昨天|来电了|以前|上[回次]|万一"),
    sign("water_needed", 1, _DRY, _NEEDS_WATER, but="通知|计划|来水了|昨天|上[回次]|万一"),
    sign("heating", 1, "暖[气汽]|停暖|没暖|供暖|heating", "停|冰手|不热|冰凉|[一二三四五六七八九]度|十度不到|零下|off|cold", "刚?出院|肺炎|支架|手术|打哆嗦|打颤|发抖|宝宝|婴儿|月子|瘫|卧床|九十[^,。!?]{0,2}岁|just out of hospital|newborn|shiver", but="通知|计划|费|以前|上[回次]|万一"),
    sign("no_lift", 1, "电[梯提][^,。!?]{0,8}(?:坏|停|趴窝|不动|罢工|修)|两?[个部台]?电梯都|(?:lift|elevator)[^.]{0,12}(?:out|broken|down)", "透析|化疗|轮椅|担架|住院|背不动|dialysis|wheelchair", "今|明早|马上|等着|today|now", but="昨天|天天|经常|老是|加装"),
    sign("lift", 1, _LIFT, _INSIDE, but=_LIFT_OTHER),
)  # fmt: skip
"""Every kind of thing that must be dealt with today."""


def pressing(text: str) -> Span | None:
    """The words of something that must be dealt with today; None for nothing. Linear in the length."""
    for low, high in windows(len(text)):
        part = text[low:high]
        for one in SIGNS:
            if one.but is not None and one.but.search(part):
                continue
            matches = [found for pattern in one.parts if (found := pattern.search(part))]
            if len(matches) == len(one.parts):
                start, end = matches[0].span()
                return start + low, end + low
    return None
