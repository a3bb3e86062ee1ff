"""What a message does in a conversation besides giving fields: it asks something of fact, says that
its writer is lost, puts a visit off, or takes back what sounded like danger."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re

_ASKS = re.compile(
    "[?？]\\s*$|(?:吗|么|呢|没有|不[,，。!！ ]*)[。.!！~～]*$"
    "|(?:[几多]点(?!钟?[前后])|多少钱?|多久|多长时间|怎么(?:收|算|走|去|办|弄)|收不收|要不要|贵不贵|[啥什]么?价|什么时候|啥时候|啥辰光|几时|"
    "能不能|可不可以|会不会|带不带|管不管|有没有|是不是|行不行|得不得|要几|哪个来|谁来)[^,，。]{0,8}[。.!！]*$"
    "|^\\s*(?:how (?:much|long|many)|what|when|which|who|where|why|is|are|do|does|did|can|could|will|would)\\b[^.!]*$",
    re.I,
)
_AGREES = re.compile(
    "(?:对|是|好|行|可以|成)(?:吗|么|吧)[?？]?\\s*$|^(?:好|行|对|是|嗯)[的吧呀呢嘛]*[?？]?$"
)
_LOST = re.compile(
    "(?:听|看|搞|弄)不(?:太|大)?(?:懂|明白|清楚)|没(?:听|看|弄|搞)?(?:懂|明白)|什么意思|啥意思|么意思|不(?:懂|明白)你|你(?:在)?说(?:的)?(?:啥|什么|么[斯子])"
    "|don.t understand|what do you mean|makes? no sense|confus",
    re.I,
)
_MOVES = re.compile(
    "改(?:个)?(?:期|天|日子|时间|到|成|在|约)|换(?:个|一)(?:天|日子|时间|钟点)|(?:推|延|挪|押|往后|往前|提前|拖|顺)(?:[迟后延到]|一[天下周])|往后(?:推|挪|放|延)|错后|提早|提前|另约|重新约"
    "|reschedule|postpone|(?:another|different|other) (?:day|time)|put (?:it )?off|move (?:it|that|my)",
    re.I,
)
_TAKES_DANGER_BACK = re.compile(
    "没有?没有?[,，。\\s]*(?:是|就是|那是)?.{0,6}(?:电视|戏|演|开玩笑|说笑|玩笑|广播|收音机|手机里|游戏)"
    "|(?:是|那是|在放|放的)(?:的)?(?:电视|电影|电视剧|戏|广播|收音机|手机|抖音)(?:里|上|机)?"
    "|不是(?:真|我家|我们家|火|着火|煤气|现在|要死|自杀|寻短见)|没(?:有)?(?:什么|啥)?(?:危险|着火|大事|大碍|要紧|受伤|事儿?了?(?:$|[,，。!！]))"
    "|误会(?:了|一场)|(?:看|听|闻|按)错了|搞错了[,，]?(?:是|不是)|开(?:个)?玩笑|我说着玩|吓着?你|别(?:紧张|担心|害怕|大惊小怪)|莫(?:紧张|担心|慌|怕)|虚惊"
    "|(?:已经|都)(?:好了|灭了|没事|关了|醒了|救下|找到|缓过来)|缓过来了|醒过来了|(?:人|她|他|孩子|娃)(?:没事|找到了|回来了)|(?:以前|去年|前年|上个?月|好几年前|年前)的事"
    "|false alarm|no danger|(?:was|am|were) (?:joking|kidding)|just (?:a joke|kidding|the tv|on tv|a film)|nobody is hurt|(?:i'?m|we'?re|she'?s|he'?s|it'?s) (?:fine|okay|ok|all right)(?: now)?|(?:by )?mistake",
    re.I,
)
_CALLS_OFF = re.compile(
    "(?:别|甭|不用|不必|莫|不要|不消)(?:再|让人?|叫人?|派人?|给我?们?|帮我?)?(?:过来|来|上门|送|去|派|跑|接|等|留|安排|做|修|白跑)[^,，。!！?？能]{0,6}了(?!再|就)"
    "|(?:不|别)(?:要|用|约|订|去|理|剪|洗|修|送|办|报|看|做|查|接|装)了(?![^,，。]{0,3}(?:吗|吧[?？]|呢|再))|(?:退|取消|撤)(?:掉|了|吧)|取消"
    "|\\b(?:cancel|call(?:ed|ing)? off|no longer need|don['’]t need|won['’]t need|never ?mind|(?:please )?drop (?:the|my|our|that)|needn['’]t come|don['’]t (?:come|send|bother))\\b",
    re.I,
)
_STILL = re.compile(
    "(?:不是|没)(?:玩笑|开玩笑|误会|搞错)|(?<!不是)真的(?!没)|快(?:来|点|救)|救命"
    "|可是|但|不过|还(?:在(?!家)|没|是[不没])|[疼痛血喘晕]|[动站起醒]不|[白紫青]了|\\bbut\\b|still|not (?:a joke|kidding)|hurry",
    re.I,
)
_POLITE = {
    "greet": re.compile(
        "好|早|喂|在(?:吗|么|不|嘛|没)|有人|嗨|哈[喽罗啰]|吃了|hello|\\bhi\\b|hey|morning|evening|afternoon|greetings",
        re.I,
    ),
    "thanks": re.compile(
        "谢|感[恩激]|辛苦|麻烦|费心|难为|再见|再会|拜|回头[见聊]|[好行成中]|没(?:事|别的)|就这|不[打用]|晓得|知道|收到|thank|thx|ta\\b|cheers|bye|appreciat|great|good|perfect|see you|take care",
        re.I,
    ),
}
AT_MOST = 200
"""Longer messages tell more than one remark."""


def asks_fact(text: str) -> bool:
    """Whether the message asks something that only a person can answer: 要钱吗, 师傅带工具不."""
    text = text.strip()
    return len(text) <= AT_MOST and bool(_ASKS.search(text)) and not _AGREES.search(text)


def may_be_small_talk(text: str, kind: str) -> bool:
    """Whether the text may be small talk of this kind: a greeting and thanks have words of their
    own, and neither a number nor a sound without a meaning is one."""
    words = _POLITE.get(kind)
    return words is None or words.search(text) is not None


def is_lost(text: str) -> bool:
    """Whether the writer does not understand the assistant: 你说什么我看不懂."""
    return len(text) <= AT_MOST and bool(_LOST.search(text))


def moves(text: str) -> bool:
    """Whether the message puts something that is arranged to another time: 改期了, 往后推一天."""
    return len(text) <= AT_MOST and bool(_MOVES.search(text))


def calls_off(text: str) -> bool:
    """Whether the message may call off what was arranged: 明儿上午别过来了, drop the van for tomorrow.

    Of a message that asks for a service this is a doubt: a person looks before anybody comes.
    """
    return _CALLS_OFF.search(text) is not None


def takes_danger_back(text: str) -> bool:
    """Whether the message says that what sounded like danger is none: 没有没有，是电视里在打."""
    said = _TAKES_DANGER_BACK.search(text)
    return bool(said) and len(text) <= AT_MOST and not _STILL.search(text)
