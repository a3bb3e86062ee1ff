"""How soon the WeChat door answers while the assistant takes ten seconds for each turn.

Twenty messages a second for a minute against the real door (`huying up` with its web process,
worker and PostgreSQL; WeChat's side and a slow assistant are stand-ins). A message comes at its
moment, whatever the door does, and its time counts from that moment.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import Cores, percentile
from tests.support.crowd import Crowd, Said, answer_to

GOAL_SECONDS = 1.0  # p99; WeChat itself waits 5 s
PER_SECOND = 20
SECONDS = 60
RESIDENTS = 400  # few messages each: WeChat takes five answers to a resident until she writes again
TURN_SECONDS = 10.0
DRAIN_SECONDS = 600.0


def measure() -> dict[str, Any]:
    """``p50``, ``p95``, ``p99``, ``max`` of the door in seconds; ``machine_busy``, the cores that
    all there is keeps busy meanwhile; ``messages``, ``refused``;
    ``turns`` that ended meanwhile; and of the answers, once the assistant is quick again (after
    ``drain_seconds``): residents whose answers are ``lost``, ``doubled`` or ``out_of_order``."""
    with (
        tempfile.TemporaryDirectory(prefix="huying-bench-") as name,
        Crowd(Path(name), turn_takes=TURN_SECONDS) as crowd,
    ):
        crowd.stack.start()
        messages = crowd.prepare(RESIDENTS, PER_SECOND * SECONDS // RESIDENTS + 1)
        warming, messages = messages[:RESIDENTS], messages[RESIDENTS:]
        crowd.pour(warming, PER_SECOND)
        cores, began = Cores(), time.monotonic()
        took = crowd.pour(messages, PER_SECOND)
        machine_busy = cores.busy(time.monotonic() - began)
        turns = len(crowd.assistant.turns)
        crowd.assistant.takes(0)
        began = time.monotonic()
        crowd.finish(DRAIN_SECONDS)
        seconds = [one.seconds for one in took]
        return {
            "p50": percentile(seconds, 0.5),
            "p95": percentile(seconds, 0.95),
            "p99": percentile(seconds, 0.99),
            "max": max(seconds),
            "machine_busy": machine_busy,
            "messages": len(messages),
            "refused": sum(one.status != 200 for one in took),
            "turns": turns,
            "drain_seconds": time.monotonic() - began,
            **_counted(crowd, [*warming, *messages]),
        }


def _counted(crowd: Crowd, messages: Sequence[Said]) -> dict[str, int]:
    found = Counter[str]()
    for openid in {said.openid for said in messages}:
        wanted = [answer_to(said) for said in messages if said.openid == openid]
        got = crowd.answered(openid)
        found["lost"] += len(set(wanted) - set(got))
        found["doubled"] += len(got) - len(set(got))
        found["out_of_order"] += list(dict.fromkeys(got)) != [w for w in wanted if w in got]
    return {name: found[name] for name in ("lost", "doubled", "out_of_order")}
