"""Weak signs of danger: none is enough alone, two or three of different sorts are.

People in danger seldom name it; they say that the hand is cold, that he only stares, that nobody
can lift her. Each hint has a weight; an alarm needs SURE_FROM in one kind of danger, where a cry
for help or a sudden beginning counts as one more. The weights follow what telephone triage asks
first (the chief-complaint cards of emergency dispatch: breathing, consciousness, colour, speech and
limbs, bleeding) and were set by hand on the design half of data/nlu, see docs/decisions/009.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections import Counter
from dataclasses import dataclass

from intake.understanding.hearing import Span
from intake.understanding.safety_calm import excused, ordinary

SURE_FROM = 3
"""The sum of weights at which hints become an alarm."""

_G = "[^,。!?]"
_ANY = "[^。!?]"
_SKIN = "(?:嘴唇?|嘴皮子?|指甲盖?|脸色?|面孔|面色|手脚|手指头?|浑身|身上|身子|人)"
_LIMBS = "(?:手|胳膊|膀子|腿|脚|手脚|半边|一边|一侧|右边|左边|半拉|身子)"
_CHEST = "(?:胸口?|前胸|胸脯|胸膛|心口窝?|心窝子?|心里头?|前心|后心|肋[^,。!?]{0,2}|心脏|起搏器)"
_PERSON = (
    "(?:人|老人|老汉|老头子?|老太太?|老爷子|老伴|老公|老婆|丈夫|爱人|媳妇|当家的|我?[爸妈爹娘妹弟哥姐]|父亲|母亲|爷爷|奶奶|姥[姥爷]|外[公婆]|公公|婆婆|阿[婆公爷奶]|"
    "大[爷妈娘叔哥姐嫂]|阿姨|叔|婶|孩子|小孩|娃|宝宝?|孙[子女]|外孙|儿子|女儿|闺女|姑娘|小[伙姑]|男的|女的|邻居|工人|工友|师傅|老两口|一家子?|他|她|伊|我)"
)


@dataclass(frozen=True, slots=True)
class Hint:
    """One sort of sign: `weight` 1 or 2 towards `kind`, however often it is said."""

    kind: str
    weight: int
    pattern: re.Pattern[str]


def _hint(kind: str, weight: int, *patterns: str) -> Hint:
    return Hint(kind, weight, re.compile("|".join(patterns)))


HINTS: tuple[Hint, ...] = (
    # Chest and heart.
    _hint("medical", 2, f"{_CHEST}{_G}{{0,6}}(?:勒|压|扎|绞|刺|揪|酸胀|发紧|疼|痛|慌得|翻江倒海)", "心率[^,。!?]{0,4}(?:一百[四五六七八九]|1[4-9]\\d|二百)", "心跳[^,。!?]{0,8}(?:快|慢|停|乱)"),
    _hint("medical", 1, "胸[^,。!?]{0,3}闷|心慌|闷得[^,。!?]{0,2}慌|(?:攥|捂|按|抓)[^,。!?]{0,4}(?:胸|心口)|(?:连着|串到|窜到)[^,。!?]{0,5}(?:后背|膀子|下巴|手指)|速效|救心丸|硝酸甘油"),
    _hint("medical", 1, "汗", "衣(?:服|裳)[^,。!?]{0,3}湿透|soaked in sweat|sweating"),
    # Breath.
    _hint("medical", 2, "(?:喘|呼吸|憋)[^,。!?]{0,3}(?:费劲|困难|急|不匀|不动|醒)|[喘憋咳]得[^,。!?]{0,4}(?:慌|直|说不|坐|躺|脸)|一声接一声[^,。!?]{0,2}喘|(?:气|呼吸)[^,。!?]{0,4}(?:短|弱|浅|接不)|分好几口|倒气|捯气"),
    _hint("medical", 1, "[喘憋](?!不带)", "(?:嗓子|喉咙|喉头)[^,。!?]{0,4}(?:紧|肿|堵|嘶|呼噜|响)|呼噜[^,。!?]{0,3}不打"),
    # Colour, warmth.
    _hint("medical", 2, f"(?:嘴唇?|嘴皮子?|指甲盖?|脸色?|面孔|手指头?){_G}{{0,4}}(?:紫|青|乌|灰|煞白|雪白|惨白|没血色|发黑|变色)|脸色[^,。!?]{{0,2}}不对"),
    _hint("medical", 1, f"{_SKIN}{_G}{{0,3}}(?:发白|白得|冰|凉|僵|邦邦硬|梆硬|没{_G}{{0,3}}热[乎气])"),
    # Consciousness.
    _hint("medical", 2, "(?:喊|叫|推|拍|摇|晃|问)[^,。!?]{0,6}(?:不应|不答|没应|不吱声|不吭|不睁|没反应|没回音|不理|眼皮|答不上)|一动不动|不动弹|直勾勾|(?:人|意识|神志)[^,。!?]{0,3}(?:糊涂了|迷糊了|不清|没了知觉)|没(?:有)?脉|眼[^,。!?]{0,4}(?:往上|上翻|翻白)|尽说胡话|胡言乱语|答非所问"),
    _hint("medical", 1, "迷瞪|迷糊|犯困|打哈欠|(?:光|老|就|直|只)想睡|蔫|瘫(?!痪)|傻笑|[趴歪瘫倒躺]在|歪(?:下去|倒)|(?:倒|栽|瘫|溜|躺|歪)下(?:了|去|来)?|不会?说话了|人要(?:飘|走)"),
    # Sight, speech, limbs: how a stroke shows.
    _hint("medical", 2, f"(?:舌头|嘴){_G}{{0,4}}(?:不听|捋不|硬|打结|麻|不利索)|(?:说|讲)话?{_G}{{0,6}}(?:呜噜|秃噜|含糊|颠三倒四|不清|大舌头|说不(?:清|出|囫囵|全))|话都?说不|一个字[^,。!?]{{0,4}}说不|嘴[^,。!?]{{0,3}}(?:歪|斜|瓢|漏)|脸[^,。!?]{{0,3}}(?:歪|斜|不对称|麻|耷拉)"),
    _hint("medical", 2, f"(?:左|右|半|一)[边侧手腿脚只拉]{_G}{{0,8}}(?:软|没劲|没力|木|麻|不听|[抬提举动]不|老掉|不会动|使不上|耷拉)"),
    _hint("medical", 1, f"{_LIMBS}{_G}{{0,4}}(?:软|没劲|没力|木了|不听|不会动|使不上|抽)", "(?:筷子|碗|杯子?|棋子儿?|遥控器|笔|东西|手机|包)[^,。!?]{0,6}(?:[捏拿端抓握]不[住稳]|老掉|掉了|掉地)|(?:往|朝)[左右一][^,。!?]{0,2}(?:歪|栽|倒)|打晃"),
    _hint("medical", 2, "眼(?:睛|前)[^,。!?]{0,4}(?:发花|冒?金[花星]|发黑|一黑|挂[^,。!?]{0,4}纱|看不见|俩影|重影|睁不开|抬不)|看不见了|光怕亮|怕光"),
    _hint("medical", 2, "头[^,。!?]{0,3}(?:炸|裂|爆|锤|砸|撞)|脑壳[^,。!?]{0,3}(?:痛|疼)|worst headache|脖子[^,。!?]{0,3}(?:硬|僵)"),
    _hint("medical", 1, "晕(?!车)|天旋地转|头[^,。!?]{0,2}(?:疼|痛|胀)|(?<!呕)(?<!吞)吐(?!槽|痰|字|司)|恶心|dizzy|faint|vomit"),
    # Pain, bleeding, swelling, poison.
    _hint("medical", 2, "疼得?[^,。!?]{0,2}(?:打滚|蜷|直不起|嗷嗷|死去活来|要命|昏)|刀(?:扎|绞|割)(?:似|一样)?|肚子[^,。!?]{0,4}(?:硬|绞|鼓|胀得)|宫缩|羊水|见红了?|临盆|要生了|早产"),
    _hint("medical", 1, "(?:肚子|头|腰|后背|胸)[^,。!?]{0,3}[疼痛]|哼哼|呻吟|哎哟"),
    _hint("medical", 2, "(?:流|淌|冒|喷|滴|涌|渗)[^,。!?]{0,4}(?:满地|一地|满手|一盆|不停|不止|哗哗)|指头?缝|血块|(?:全|都|满)是?(?:红|血)|[全都]红了|血[^,。!?]{0,6}(?:不停|止|满|喷)|伤口[^,。!?]{0,4}(?:深|翻)|骨头[^,。!?]{0,3}(?:支|露|戳)|肠子[^,。!?]{0,3}(?:出|流|露)|(?:大|深|长|划|开|豁|拉|切|割)[^,。!?]{0,3}口子"),
    _hint("medical", 1, "(?<![贫验抽验采献降高低])血(?!压|糖|脂|氧|管|常规|栓|型|亏|站|检)|伤口|断了|划(?:开|破)|扎(?:进|在|到)"),
    _hint("medical", 2, f"(?:嘴|嘴唇|脸|喉咙|舌头|眼皮){_G}{{0,3}}(?:肿|翻起)|(?:浑身|全身|身上){_G}{{0,6}}(?:疙瘩|红疹|起[^,。!?]{{0,2}}[包疹点]|发红|紫点|一片一片)|蜇了|蛰了|过敏[^,。!?]{{0,4}}(?:厉害|休克)"),
    _hint("medical", 2, f"(?:吃|喝|吞|咽|误食|打)(?:了|成|多|错){_G}{{0,6}}(?:药|不该|降压|降糖|胰岛素|洁厕|消毒|老鼠|农药|电池|硬币|磁|汽油|白酒)|(?:针|药|胰岛素)[^,。!?]{0,3}(?:打|吃)[多错]了|吃错药|[吃吞喝](?:到|进)?(?:肚子?里|肚里|下)去|没炒熟|中毒|毒蘑菇|{_G}{{0,4}}(?:药盒|药)[^。!?]{{0,12}}(?:全空|少了)"),
    _hint("medical", 2, "(?:血压|高压)[^,。!?]{0,8}(?:二百[二三四五六七八九]?|2[0-9]\\d)|(?:血糖)[^,。!?]{0,6}(?:二十[五六七八九]|三十|[一二两三](?:点|\\.)|[123]\\.)|(?:体温|烧)[^,。!?]{0,6}四十[一二]|四十一度|sugar is (?:at )?(?:one|two|three|[1-3])\\b"),
    _hint("medical", 2, "(?:开水|热油|滚汤|热汤|高压锅|火锅|蒸汽)[^。!?]{0,6}(?:喷|泼|浇|溅|洒|扣|倒)[^,。!?]{0,4}(?:脸|身|腿|手|胳膊|头|背|娃|孩)|烫(?:得|的)?[^,。!?]{0,4}(?:厉害|脱皮|起泡|烂|熟)|溅[^,。!?]{0,3}眼|皮[^,。!?]{0,3}[粘掉脱]"),
    _hint("medical", 1, "心脏(?:不好|病)|冠心病|哮喘|肺气肿|糖尿病|(?:怀孕|孕妇)|癫痫|抗凝药|支架|搭桥|起搏器|心梗|脑梗"),
    # A fall, and nobody to lift.
    _hint("fall", 2, f"(?:摔|跌|绊|滑|滚|栽|骑车摔)(?:了|着|倒|在|下|的|到|进){_G}{{0,12}}|摔(?:交|道)|[侧仰]面?身?(?:着地|倒)"),
    _hint("fall", 2, f"(?:[起站爬坐翻]|提|动|挪){_G}{{0,1}}不(?:起来|了|动|起|得)|[拽拉扶抱搬弄拖](?:他|她|伊)?不(?:动|起来?)|[拽拉扶抱搬弄拖]勿动|走不到|爬不到|够不着|够不到"),
    _hint("fall", 1, "地上|地下|浴缸|马桶边|楼梯[口上下]|卫生间|厕所里|茅房|躺那|趴在|哎哟|直喊冷|一个多?(?:钟头|小时)|半天|肿|疼|直喊|哼|哭|断|腰|胯|歪"),
    # Crushed, caught, buried.
    _hint("medical", 2, f"(?:砸|压|埋|轧|夹|卡|碾|撞|拱|掩|绞){_G}{{0,1}}(?:在|着|住|到|了|倒|伤|进){_G}{{0,10}}(?:人|{_PERSON}|腿|脚|手|头|脑袋|胳膊|车斗|骑车的|送外卖的)"),
    _hint("medical", 1, f"(?:塌|垮|陷|砸下来|翻了|撞了|撞上|翻沟|掉下来){_G}{{0,6}}|车祸|追尾|(?:汽|货|轿|摩托|公交|电动|三轮)车|骑车"),
    _hint("medical", 2, f"(?:底下|下面|里头|里面){_G}{{0,6}}(?:有人|人{_G}{{0,3}}没出来|喊|哭)|人{_G}{{0,3}}(?:甩|压|飞)出|(?:撞|刮|蹭|碰){_G}{{0,4}}(?:飞|倒|人)|都倒了|脱了?臼"),
    # Trapped, and more than that.
    _hint("trapped", 2, f"(?:困|关|锁|卡|堵|悬|吊)(?:在|再|着|住){_G}{{0,8}}(?:电梯|阳台|屋|里|厕所|卫生间|浴室|车|半空|半道|外面|外头)|电梯{_G}{{0,10}}(?:卡|关着|关人|坠|按铃)|出不(?:去|来)|上不去|推不开|门{_G}{{0,6}}(?:变形|反锁)|菜窖|地窖|枯井"),
    _hint("trapped", 1, f"(?:往下)?{_G}{{0,3}}(?:咯噔|坠)|喘|憋|闷得|晕|心脏|血压高|孕妇|冻(?!裂)|零下|下雪|单衣|火上|灶上|锅|哭|没人听见|没人理|缺氧|日头|晒着|崴|疼|发抖|甩"),
    # In the water, on the edge.
    _hint("drowning", 2, f"水面|(?:水|河|湖|池|塘|江){_G}{{0,4}}(?:漂|飘){_G}{{0,3}}|捞上来|(?:掉|滑|栽|踩|翻|陷){_G}{{0,3}}(?:下去|进去|下河|下水)(?:了|一个)|水{_G}{{0,4}}(?:到|齐|没过){_G}{{0,2}}(?:胸|脖子|腰)|冰面{_G}{{0,6}}(?:窟窿|塌|裂开)"),
    _hint("drowning", 1, f"钓鱼|冰|桥|河|湖|塘|粪坑|井|沟|游泳|水库|发大水|喊|扑腾|帽子|鞋|{_PERSON}{_G}{{0,4}}(?:背着|站在)"),
    # Fire and gas.
    _hint("fire", 2, "着了着了|(?:黑|浓)烟|满屋[^,。!?]{0,2}烟|烟[^,。!?]{0,6}(?:灌|钻|窜|呛|堵)|(?:烤|烧|燎|引|点)着了?|火上房|(?:房|厂|棚|车|屋|床|垛)[^,。!?]{0,4}烧|(?:冒|窜|钻)[^,。!?]{0,4}黑|消防车|扑火|把火扑|烧(?:黑|个洞)"),
    _hint("fire", 1, f"(?:还有|里面有?|里头有?|里屋|门缝){_G}{{0,8}}{_PERSON}?|没出来|噼啪|呛|蹿|连着房|楼上|充电|爆了|往外|扑"),
    _hint("gas", 2, f"(?:煤气|天然气|燃气|液化气|氨|氯|瓦斯|沼气){_G}{{0,10}}(?:喷|跑|嘶|漏|开着|开了|拧开|味|冒)|嘶嘶|(?:味|气){_G}{{0,4}}(?:呛|冲|辣|熏)得?{_G}{{0,3}}(?:站不|人|睁不|头|嗓)|(?:炭|煤|炉)[^。!?]{{0,8}}(?:盆|火|烧|炉)|黄烟|管子{_G}{{0,2}}(?:挖断|断了)|刨着管子"),
    _hint("gas", 1, "头[^,。!?]{0,2}[疼痛晕]|晕|吐|腿[^,。!?]{0,2}软|迷|睡|躺下|咳|辣眼|满地|往外|瓶倒|没出来|倒在|倒了|没一个起来|烟囱"),
    # People who mean harm.
    _hint("violence", 2, "别打了|打(?:我|妈妈|她|人|破|开花)|砍|捅|抡|绑|架走|拽(?:倒|走)|拖(?:了|走)|掐|动手动脚|堵在|堵(?:上|住)?[^,。!?]{0,2}门|砸(?:门|窗|玻璃|了)|哐哐砸|撞(?:门|墙)|(?:不让|不许|不准)[^,。!?]{0,5}(?:走|出|报警|回家)|[关锁][^,。!?]{0,4}(?:屋里|房里|家里)|家[暴爆]|抢(?:包|钱|劫|东西)|在往里爬|屋里有(?:别)?人|一起死|弄死|(?:把|要)[^,。!?]{0,6}(?:烧了|砍了|杀)|挟持|在他手里|强[奸迫]"),
    _hint("violence", 1, "哭|求|喊|惨|酒|疯|菜刀|棍|酒瓶|乒乒乓乓|咚咚|救我|门框|窗户|玻璃|报警|不给饭|别出声|小点声|他在(?:边上|旁边|外面|门口)|折了|血|躲|骂"),
    # Persons who can't find home.
    _hint("missing", 2, f"(?:走失|走散|跑丢|人(?:就)?没了|娃没了|没接着|不见了|找不着人|没见着人|离家出走|失联|联系不上)|说不清|找不到家|{_G}{{0,4}}转悠"),
    _hint("missing", 1, f"{_PERSON}{_G}{{0,3}}[四五六七八九十]{{1,2}}岁|[一二三四五六七八九]岁|自闭症|老年痴呆|阿[尔兹]|糊涂|童车|超市|市场|放学|学校|手环|手机关机|没带|留了?张?(?:纸条|条子)|睡衣|拖鞋|马路|到现在|两个多?(?:钟头|小时)|转身|一松手|一眨眼"),
    # Those who don't want to live.
    _hint("self_harm", 2, "最后一(?:个|次|回|顿)|下辈子|(?:跟|随|陪)着?(?:他|她|老伴)?去|衣裳[^,。!?]{0,3}换好|解脱|了断|自沙|烧炭|(?:买|一箱)[^,。!?]{0,4}炭|胶条|(?:煤气|燃气)[^,。!?]{0,3}(?:我)?(?:开了|打开|拧开)|窗户[^,。!?]{0,3}(?:关了|关严|封)|不(?:再)?回来(?:了)?的|打算走了|别来人|臭了|给活着的人|绳子|胳膊上[^,。!?]{0,6}(?:口子|刀口|道)|药[^,。!?]{0,4}(?:攒|留)|那瓶(?:东西|药)|拧开[^,。!?]{0,3}盖上"),
    _hint("self_harm", 1, "今(?:晚|夜|天夜里)|对不起|再孝顺|再见再见|不用管|别难过|别找我|电话打不通|联系不上|一个人住|楼顶|[十二三]{1,3}楼|窗户[^,。!?]{0,4}(?:开|打开)|底下人|手边|好人|告别|照顾好|孩子|门顶上|往下滴|听着不对|害怕"),
)  # fmt: skip

PLEA = re.compile(
    "快来|快去|快派|赶紧|赶快|求求你|求你们?(?:快|先|派|上|来|救)|救[我命人]|教命|来人[啊呀哪吧呐]|上来一趟|过来看看|别挂|120|咋整|咋办|怎么办|急急|听我说|你们快[^,。!?]{0,4}[来把派]|hurry|help"
)
"""A cry for help: one more towards an alarm."""

SUDDEN = re.compile(
    "突然|忽然|冷不丁|一下子|刚才|刚刚|这会儿|还好好的|又开始|不知咋的|suddenly|just now|right now"
)
"""It has just begun: one more towards an alarm."""

_WINDOW = 160
"""Code points within which hints belong together: about half a minute of speech."""


def hinted(text: str, calm: str) -> tuple[str, Span] | None:
    """Return the danger that several hints together tell, and the span of the weightiest one.

    `calm` is the text with calming words respelled, of the same length. Linear in the length.
    """
    for start in range(0, max(1, len(text)), _WINDOW // 2):
        low, high = start, min(len(text), start + _WINDOW)
        found = _in_window(text[low:high], calm[low:high])
        if found:
            kind, (begin, end) = found
            return kind, (begin + low, end + low)
        if high == len(text):
            break
    return None


def _in_window(text: str, calm: str) -> tuple[str, Span] | None:
    if ordinary(text):
        return None
    pressing = bool(PLEA.search(text)) + bool(SUDDEN.search(text))
    weights: Counter[str] = Counter()
    best: dict[str, tuple[int, Span]] = {}
    for hint in HINTS:
        for match in hint.pattern.finditer(text):
            if excused(text, calm, match, hint.kind):
                continue
            weights[hint.kind] += hint.weight
            if hint.kind not in best or best[hint.kind][0] < hint.weight:
                best[hint.kind] = hint.weight, match.span()
            break
    for kind, weight in weights.most_common(1):
        if weight + pressing >= SURE_FROM and best[kind][0] > 1:
            return kind, best[kind][1]
    return None
