"""The clauses of a message that may hold two needs, each with Rasa's ranking of its intents."""

from __future__ import annotations

import itertools
import re

from intake.assistant.client import Assistant
from intake.conversation.form import Ranking, State
from intake.errors import AssistantError
from intake.understanding import replies

Clauses = tuple[tuple[str, Ranking], ...]
"""(words of a clause, its ranking), in the order of the message."""
AT_MOST = 5
"""Clauses of one message that Rasa is asked about."""
SHORTEST = 4
"""The fewest characters of a clause that can name a need."""
# A clause that only says where: 在花盆旁边. It names no need of its own.
_WHERE = re.compile(
    "(?:就|还)?(?:在|靠|挨着).{1,16}(?:旁边?|边上|附近|对面|隔壁|后头|后面|前头|前面|上头|下头|门口|楼下|里头)"
)
# A clause that only says which kind of it: 要不冒烟的那种.
_WHICH = re.compile(
    "(?:就|还是)?(?:不?要|最好|得要?|买|给)?.{1,12}(?:的那种|那种的?|的就[行成好]|一点的|点儿?的)"
)
_BREAK = re.compile(r"[\s,.;!?，。；！？、]+")


def worth_ranking(state: State, text: str) -> list[str]:
    """The clauses of a message that may hold two needs, or replace one need by another.

    Empty for a message of one clause, and while a draft is open unless the resident adds something
    or takes something back.
    """
    found = (
        clause
        for clause in _BREAK.split(text)
        if len(clause) >= SHORTEST and not (_WHERE.fullmatch(clause) or _WHICH.fullmatch(clause))
    )
    clauses = list(itertools.islice(found, AT_MOST))
    wanted = not state.drafts or replies.takes_back(text) or replies.adds(text)
    return clauses if len(clauses) >= 2 and wanted else []


async def rank(assistant: Assistant, state: State, text: str) -> Clauses:
    """Each clause of `worth_ranking` with Rasa's ranking; () when Rasa can't be reached."""
    found = []
    for clause in worth_ranking(state, text):
        try:
            opinion = await assistant.parse(clause)
        except AssistantError:
            return ()
        found.append((clause, tuple(opinion.ranking)))
    return tuple(found)
