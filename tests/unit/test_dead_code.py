"""What a module defines is used somewhere outside of the tests."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from intake.settings import ROOT

PACKAGES = ("intake", "speech", "actions")
USED_BY_LIBRARIES = {
    *("upgrade", "downgrade", "revision", "down_revision"),  # Alembic, in a migration
    "tracking_sequence",  # the database's metadata
    "ASK_ACTIONS",  # rasa-sdk, which finds the subclasses of Action that the list keeps alive
}
WORD = re.compile(r"\w+")


def test_every_function_class_and_constant_of_a_module_is_used() -> None:
    sources = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
    templates = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.html"))]
    words = Counter[str]()
    for path in (*sources, *templates, ROOT / "pyproject.toml"):
        words.update(WORD.findall(path.read_text("utf-8")))
    dead = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources
        for name in _defined(ast.parse(path.read_text("utf-8")), path)
        if words[name] == 1 and name not in USED_BY_LIBRARIES
    ]
    assert dead == []


def _defined(module: ast.Module, path: Path) -> Iterator[str]:
    """Names that a module defines, but for those that a decorator or Rasa registers."""
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            registered = isinstance(node, ast.ClassDef) and path.is_relative_to(ROOT / "actions")
            if not node.decorator_list and not registered:
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
