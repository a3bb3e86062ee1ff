"""Carries out the plan of a turn: drafts, filing, cancelling, changing, rating, handing over.

All of it happens in the transaction that marks the message as handled. The requests that a plan
names are checked again here: only the resident's own requests are ever changed.
"""

from intake.conversation.effects.apply import carry_out
from intake.conversation.effects.drafts import watch
from intake.conversation.effects.hand_over import hand_over, leave_to_person, review_draft
from intake.conversation.effects.retraction import take_back

__all__ = [
    "carry_out",
    "hand_over",
    "leave_to_person",
    "review_draft",
    "take_back",
    "watch",
]
