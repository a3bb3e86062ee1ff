"""The form in which a request is arranged: intake reads each message and says what is missing."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.small_talk import talk_back
from actions.talk import intake, speak

REQUESTED = "requested_slot"


class ValidateRequest(Action):  # type: ignore[misc]
    """Has the message read, once a turn; its answer fills the slots and chooses the question.

    A plain action and no `FormValidationAction`: which slot comes next is intake's to say.
    """

    def name(self) -> str:
        return "validate_request_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Without a next question the form is done, and `outcome` says how."""
        answer = await intake().ask("understand", tracker)
        if answer["talk"]:
            talk_back(dispatcher, tracker, answer["talk"])
        speak(dispatcher, answer)
        slots = {**answer["slots"], "question": answer["question"], "outcome": answer["outcome"]}
        return [
            *(SlotSet(name, value) for name, value in slots.items()),
            SlotSet(REQUESTED, answer["asked"]),
        ]


class Ask(Action):  # type: ignore[misc]
    """Asks for one slot, in intake's words."""

    slot = ""

    def name(self) -> str:
        return f"action_ask_{self.slot}"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """One question."""
        dispatcher.utter_message(text=tracker.get_slot("question"))
        return []


class AskPlace(Ask):
    """Where?"""

    slot = "place"


class AskUnit(Ask):
    """Which building and room?"""

    slot = "unit"


class AskWhen(Ask):
    """When?"""

    slot = "when"


class AskPerson(Ask):
    """Who?"""

    slot = "person"


class AskPhone(Ask):
    """Which number?"""

    slot = "phone"


class AskReadBack(Ask):
    """Is that right?"""

    slot = "read_back"
