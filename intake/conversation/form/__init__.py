"""The form of a need in pure functions: what is known, what to ask next, when it is complete.

One field is asked for at a time, and each at most once; what is read back can be corrected as often
as the resident likes. The sentences are made in `conversation.phrases`.
"""

from intake.conversation.form.fields import certain, moved, noted, with_early
from intake.conversation.form.next_step import respond
from intake.conversation.form.state import (
    FIELDS,
    LIKELY,
    MISSES,
    SMALL_TALK,
    SURE,
    Draft,
    MessageReading,
    Ranking,
    State,
    Turn,
    missing,
)
from intake.conversation.form.times import on_known_day, same_day

__all__ = [
    "FIELDS",
    "LIKELY",
    "MISSES",
    "SMALL_TALK",
    "SURE",
    "Draft",
    "MessageReading",
    "Ranking",
    "State",
    "Turn",
    "certain",
    "missing",
    "moved",
    "noted",
    "on_known_day",
    "respond",
    "same_day",
    "with_early",
]
