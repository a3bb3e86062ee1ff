"""Intake's internal API as the actions call it: one POST a question, with a shared token."""

import os
from typing import Any

import httpx
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

URL = "HUYING_INTAKE_URL"
TOKEN = "HUYING_INTERNAL_TOKEN"  # noqa: S105 (the name of a variable)
SECONDS = 10.0


class Intake:
    """A client of intake's internal API. Coroutines of one event loop may share it."""

    def __init__(
        self, url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
            trust_env=False,
            transport=transport,
        )

    async def ask(self, question: str, tracker: Tracker) -> dict[str, Any]:
        """Intake's answer to `question` about the latest message.

        Raises httpx.HTTPError. The action then fails and Rasa answers nothing, which intake treats
        as a failed turn.
        """
        latest = tracker.latest_message
        metadata = latest.get("metadata") or {}
        ranking = latest.get("intent_ranking") or [latest.get("intent") or {}]
        body = {
            # "<conversation>.<number of Rasa's tracker for it>"
            "conversation_id": int(tracker.sender_id.partition(".")[0]),
            "message_id": int(metadata["message_id"]),
            "ranking": [[i["name"], i.get("confidence", 1.0)] for i in ranking if i.get("name")],
            # A recording's alternatives may tell of danger that its text does not.
            "danger": max(float(latest.get("danger") or 0), float(metadata.get("danger") or 0)),
            "clauses": metadata.get("clauses") or [],
            "reading": _reading(tracker),
        }
        answer = await self._client.post(f"/internal/{question}", json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _reading(tracker: Tracker) -> dict[str, Any] | None:
    """What intake read in the latest message for an earlier action of this turn; None before."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return None
        if event.get("event") == "bot":
            plan = ((event.get("data") or {}).get("custom") or {}).get("plan") or {}
            if plan.get("reading"):
                found: dict[str, Any] = plan["reading"]
                return found
    return None


_intake: Intake | None = None


def intake() -> Intake:
    """The client of this process, created at its first use from the environment variables."""
    global _intake
    if _intake is None:
        _intake = Intake(os.environ[URL], os.environ[TOKEN])
    return _intake


def speak(dispatcher: CollectingDispatcher, answer: dict[str, Any]) -> None:
    """Says the answer's sentences, and sends its plan (what intake is to do) back with them."""
    for sentence in answer["say"]:
        dispatcher.utter_message(text=sentence)
    if answer["plan"]:
        dispatcher.utter_message(json_message={"plan": answer["plan"]})
