"""Actions outside the form: file or drop a request, answer about filed ones, small talk.

Each asks intake one question over HTTP and says its answer.
"""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import UserUtteranceReverted
from rasa_sdk.executor import CollectingDispatcher

from actions.small_talk import talk_back
from actions.talk import intake, speak


class Told(Action):  # type: ignore[misc]
    """Asks intake ``question`` (`/internal/<question>`) and says the answer."""

    question = ""

    def name(self) -> str:
        return f"action_{self.question}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Raises httpx.HTTPError when intake doesn't answer."""
        answer = await intake().ask(self.question, tracker)
        if answer["talk"]:
            talk_back(dispatcher, tracker, answer["talk"])
        speak(dispatcher, answer)
        return []


class Submit(Told):
    """Files the confirmed draft and says its tracking number."""

    question = "submit"


class Drop(Told):
    """Drops a draft that the resident no longer wants."""

    question = "drop"


class HandOver(Told):
    """Hands the conversation over to an operator."""

    question = "hand_over"


class Status(Told):
    """Answers how far the resident's requests are."""

    question = "status"


class Cancel(Told):
    """Cancels a filed request, after the resident has said yes."""

    question = "cancel"


class Rate(Told):
    """Takes praise, a complaint or points for a finished request."""

    question = "rate"


class Answer(Told):
    """Takes a yes or no to a question that was asked outside the form."""

    question = "answer"


class SmallTalk(Told):
    """Answers a greeting, thanks, and questions that the service doesn't handle."""

    question = "small_talk"


class Fallback(HandOver):
    """Hands the conversation over where no rule of Rasa's matches.

    The message is reverted afterwards, or Rasa would call this action ten times in a row.
    """

    def name(self) -> str:
        return "action_fallback"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """As `HandOver`; then Rasa forgets the message."""
        await super().run(dispatcher, tracker, domain)
        return [UserUtteranceReverted()]
