"""A Rasa whose classifier says what the test says; its actions are the real ones.

It answers over HTTP as Rasa does: parse, the REST webhook, the tracker's events. Of the policies it
knows what data/rules says: a form that is open gets every message, an intent its action.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import earlier, request, talk

ACTIONS: dict[str, Any] = {
    "handoff": earlier.HandOver,
    "query_status": earlier.Status,
    "cancel_request": earlier.Cancel,
    "feedback": earlier.Rate,
    "affirm": earlier.Answer,
    "deny": earlier.Answer,
    "inform": earlier.Answer,
    "greet": earlier.SmallTalk,
    "thanks": earlier.SmallTalk,
    "out_of_scope": earlier.SmallTalk,
}
OUTCOMES: dict[str, Any] = {
    "submit": earlier.Submit,
    "drop": earlier.Drop,
    "hand_over": earlier.HandOver,
}


@dataclass
class Memory:
    """One conversation's tracker."""

    asked: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)


class Rasa:
    """`kinds`: words → intent; the first whose words stand in a text. `share`: words → how sure.
    `dangers`: words → chance.

    `before` and `after` run within a turn: to wait, or to fail as a process does that dies.
    """

    def __init__(self, kinds: dict[str, str], app: Any, token: str) -> None:
        self.kinds, self.dangers = kinds, dict[str, float]()
        self.share: dict[str, float] = {}
        self.parse_danger = 0.0
        self.memories: dict[str, Memory] = {}
        self.turns: list[str] = []
        self.forgotten = 0
        self.up, self.silent = True, False
        self.before: Callable[[str], Any] | None = None
        self.after: Callable[[str], Any] | None = None
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        talk._intake = talk.Intake("http://127.0.0.1", token, transport)
        self.transport = httpx.MockTransport(self._answer)

    def ranking(self, text: str) -> list[dict[str, Any]]:
        best = next((kind for words, kind in self.kinds.items() if words in text), "out_of_scope")
        others = [k for k in ("meal", "home_repair", "errand") if k != best][:2]
        share = next((share for words, share in self.share.items() if words in text), 0.9)
        return [
            {"name": best, "confidence": share},
            *({"name": other, "confidence": 0.05} for other in others),
        ]

    async def _answer(self, asked: httpx.Request) -> httpx.Response:
        if not self.up:
            raise httpx.ConnectError("down")
        body = json.loads(asked.content)
        if asked.url.path == "/model/parse":
            ranking = self.ranking(body["text"])
            return httpx.Response(
                200, json={"intent_ranking": ranking, "danger": self.parse_danger}
            )
        if asked.url.path.endswith("/tracker/events"):
            sender = asked.url.path.split("/")[2]
            slots = {e["name"]: e["value"] for e in body if e["event"] == "slot"}
            self.memories[sender] = Memory(slots.get("requested_slot"))
            self.forgotten += 1
            return httpx.Response(200, json={})
        return httpx.Response(200, json=[] if self.silent else await self._turn(body))

    async def _turn(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        sender, text = body["sender"], body["message"]
        if self.before is not None:
            found = self.before(text)
            if asyncio.iscoroutine(found):
                await found
        self.turns.append(text)
        memory = self.memories.setdefault(sender, Memory())
        ranking = self.ranking(text)
        danger = max((v for k, v in self.dangers.items() if k in text), default=0.0)
        latest = {
            "text": text,
            "intent": ranking[0],
            "intent_ranking": ranking,
            "danger": danger,
            "metadata": body["metadata"],
        }
        said = CollectingDispatcher()

        async def run(kind: Any) -> None:
            # As Rasa hands them on: what the turn's earlier actions sent.
            events = [{"event": "user", "text": text}]
            for m in said.messages:
                events.append({"event": "bot", "data": {"custom": m.get("custom")}})
            slots = memory.slots
            tracker = Tracker(sender, slots, latest, events, False, None, {}, "action_listen")
            after = kind().run(said, tracker, {})
            for event in await after if asyncio.iscoroutine(after) else after:
                if event["event"] == "slot":
                    memory.slots[event["name"]] = event["value"]
            memory.asked = memory.slots.get("requested_slot")

        intent = ranking[0]["name"]
        if memory.asked is not None or intent not in ACTIONS:
            await run(request.ValidateRequest)
            if memory.asked is not None:
                await run(request.ask_action(memory.asked))
            elif kind := OUTCOMES.get(memory.slots.get("outcome") or ""):
                await run(kind)
        else:
            await run(ACTIONS[intent])
        if self.after is not None:
            self.after(text)
        return [
            {"recipient_id": sender, **({"text": m["text"]} if m.get("text") else {}), **custom}
            for m in said.messages
            for custom in [{"custom": m["custom"]} if m.get("custom") else {}]
        ]
