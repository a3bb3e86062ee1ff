"""The code in the documentation, for the tests that run it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from intake.settings import ROOT


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


def named(page: str, path: str) -> str:
    """The block whose first line is the comment ``# path``."""
    language = "yaml" if path.endswith(".yml") else "python"
    for block in blocks(page, language):
        if block.startswith(f"# {path}\n"):
            return block
    raise LookupError(f"{page} shows no {path}")


def put_in(
    package: ModuleType, page: str, path: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Make a documented module a part of ``package``, as if its file lay there."""
    file = folder / Path(path).name
    file.write_text(named(page, path))
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    module = f"{package.__name__}.{file.stem}"
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, module, None)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, module)
