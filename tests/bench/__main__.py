"""``make bench``: speed, as ratios measured in one run; goals printed as met or missed.

python -m tests.bench [accepting | routed | speech] …
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from intake.settings import ROOT
from tests.bench import accepting, speech_cost, throughput

PARTS = ("accepting", "routed", "speech")


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
        else:
            show_speech(arguments.clips)
    return 0


if __name__ == "__main__":
    sys.exit(main())
