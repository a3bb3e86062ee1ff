"""``make bench``: speed, as ratios measured in one run; goals printed as met or missed.

python -m tests.bench [accepting | routed | wechat | chat | desk | operator | speech] …
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from intake.settings import ROOT
from tests.bench import (
    accepting,
    chatting,
    desk,
    operator_seconds,
    speech_cost,
    throughput,
    wechat_door,
)

PARTS = ("accepting", "routed", "wechat", "chat", "desk", "operator", "speech")


def verdict(good: bool) -> str:
    return "met" if good else "MISSED"


def show_accepting() -> None:
    """Voicemails accepted a second."""
    print("Accepting (a 96 KB recording; medians of rounds in turn)", flush=True)
    found = accepting.measure()
    for clients in map(str, accepting.CLIENTS):
        row: dict[str, Any] = found[clients]
        print(
            f"  {clients:>2} clients: {row['ours']:6.0f}/s,"
            f" minimal endpoint {row['minimal']:6.0f}/s,"
            f" ratio {row['ratio']:.2f}"
            f" (goal ≥ {accepting.GOAL}: {verdict(row['ratio'] >= accepting.GOAL)}),"
            f" {row['errors']} errors"
        )
    growth = found["memory_growth_mb"]
    print(f"  memory of the web process grew by {growth:.1f} MB ({verdict(growth < 20)})")


def show_routed() -> None:
    """Seconds from upload to routed; memory."""
    print("From upload to routed (a 10 s voicemail, real parts)", flush=True)
    found = throughput.measure()
    goal = throughput.GOAL_SECONDS
    print(
        f"  median {found['seconds_median']:.1f} s, p95 {found['seconds_p95']:.1f} s"
        f" (goal {goal:.0f}: {verdict(found['seconds_median'] <= goal)})"
    )
    print("Memory of each process with its children")
    for name, megabytes in found["memory_mb"].items():
        print(f"  {name:9} {megabytes:6.0f} MB")


def show_wechat() -> None:
    """The WeChat door while the assistant is slow."""
    print(
        f"WeChat: {wechat_door.PER_SECOND} messages a second for {wechat_door.SECONDS} s,"
        f" the assistant takes {wechat_door.TURN_SECONDS:.0f} s a turn",
        flush=True,
    )
    found = wechat_door.measure()
    print(
        f"  the door: p50 {found['p50'] * 1000:.0f} ms, p95 {found['p95'] * 1000:.0f} ms,"
        f" p99 {found['p99'] * 1000:.0f} ms, longest {found['max'] * 1000:.0f} ms"
        f" (goal p99 ≤ {wechat_door.GOAL_SECONDS * 1000:.0f} ms:"
        f" {verdict(found['p99'] <= wechat_door.GOAL_SECONDS)});"
        f" {found['machine_busy']:.1f} of {os.cpu_count()} cores busy with all there is"
    )
    wrong = ("refused", "lost", "doubled", "out_of_order")
    print(
        f"  {found['messages']} messages: "
        + ", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in wrong)
        + f" ({verdict(not any(found[name] for name in wrong))});"
        f" {found['turns']} turns meanwhile, the rest in {found['drain_seconds']:.0f} s once it"
        " was quick again"
    )


def show_chat() -> None:
    """Turns of the web chat, and what limits them."""
    print("Chat turns with the real assistant (everybody answers at once)", flush=True)
    for residents, row in chatting.measure().items():
        goal = ""
        if int(residents) == chatting.GOAL_AT:
            goal = f" (goal p95 < 1 s: {verdict(row['p95'] < chatting.GOAL_SECONDS)})"
        print(
            f"  {residents:>2} residents: {row['turns_a_second']:5.1f} turns/s,"
            f" p50 {row['p50']:.2f} s, p95 {row['p95']:.2f} s{goal};"
            f" {row['unanswered']} without an answer"
        )
        cpu = sorted(row["cpu_a_turn"].items(), key=lambda item: -item[1])
        print(
            f"     of it Rasa with its actions p50 {row['rasa_p50']:.2f} s, p95"
            f" {row['rasa_p95']:.2f} s; {row['parses']:.1f} readings a turn besides;"
            f" {row['cores_busy']:.1f} cores busy with it, {row['machine_busy']:.1f} with all"
            " there is; CPU a turn: "
            + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in cpu if seconds)
        )


def show_desk() -> None:
    """The operators' desk with many requests."""
    print(f"The desk with {desk.REQUESTS:,} requests (one look at a time)", flush=True)
    goal = desk.GOAL_SECONDS
    for name, row in desk.measure().items():
        print(
            f"  {name:15} p50 {row['p50'] * 1000:4.0f} ms, p95 {row['p95'] * 1000:4.0f} ms"
            f" (goal p95 < {goal * 1000:.0f} ms: {verdict(row['p95'] < goal)})"
        )


def show_operator() -> None:
    """What a request costs an operator."""
    print("An operator's seconds for a request, at human pace (keystroke-level model)", flush=True)
    for name, row in operator_seconds.measure().items():
        goal = operator_seconds.GOALS[name]
        print(
            f"  {name:26} {row['seconds']:5.1f} s until the next is on the screen"
            f" (goal < {goal:.0f} s: {verdict(row['seconds'] < goal)}),"
            f" of it listening {row['listened']:.0f} s;"
            f" {row['keys']} keys, {row['clicks']} clicks"
        )


def show_speech(clips: Path | None) -> None:
    """Work for a second of audio, beside plain faster-whisper."""
    clips = clips or ROOT.parent / "shared" / "data" / "speech"
    if not clips.is_dir():
        clips = ROOT / "tests" / "model" / "data"
    speech_cost.show(speech_cost.measure(ROOT / "build" / "models", clips))


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--clips", type=Path, help="recordings with transcripts.tsv")
    arguments = parser.parse_args()
    for part in arguments.parts or PARTS:
        if part == "accepting":
            show_accepting()
        elif part == "routed":
            show_routed()
        elif part == "wechat":
            show_wechat()
        elif part == "chat":
            show_chat()
        elif part == "desk":
            show_desk()
        elif part == "operator":
            show_operator()
        else:
            show_speech(arguments.clips)
    return 0


if __name__ == "__main__":
    sys.exit(main())
