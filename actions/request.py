"""The form of a request: intake reads each message and says which field to ask for next."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.small_talk import talk_back
from actions.talk import intake, speak

REQUESTED = "requested_slot"


class ValidateRequest(Action):  # type: ignore[misc]
    """Has intake read the message, once a turn; the answer fills the slots and the next question.

    A plain action and no `FormValidationAction`, because intake decides which slot comes next.
    """

    def name(self) -> str:
        return "validate_request_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Without a next question the form is done, and the slot `outcome` says how it ended.

        Raises httpx.HTTPError when intake doesn't answer.
        """
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
    """Asks for the slot `slot` with the sentence that intake chose."""

    slot = ""

    def name(self) -> str:
        return f"action_ask_{self.slot}"

    def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Says the sentence in the slot `question`."""
        dispatcher.utter_message(text=tracker.get_slot("question"))
        return []


class AskPlace(Ask):
    """Asks where help is needed."""

    slot = "place"


class AskUnit(Ask):
    """Asks for building and room."""

    slot = "unit"


class AskWhen(Ask):
    """Asks for a time."""

    slot = "when"


class AskPerson(Ask):
    """Asks for a name."""

    slot = "person"


class AskPhone(Ask):
    """Asks for a telephone number."""

    slot = "phone"


class AskReadBack(Ask):
    """Reads the draft back and asks whether it is right."""

    slot = "read_back"
