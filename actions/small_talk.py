"""What the assistant says to small talk: briefly, politely, and back to the point."""

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

_HAN = re.compile("[\u3400-\u9fff]")
_ROBOT = re.compile(r"机器人?|真人|人工智能|电脑|robot|\bbot\b|machine|human|real person", re.I)
_RUDE = re.compile(
    r"傻|笨|蠢|滚|废物|垃圾|他妈|妈的|神经病|有病|stupid|idiot|useless|f[u*]ck|shit", re.I
)

GREET = ("您好，我是呼应。有什么事，您慢慢说。", "Hello, this is Huying. Tell me what you need.")
THANKS = ("不客气，有事随时找我们。", "You're welcome. We are here whenever you need us.")
OUT_OF_SCOPE = (
    "这个我帮不上。家里要修要送、看病、办事，您尽管说。",
    "I can't help with that. Repairs, meals, doctors, papers: just tell me.",
)
ROBOT = (
    "我是呼应的自动助手，您说的每句话社区的工作人员都看得到。想找人，就说“转人工”。",
    "I am Huying's automatic assistant; the staff see what you write. "
    'Say "a person, please" at any time.',
)
RUDE = (
    "对不起，没帮上忙让您着急了。有什么事您说，我来办。",
    "I am sorry this is a nuisance. Tell me what you need, and I will see to it.",
)
SMALL_TALK = {"greet": GREET, "thanks": THANKS, "out_of_scope": OUT_OF_SCOPE}


def language_of(message: dict[str, Any]) -> str:
    """``zh`` or ``en``: what the channel says, else the script that the message is written in."""
    given = (message.get("metadata") or {}).get("language")
    if given in ("zh", "en"):
        return str(given)
    text = message.get("text") or ""
    return "zh" if _HAN.search(text) or not re.search("[A-Za-z]", text) else "en"


def line(text: str, intent: str) -> tuple[str, str]:
    """What is said to small talk of this kind, in Chinese and in English."""
    if _RUDE.search(text):
        return RUDE
    if _ROBOT.search(text):
        return ROBOT
    return SMALL_TALK.get(intent, OUT_OF_SCOPE)


def talk_back(dispatcher: CollectingDispatcher, tracker: Tracker, intent: str) -> None:
    """Says it in the resident's language."""
    message = tracker.latest_message
    both = line(message.get("text") or "", intent)
    dispatcher.utter_message(text=both[language_of(message) == "en"])
