"""What explains itself: the text tells what the alarming thing really was, or that it is over.

A film is too loud, the bang was a wedding's fireworks, the fire is out and its ash wants sweeping,
a pig was slaughtered, a burn is healing, a worker is praised. Each explanation lists what must all
be said, in any order, and what must not: "I took it for the television, but" explains nothing.
"""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of `parts` and nothing of `but` is said: then there is no danger of these `kinds`.

    Without kinds only a learned chance of danger is quietened.
    """

    kinds: frozenset[str]
    parts: tuple[re.Pattern[str], ...]
    but: re.Pattern[str]


def _told(kinds: str, *parts: str, but: str) -> Explanation:
    return Explanation(frozenset(kinds.split()), tuple(map(re.compile, parts)), re.compile(but))


_HURT_LIMB = "(?:手|指头?|腿|脚|脸|眼睛?|胳膊|头)[^,。!?]{0,6}(?:血|口子|断|掉|破|伤|肿)|[割砍捅炸烫划撞][到伤]|晕|昏|(?<!没)(?<!没有)伤[着到了]?人|人[^,。!?]{0,3}[倒伤]|叫不"
_SHOWN = "电视|连续剧|电视剧|短剧|追剧|[^,。!?药刀底照名卡碎瓷]片(?:子)?(?:[,。!?]|$)|[战谍警侠怖争]片|电影|评书|唱戏|吊嗓|收音机|动画|直播|打游戏|玩游戏|游戏|电竞|卡拉|K歌|唱歌"
_LOUD = "吵|声音|音量|开[^,。!?]{0,4}[大顶]|最大|[小轻]点|小声|睡不|睡觉|耳背|耳朵背|说说|讲讲|劝|管管|上个话|天天|夜夜|半夜|后半夜|[一二两]点|从早|一天到晚|一早上|耳机|烦|老喊|呢$"
_BANGS = "放[^,。!?]{0,3}(?:炮|鞭|烟花|烟火|焰火|二踢)|鞭炮|爆竹|炮仗|烟花|二踢脚|结婚|娶媳妇|办喜事|接亲|迎亲|开业|闹洞房|搬家具|打桩|施工|装修|拜拜|烧纸|烧香|炒辣椒|彩排|排练|演习|气球|爆胎|拆迁|推墙|卸货|(?:炒|烧|煮|煎|熬)[^,。!?]{0,3}糊|糊了|蒸汽|水汽|烤"

EXPLANATIONS: tuple[Explanation, ...] = (
    # The television, a book read aloud, a game.
    _told("help violence fire medical fall", _SHOWN, _LOUD, but="(?:以为|还当|只当|当[是成]|不是|不像|寻思|没开)[^,。!?]{0,10}(?:电视|剧|片|电影|游戏)|真(?:的)?(?:在)?打|这[回次](?:不|是真)|盖[住过]|掩|打(?:孩子|老婆|媳妇|老人)|血|救救|求你|没人[应开]|不[应开]门|叫不|" + "(?:胸|心口)[^,。!?]{0,4}[疼痛]"),
    _told("help violence fire medical", r"\b(?:films?|movies?|telly|tv|television|(?:crime|war|tv) series|dramas?|soap)\b", r"loud|volume|every night|every evening|\btill\b|\buntil\b|have a word|turn (?:it|the)|midnight|every (?:murder|shot)", but=r"(?:thought|sounded|assumed|not|isn['’]?t)[^.]{0,20}\b(?:films?|movies?|telly|tv|television)\b|answer|bleed|on the floor|over the tv"),
    # A bang or a smell that was something else.
    _told("help violence fire medical gas trapped fall", "以为|寻思|还当|只当|当[是着成]|吓", "原来|一看|一瞅|一瞧|其实|结果|才知道|敢情|(?<!以为)(?<!当)是", _BANGS, but=f"(?:以为|寻思|当[是着成]?)(?:又)?(?:是|谁家|哪家|有人)?[^,。!?]{{0,6}}(?:{_BANGS})|点着|引燃|烧着|(?:真|又)(?:的)?(?:着|起)火|没人应|{_HURT_LIMB}"),
    _told("help violence fire gas medical", r"thought|feared|sure|first", r"turned out|\bbut (?:it|that) (?:was|is|were)|it (?:was|is|were) (?:only|just)|it['’]s only", r"firework|firecracker|\bfilms?\b|wedding|\bdrill\b|next door['’]s|rehears|banger", but=r"thought (?:it|that|they) (?:was|were|is) (?:just |only )?(?:a |the )?(?:firework|firecracker|film|wedding|drill)|bleed|hurt (?:his|her|my)|caught fire|burned (?:his|her|my)"),
    # A fire that is out.
    _told("fire gas", "(?:早|都|已经?|现在|后来|全)[^,。!?]{0,3}[熄灭](?:了|透)|火[^,。!?]{0,3}[熄灭](?:了|透|干净)|浇灭|没火了|烟[^,。!?]{0,4}散(?:了|干净|光)|fire['’]?s? (?:is |was )?(?:long |already )?out\\b", "灰|扫|清|晒|换|落|黑|打扫|刷|装|检查|保洁|味|ash|washing|clean", but="又(?:冒|着|起|烧)|还在?(?:冒|烧|着)|复燃|死灰|没[熄灭]|[熄灭]不|灯[^,。!?]{0,4}灭|煤气|燃气|smell|咳|呛得|喘|" + _HURT_LIMB),
    _told("fire electric", "焊(?!接)|电焊|火花机|打铁|切割机|角磨", "火[花星]|冒火", but="着火|点着|引燃|烧着|起火|烧起来|烟|" + _HURT_LIMB),
    # An animal for the table.
    _told("medical violence help fall", "[杀宰](?:了|过年)?(?:头|只|年|过年的)?[猪羊牛鸡鸭鹅鱼]|屠[户宰]|杀的|[鸡鸭鱼猪羊牛鹅]血|鸡毛|卖[鱼肉]的|鱼摊|肉摊|slaughter|butcher", "血|惨叫|嚎|叫|肠|blood|scream", but="捅|顶(?:了|着|翻|伤)|" + _HURT_LIMB),
    # A wound that heals.
    _told("medical fall", r"\bheal(?:s|ed|ing)\b|have dried|much better(?: now)?|scabb|结[了]?痂|长[^,。!?]{0,2}好了|新皮|瘪了|长肉|愈合|收口|快好了|好得差不多", r"dressing|bandage|nurse|stitch|换药|拆线|护士|破伤风|包扎|换纱布|复查|上药", but="化脓|流脓|发烧|越来越|又(?:流|出|破|裂)|fever|\\bpus\\b|worse|not healing|isn['’]?t healing|infected"),
    # Words of anger that touch the heart.
    _told("medical", "气得|气的|气[^,。!?]{0,3}死|火[^,。!?]{0,3}(?:脑门|上来|顶)|拌[^,。!?]{0,4}嘴|评[评个]?理|说和|讨个说法|管管|有没有人管|调解|翻脸|涨", "堵|闷|炸|窝", but="冷汗|出汗|喘|胳膊|膀子|后背|麻|晕|倒(?!好)|速效|救心|脸色|疼|痛|憋|嘴唇|吐"),
    # Figures of speech.
    _told("help medical self_harm", r"\bdying\b[^!?]{0,28}\b(?:of|from) (?:boredom|embarrass|shame|curios|laugh|lonel|the heat|heat)|\bdie of (?:boredom|embarrass|shame|lonel)|(?:nearly |almost )?(?:gave|gives|give) (?:me|us|him|her) a heart attack|bored to (?:death|tears)", but=r"pills|tablets|chest|goodbye|bleed|breath|faint|wake|collaps|\bfell\b|\bthen\b|ambulance"),
    _told("drowning medical", r"(?:drown|buried|swamped)\w*['’\"”]* in (?:\w+ )?(?:paper|forms?|debts?|e?mails?|homework|work|bills|letters|junk)", but=r"river|lake|pond|help me"),
    # Praise of those who came.
    _told("", "表扬|得夸|夸夸|夸一?夸|夸奖|锦旗|点赞|感谢信|要谢谢|praise|commend|please thank|shout[- ]?out", but="现在|这会儿|突然|快来|救|赶紧|怎么办|right now|help"),
)  # fmt: skip


def explained_kinds(text: str) -> frozenset[str] | None:
    """The kinds of danger that `text` explains away; None when it explains nothing."""
    found = [e.kinds for e in EXPLANATIONS if _applies(e, text)]
    return frozenset().union(*found) if found else None


def _applies(explanation: Explanation, text: str) -> bool:
    said = all(part.search(text) for part in explanation.parts)
    return said and explanation.but.search(text) is None
