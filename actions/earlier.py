"""What ends a request, and what is said about earlier ones: intake knows, the actions say it."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import UserUtteranceReverted
from rasa_sdk.executor import CollectingDispatcher

from actions.small_talk import talk_back
from actions.talk import intake, speak


class Told(Action):  # type: ignore[misc]
    """Asks intake one question and says the answer."""

    question = ""

    def name(self) -> str:
        return f"action_{self.question}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """One question, one answer."""
        answer = await intake().ask(self.question, tracker)
        if answer["talk"]:
            talk_back(dispatcher, tracker, answer["talk"])
        speak(dispatcher, answer)
        return []


class Submit(Told):
    """Files what was confirmed and says its number."""

    question = "submit"


class Drop(Told):
    """Lets go of what is not wanted any more."""

    question = "drop"


class HandOver(Told):
    """A person takes over."""

    question = "hand_over"


class Status(Told):
    """How far are my requests?"""

    question = "status"


class Cancel(Told):
    """An earlier request is cancelled, after a yes."""

    question = "cancel"


class Rate(Told):
    """Praise, complaint or points for what was done."""

    question = "rate"


class Answer(Told):
    """A yes or no to what was asked outside the form."""

    question = "answer"


class SmallTalk(Told):
    """Answers a greeting, thanks, and what is not our business."""

    question = "small_talk"


class Fallback(HandOver):
    """Hands over where no rule knows what comes next.

    Without taking the message back Rasa would ask for the fallback again, ten times over.
    """

    def name(self) -> str:
        return "action_fallback"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """As `HandOver`; the conversation goes on as if the message had not been there."""
        await super().run(dispatcher, tracker, domain)
        return [UserUtteranceReverted()]
