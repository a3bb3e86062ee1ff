"""The licences of what we ship; fails on one that would bind those who ship it on.

Reads the installed metadata of every package in requirements.lock and bot/requirements.lock, and
what the package-lock.json of page/ and desk/ say of the packages that go into the pages.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = """
import importlib.metadata as m, json, sys
out = {}
for name in json.load(sys.stdin):
    try:
        meta = m.metadata(name)
    except m.PackageNotFoundError:
        continue
    words = [meta.get("License-Expression") or "", (meta.get("License") or "")[:80]]
    words += [c.rpartition("::")[2] for c in meta.get_all("Classifier") or [] if "License" in c]
    out[name] = " ".join(" ".join(w.split()) for w in words if w.strip())
print(json.dumps(out))
"""
BINDING = re.compile(r"\b(A?GPL|Affero|General Public License)", re.I)
FREER = re.compile(r"LGPL|Lesser|Library General", re.I)


def licences(lock: Path, python: Path) -> dict[str, str]:
    """Package → its licence's words."""
    names = re.findall(r"^([A-Za-z0-9_.-]+)==", lock.read_text(), re.M)
    done = subprocess.run(
        [python, "-c", CODE], input=json.dumps(names), capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def npm_licences(lock: Path) -> dict[str, str]:
    """Package → its licence's words, of those that are not for development only."""
    packages = json.loads(lock.read_text())["packages"]
    return {
        path.removeprefix("node_modules/"): package.get("license", "")
        for path, package in packages.items()
        if path and not package.get("dev")
    }


def main() -> int:
    """Print them grouped; 1 if one is binding."""
    bad = 0
    shipped = {
        lock: licences(ROOT / lock, ROOT / python / "bin" / "python")
        for lock, python in (("requirements.lock", ".venv"), ("bot/requirements.lock", "bot/.venv"))
    }
    for folder in ("page", "desk"):
        shipped[f"{folder}/package-lock.json"] = npm_licences(ROOT / folder / "package-lock.json")
    for lock, found in shipped.items():
        binding = [n for n, t in found.items() if BINDING.search(t) and not FREER.search(t)]
        dual = [n for n in binding if re.search(r"\bor\b|MIT|BSD|Apache|MPL", found[n], re.I)]
        unknown = [n for n, t in found.items() if not t]
        for name in sorted(set(binding) - set(dual)):
            print(f"{lock}: {name}: {found[name]}: may not be shipped")
            bad += 1
        print(f"{lock}: {len(found)} packages, {len(dual)} of several licences", end="")
        print(f", unnamed: {', '.join(unknown)}" if unknown else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
