"""What the trained assistant makes of messages that carry other labels than ours.

`python -m tests.model.measure_classifier FILE`: FILE holds one JSON object a line with `text` and
`label`, such as citizens' messages with the field of government that each was filed under. Nobody
says which of our categories is right, so the figures say how the labels spread: a classifier that
understands puts one label into few categories, and doubts where nothing fits.

`--model FILE` takes another trained model than that of the present content; `--verbose` lists the
messages that were taken for an emergency, `--json` prints the counts.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from intake.evaluation.dataset import objects
from intake.evaluation.environment import assistant_model, open_environment
from intake.evaluation.metrics import wilson
from intake.settings import load
from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand

SURE = 0.6
"""The default of the setting `deciding.category`."""
WIDTH = 140
EMPTY = Gazetteer(())
RECEIVED_AT = datetime(2026, 11, 20, 10, 0)


@dataclass
class Label:
    """All messages of one label: what they were taken for, and how surely."""

    count: int = 0
    sure: int = 0
    alarms: int = 0
    categories: Counter[str] = field(default_factory=Counter)

    def add(self, category: str, confidence: float, alarm: bool) -> None:
        """One message more."""
        self.count += 1
        self.sure += confidence > SURE
        self.alarms += alarm
        self.categories[category] += 1


def spread(
    messages: Sequence[dict[str, Any]], rankings: Sequence[Sequence[tuple[str, float]]]
) -> tuple[dict[str, Label], list[str]]:
    """The labels, the commonest first, and the texts that raised an alarm."""
    labels: dict[str, Label] = {}
    alarmed: list[str] = []
    for message, ranking in zip(messages, rankings, strict=True):
        read = understand(
            message["text"], received_at=RECEIVED_AT, ranking=ranking, gazetteer=EMPTY
        )
        alarm = read.urgency == "emergency"
        if alarm:
            alarmed.append(f"{message['label']}: {message['text']}")
        labels.setdefault(message["label"], Label()).add(*ranking[0], alarm)
    return dict(sorted(labels.items(), key=lambda item: -item[1].count)), alarmed


def purity(labels: Sequence[Label]) -> float:
    """The share of the messages that are in the commonest category of their label, 0..1."""
    in_commonest = sum(label.categories.most_common(1)[0][1] for label in labels)
    return in_commonest / sum(label.count for label in labels)


def show(labels: dict[str, Label], out: Console) -> None:
    """Two tables: how each label spreads, and the counts of every category."""
    summary = Table("label", "n", "commonest category", "share", "95 %", f"> {SURE}", "alarms")
    for name, label in labels.items():
        category, hits = label.categories.most_common(1)[0]
        low, high = wilson(hits, label.count)
        summary.add_row(
            *(name, str(label.count), category, f"{hits / label.count:.2f}"),
            *(f"{low:.2f}–{high:.2f}", f"{label.sure / label.count:.2f}", str(label.alarms)),
        )
    out.print(summary)
    counts = Table("category", *labels, "all")
    total = sum((label.categories for label in labels.values()), Counter[str]())
    for category, count in total.most_common():
        row = [label.categories[category] for label in labels.values()]
        counts.add_row(category, *(str(n or "·") for n in row), str(count))
    out.print(counts)
    of_all = list(labels.values())
    n, sure, alarms = (sum(getattr(x, key) for x in of_all) for key in ("count", "sure", "alarms"))
    out.print(
        f"{n} messages: in the commonest category of their label {purity(of_all):.3f},"
        f" confidence > {SURE} {sure / n:.3f}, alarms {alarms}/{n} = {alarms / n:.3f}"
    )


async def rank(
    messages: Sequence[dict[str, Any]], model: Path
) -> list[tuple[tuple[str, float], ...]]:
    """What Rasa with this model makes of each message."""
    async with open_environment(load(), model, hears=False, say=_say) as house:
        return [(await house.assistant.parse(m["text"])).ranking for m in messages]


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    messages = [found for _, found in objects(given.file)]
    model = given.model or assistant_model(_say)
    labels, alarmed = spread(messages, asyncio.run(rank(messages, model)))
    if given.verbose:
        print("\n".join(alarmed), file=sys.stderr)
    if given.json:
        print(json.dumps({name: asdict(label) for name, label in labels.items()}, indent=1))
    else:
        show(labels, Console(highlight=False, width=WIDTH))


if __name__ == "__main__":
    main()
