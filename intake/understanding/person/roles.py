"""Whose a name is: the one's who needs help, the caller's, or nobody's that matters here."""

import re

from intake.understanding.person.scene import CALLER, NEEDS, Scene

_WORKER = re.compile(
    "(?:来|修|送|派|擦|洗|剪|剃|通|装|量|换|搬|昨天|上回|上次|那天|刚才|前天)[^。!！?？]{0,14}(?:师傅|师父|小伙子?|护士|志愿者|保洁|阿姨|护工|大姐)[^。!！?？]{0,6}$"
    "|(?:来|派来?|上门)[^,，。!！?？]{0,9}的(?:那个|那位|小)?$"
    "|(?:那个|那位|你们的?|你们那个|物业的?|社区的?|保安|门卫|保洁|护士|护工|大夫|医生|律师|老板|中介|房东|租客|房客|司机|快递员?|包工头|骗子|经理|主任|店主|队长|班主任|教练|专家|主播|明星|演员|歌手)[,，]?的?$"
)
_REPORTED = re.compile(
    "(?:房东|包工头|保安|门卫|司机|老板|经理|护士|大夫|医生|律师|中介|房客|租客|师傅|师父|骗子|保姆|护工|小伙子?|邻居|对门|隔壁|楼上|楼下|那家|对过|对面|肇事的?|偷东西的?)[^,，。!！?？]{0,5}[,，]?$"
)
_TO_TELL = re.compile(
    "(?:跟|和|同|找|让|喊|告诉|问问?|请教|认识|感谢|谢谢|表扬|投诉|举报|点名|看|听|像|学)的?$"
)
_FOR = re.compile("(?:给|帮|替|为|陪|代|照顾|接|送)(?:[^,，。!！?？]{0,8}的)?$")
_NEIGHBOUR = re.compile(
    "(?:对门儿?|隔壁院?|楼上|楼下|邻居家?|对面|对过|斜对过|旁边|上头|下头)的?(?:那家|邻居|住户|老头|老太)?的?$"
)
_SAYS = re.compile(
    "(?:带个话|捎个?话|说一?声|讲一?声|说说|打个?电话|回个?电话|道个?歉|送锦旗|送面锦旗|点个赞)"
)
_HELPLESS = re.compile(
    "没露面|没动静|没得动静|[两三四五几]天没|没见|没看见|没声音|没出门|没开门|没下楼|没动静|敲门|不应|不答应|没反应|摔|跌倒|绊倒|晕|昏|叫不醒|喊不|叫不|一个人住|独居|瘫|卧床|喘|起不来|动不了|歪|哼|嘴角|抽搐|吐血|"
    "要(?:洗|理|剪|修|量|订|陪|打针|换药|人)|想(?:洗|理|剪|修|量|订|约|请|找|要)|需要|家里?的?(?:没|停|断|灯|水|电|门|锁)|家.{0,4}(?:坏|漏|堵)|耳朵|腿脚|眼睛|不方便|不会|动弹不|走不动|\\d岁|[七八九]十[一二三四五六七八九]?岁?了?,|八十|九十"
)
_PUBLIC = re.compile(
    "^(?:开的|说要|说让|说的(?=.)|说我|说过|说,|看的|给我|给开|给看|欠|没带|不给|态度|技术|手艺|干得|干活|的号|的?门诊|的?咨询|的店|牌|豆花|烧烤|牛肉|面馆|饭店|小吃|药房|诊所|理发店|超市|红烧|包子|凉皮|火锅|"
    "的?歌|的?戏|的?演唱会|演的|唱的|讲的|真好|真不错|很好|特别好|人很|来过|修过|来修|修得|送来|上门|救了|调走|迟到|又没来|什么时候|几点|还在不在|在不在|手机多少|们)"
)
_GONE = re.compile(
    "^[^。!！?？]{0,6}(?:走了(?!丢)|去世|过世|没了|不在了|不在人世|病故|牺牲|过了世|(?<!才)死了|生前|的遗|的骨灰|的墓|周年)|^(?:刚|才)?走(?:得|后)"
)


def rank_of(scene: Scene, start: int, end: int, *, kin: bool = False) -> int:
    """The rank of a name at `[start, end)`; 0 if it is nobody's that the request is about.

    `kin`: a relation word stands before it.
    """
    before, after = scene.before(start), scene.after(end)
    if _WORKER.search(before) or _PUBLIC.match(after) or is_gone(scene, end, kin=kin):
        return 0
    if neighbour := _NEIGHBOUR.search(before):
        asked = _FOR.search(before[: neighbour.start()]) and not _SAYS.search(after)
        return NEEDS if asked or scene.emergency or _HELPLESS.search(scene.after(end, 60)) else 0
    if re.search("(?:给|帮|替)$", before):
        return 0 if _SAYS.search(after) else NEEDS
    if _TO_TELL.search(before):
        return 0
    if _FOR.search(before):
        return NEEDS
    return NEEDS if scene.emergency and _HELPLESS.search(scene.after(end, 60)) else CALLER


def is_gone(scene: Scene, end: int, *, kin: bool) -> bool:
    """Whether the text goes on that this person has died."""
    return kin and bool(_GONE.match(scene.after(end, 14)))


def is_reported(scene: Scene, start: int) -> bool:
    """Whether a surname said here is that of somebody of whom the caller tells."""
    before = scene.before(start)
    return bool(_WORKER.search(before) or _REPORTED.search(before))
