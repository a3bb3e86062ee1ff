"""What a turn is to do, as typed steps. Rasa's reply carries the plan as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intake.conversation.form import State
from intake.errors import AssistantError
from intake.understanding.values import Understanding


class _Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Keep(_Step):
    """Store where the form stands; `state` as `State.to_json` writes it."""

    do: Literal["keep"] = "keep"
    state: dict[str, Any]

    @classmethod
    def of(cls, state: State) -> Keep:
        """The step that stores this state."""
        return cls(state=state.to_json())

    @property
    def form(self) -> State:
        """The state to store."""
        return State.from_json(self.state)


class Submit(_Step):
    """File what was read back: the resident confirmed it."""

    do: Literal["submit"] = "submit"


class Drop(_Step):
    """Cancel the drafts: the resident wants nothing any more."""

    do: Literal["drop"] = "drop"


class HandOver(_Step):
    """Give the conversation to an operator."""

    do: Literal["hand_over"] = "hand_over"
    because: Literal["asked", "not_understood"]


class Emergency(_Step):
    """Raise an emergency: somebody is in danger."""

    do: Literal["emergency"] = "emergency"


class AskAbout(_Step):
    """Note what the resident was asked outside the form, about the request `id`."""

    do: Literal["ask"] = "ask"
    about: Literal["cancel", "rate", "change"]
    id: int


class Misunderstood(_Step):
    """Count a message that was not understood; `times` in a row, this one included."""

    do: Literal["misunderstood"] = "misunderstood"
    times: int


class SmallTalk(_Step):
    """Change nothing: small talk is answered, and an open question stays open."""

    do: Literal["chat"] = "chat"


class Feedback(_Step):
    """Give praise or a complaint to an operator: no finished request is known to rate."""

    do: Literal["feedback"] = "feedback"


class Cancel(_Step):
    """Cancel the resident's request `id`."""

    do: Literal["cancel"] = "cancel"
    id: int


class Change(_Step):
    """Change the resident's request `id` by what the message says."""

    do: Literal["change"] = "change"
    id: int


class Agree(_Step):
    """The resident says that the request `id` is done."""

    do: Literal["agree"] = "agree"
    id: int


class NotFixed(_Step):
    """The resident says that the request `id` is not done."""

    do: Literal["not_fixed"] = "not_fixed"
    id: int


class Rate(_Step):
    """The resident rates the request `id` with 1 to 5 points."""

    do: Literal["rate"] = "rate"
    id: int
    points: int = Field(ge=1, le=5)


AboutRequest = Cancel | Change | Agree | NotFixed | Rate
Step = Annotated[
    Keep
    | Submit
    | Drop
    | HandOver
    | Emergency
    | AskAbout
    | Misunderstood
    | SmallTalk
    | Feedback
    | AboutRequest,
    Field(discriminator="do"),
]


class Plan(BaseModel):
    """The steps of a turn, and what was read in its message, so that the message is read once.

    `reading`: an `Understanding` as its `to_json` writes it; None where nothing was read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = ()
    reading: dict[str, Any] | None = None

    @property
    def understanding(self) -> Understanding | None:
        """What was read in the message, with Rasa's ranking."""
        return Understanding.from_json(self.reading) if self.reading is not None else None


def joined(plans: Iterable[Any]) -> Plan:
    """The plans of all of Rasa's replies in a turn as one plan, from their JSON.

    Raises `AssistantError` for JSON that is not a plan.
    """
    try:
        found = [Plan.model_validate(plan) for plan in plans]
    except ValidationError:
        raise AssistantError(
            "Rasa's reply holds no plan of ours.", code="assistant_unclear"
        ) from None
    reading = next((plan.reading for plan in found if plan.reading is not None), None)
    return Plan(steps=tuple(step for plan in found for step in plan.steps), reading=reading)
