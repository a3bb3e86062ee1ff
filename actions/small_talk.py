"""The assistant's answers to small talk, in Chinese and English."""

import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

_HAN = re.compile("[\u3400-\u9fff]")
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
SMALL_TALK = {
    "greet": GREET,
    "thanks": THANKS,
    "out_of_scope": OUT_OF_SCOPE,
    "robot": ROBOT,
    "rude": RUDE,
}


def language_of(message: dict[str, Any]) -> str:
    """``zh`` or ``en``: the channel's language, else told by the script of the message."""
    given = (message.get("metadata") or {}).get("language")
    if given in ("zh", "en"):
        return str(given)
    text = message.get("text") or ""
    return "zh" if _HAN.search(text) or not re.search("[A-Za-z]", text) else "en"


def talk_back(dispatcher: CollectingDispatcher, tracker: Tracker, kind: str) -> None:
    """Says the answer to `kind` (as in intake.understanding.replies) in the resident's language."""
    both = SMALL_TALK.get(kind, OUT_OF_SCOPE)
    dispatcher.utter_message(text=both[language_of(tracker.latest_message) == "en"])
