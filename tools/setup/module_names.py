"""Checks that modules are named with nouns: a name that ends in "-ing" needs a reason here."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("intake", "speech", "actions")
NOUNS = {
    "bookkeeping": "the field's noun for records about the work itself",
    "hearing": "named after its settings table, [hearing]",
    "mishearing": "the noun of psycholinguistics for a wrongly heard word",
    "opening": "the opening of a request is a thing: `Opening`",
    "routing": "the noun of help desks and of networks",
    "signing": "the cryptographer's noun",
    "training": "the noun of machine learning",
    "understanding": "one of the five words of this project: `Understanding`",
}
"""Names that end in -ing and are nouns of their field, with the reason."""


def gerunds(root: Path) -> list[str]:
    """The modules and packages below `root` whose names end in -ing without a reason in `NOUNS`.

    Migrations are left out: their names are the identifiers of revisions.
    """
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if "versions" in path.parts:
                continue
            name = path.parent.name if path.name == "__init__.py" else path.stem
            if name.endswith("ing") and name not in NOUNS:
                found.append(path.relative_to(root).as_posix())
    return found


def main() -> None:
    """Print the gerunds and exit with 1, or say nothing."""
    found = gerunds(ROOT)
    for path in found:
        print(f"{path}: a module is named with a noun (see CONTRIBUTING.md)")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
