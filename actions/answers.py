"""What the assistant says when no service is being arranged yet: small talk, and handing over."""

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import UserUtteranceReverted
from rasa_sdk.executor import CollectingDispatcher

_HAN = re.compile("[\u3400-\u9fff]")

GREET = ("您好，我是呼应。有什么事，您慢慢说。", "Hello, this is Huying. Tell me what you need.")
THANKS = ("不客气，有事随时找我们。", "You're welcome. We are here whenever you need us.")
OUT_OF_SCOPE = (
    "这个我帮不上。家里要修要送、看病、办事，您尽管说。",
    "I can't help with that. Repairs, meals, doctors, papers: just tell me.",
)
HAND_OVER = (
    "您说的我记下了，工作人员会看，再跟您联系。",
    "I have noted what you said. A member of staff will read it and contact you.",
)
SMALL_TALK = {"greet": GREET, "thanks": THANKS, "out_of_scope": OUT_OF_SCOPE}


def language_of(message: dict[str, Any]) -> str:
    """``zh`` or ``en``: what the channel says, else the script that the message is written in."""
    given = (message.get("metadata") or {}).get("language")
    if given in ("zh", "en"):
        return str(given)
    text = message.get("text") or ""
    return "zh" if _HAN.search(text) or not re.search("[A-Za-z]", text) else "en"


def intent_of(tracker: Tracker) -> str | None:
    """What Rasa took the latest message for; None when it had no idea."""
    return (tracker.latest_message.get("intent") or {}).get("name")


def _say(dispatcher: CollectingDispatcher, tracker: Tracker, both: tuple[str, str]) -> None:
    dispatcher.utter_message(text=both[language_of(tracker.latest_message) == "en"])


class SmallTalk(Action):  # type: ignore[misc]
    """Answers a greeting, thanks, and what is not our business."""

    def name(self) -> str:
        return "action_small_talk"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """One message; an intent without small talk of its own is handed over."""
        _say(dispatcher, tracker, SMALL_TALK.get(intent_of(tracker) or "", HAND_OVER))
        return []


class HandOver(Action):  # type: ignore[misc]
    """Says that a person takes over; the message carries `{"hand_over": intent}` for intake."""

    def name(self) -> str:
        return "action_hand_over"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Two parts: what the resident reads, and which intent a person has to look at."""
        _say(dispatcher, tracker, HAND_OVER)
        dispatcher.utter_message(json_message={"hand_over": intent_of(tracker)})
        return []


class Fallback(HandOver):
    """Hands over where no rule knows what comes next.

    Without taking the message back Rasa would ask for the fallback again, ten times over.
    """

    def name(self) -> str:
        return "action_fallback"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """As `HandOver`; the conversation goes on as if the message had not been there."""
        super().run(dispatcher, tracker, domain)
        return [UserUtteranceReverted()]
