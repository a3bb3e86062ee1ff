"""The form of a request: intake reads each message and says which field to ask for next."""

import os
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.small_talk import talk_back
from actions.talk import intake, speak

REQUESTED = "requested_slot"
FIELDS = "HUYING_FIELDS"
"""The fields that intake may ask for, separated by commas: each is a slot of the form."""


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


def ask_action(slot: str) -> type[Ask]:
    """The action that asks for a slot."""
    name = "Ask" + "".join(word.capitalize() for word in slot.split("_"))
    return type(name, (Ask,), {"slot": slot, "__module__": __name__, "__doc__": Ask.__doc__})


ASK_ACTIONS = [
    ask_action(slot) for slot in (*filter(None, os.environ.get(FIELDS, "").split(",")), "read_back")
]
"""One for each field of a request that is asked for, and one for the reading back. The action
server finds them as it finds every subclass of `Action`."""
