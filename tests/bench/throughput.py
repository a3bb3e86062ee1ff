"""Seconds from upload to routed on the real stack, and the memory of each process."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from intake.settings import ROOT
from tests.support import demo_stack as stacks

GOAL_SECONDS = 5.0
DEMO = ROOT / "data" / "demo"
SAMPLE = "v11"  # 9.8 s of Mandarin, routed to the station
ROUNDS = 8


async def _measure() -> dict[str, Any]:
    samples = {s["id"]: s for s in map(json.loads, (DEMO / "voicemails.jsonl").open())}
    told = samples[SAMPLE]
    audio = (DEMO / told["audio"]).read_bytes()
    with tempfile.TemporaryDirectory(prefix="huying-bench-") as name:
        async with stacks.running(Path(name)) as stack:
            seconds = []
            for number in range(ROUNDS + 1):
                began = time.monotonic()
                sent = await stack.leave(audio, **told.get("form", {}))
                state = await stack.settled(sent)
                assert state["status"] == "routed", state
                if number:  # the first one loads the model
                    seconds.append(time.monotonic() - began)
            memory = {}
            for process in json.loads((Path(name) / "run" / "processes.json").read_text())[
                "processes"
            ]:
                if process["pid"] and psutil.pid_exists(process["pid"]):
                    parent = psutil.Process(process["pid"])
                    family = [parent, *parent.children(recursive=True)]
                    own = [_unshared(member) for member in family]
                    memory[process["name"]] = sum(own) / 2**20
    return {
        "seconds_median": statistics.median(seconds),
        "seconds_p95": sorted(seconds)[max(0, round(len(seconds) * 0.95) - 1)],
        "memory_mb": memory,
    }


def _unshared(process: psutil.Process) -> int:
    """What it alone holds: PostgreSQL's children share most of what each seems to hold."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.Error, AttributeError):
        return int(process.memory_info().rss)


def measure() -> dict[str, Any]:
    """``seconds_median``, ``seconds_p95`` from upload to routed, ``memory_mb`` by process."""
    return asyncio.run(_measure())
