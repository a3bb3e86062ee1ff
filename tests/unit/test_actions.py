"""Every action that the access log can hold is told in words, in every language."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from intake.accounts.operators import ROLES
from intake.catalogue import places, routing_rules, text_overrides
from intake.locale import languages
from intake.pipeline import failures
from intake.web.access_log_words import told

ROOT = Path(__file__).parents[2] / "intake"
# Where an action is logged: the place of its argument, and its name.
LOGS = {
    "intake.web.auth.log_access": (2, "action"),
    "intake.web.access_log_throttle.log_look": (2, "action"),
    "intake.storage.models.AccessLog": (99, "action"),
}
# What else an action is put together of; a new expression needs a line here.
SAMPLES = {
    "code[:40]": ("meal", "legal_aid"),
    "edit.kind": (places.KIND, routing_rules.KIND, text_overrides.KIND),
    "body.role": ROLES,
    "role": ROLES,
    "kind": tuple(failures.KINDS),
    **dict.fromkeys(
        ("edit.id", "ended", "found.id", "home.id", "household", "household.id", "household_id",
         "number", "operator.id", "operator_id"),
        ("12",),
    ),
}  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One file: what it calls, and in which function."""

    def __init__(self, path: Path) -> None:
        self.name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        self.calls: list[tuple[str, ast.Call, Function | None]] = []
        self._names: dict[str, str] = {}
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    self._names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, Function):
                self._names.setdefault(node.name, f"{self.name}.{node.name}")
        self._visit(tree, None)

    def _visit(self, node: ast.AST, around: Function | None) -> None:
        around = node if isinstance(node, Function) else around
        if isinstance(node, ast.Call):
            self.calls.append((self._called(node.func), node, around))
        for child in ast.iter_child_nodes(node):
            self._visit(child, around)

    def _called(self, what: ast.expr) -> str:
        head, _, tail = ast.unparse(what).partition(".")
        return ".".join(filter(None, (self._names.get(head, head), tail)))


MODULES = [Module(path) for path in sorted(ROOT.rglob("*.py"))]


def given(function: str, place: int, name: str) -> Iterator[str]:
    """Every text that some call hands to a function in this argument."""
    for module in MODULES:
        for called, call, around in module.calls:
            if called == function:
                named = {word.arg: word.value for word in call.keywords}
                handed = named.get(name) or (call.args[place] if place < len(call.args) else None)
                assert handed is not None, f"{module.name}: {ast.unparse(call)}"
                yield from written(handed, module, around)


def _cut(expression: ast.expr) -> TypeGuard[ast.Subscript]:
    """Is it ``f"…"[:64]``?"""
    return isinstance(expression, ast.Subscript) and isinstance(expression.value, ast.JoinedStr)


def written(expression: ast.expr, module: Module, around: Function | None) -> Iterator[str]:
    """Every text that an expression can be."""
    source = ast.unparse(expression)
    parameters = [a.arg for a in (*around.args.args, *around.args.kwonlyargs)] if around else []
    if isinstance(expression, ast.Constant):
        yield str(expression.value)
    elif isinstance(expression, ast.IfExp):
        yield from written(expression.body, module, around)
        yield from written(expression.orelse, module, around)
    elif isinstance(expression, ast.FormattedValue) or _cut(expression):
        yield from written(expression.value, module, around)
    elif isinstance(expression, ast.JoinedStr):
        parts = [list(written(part, module, around)) for part in expression.values]
        yield from map("".join, itertools.product(*parts))
    else:
        known: list[str] = []
        if around is not None and source in parameters:
            name = f"{module.name}.{around.name}"
            if name in LOGS:  # one of them hands it to another
                return
            known = list(given(name, parameters.index(source), source))
        if not known and source not in SAMPLES:
            pytest.fail(f"{module.name}: give {source!r} a line in SAMPLES")
        yield from known or SAMPLES[source]


ACTIONS = sorted({action for name, where in LOGS.items() for action in given(name, *where)})


def test_the_actions_are_found_in_the_code() -> None:
    assert {
        "erase", "household 12: order erase", "operator 12: role supervisor", "task_done",
        "routing rules: reset", "places: import", "failure job: give_up", "station_done",
        "catalogue: meal reset", "sign_in_wrong", "take_over", "confirm",
    } <= {*ACTIONS}  # fmt: skip
    assert all(len(action) <= 64 for action in ACTIONS)


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_told_in_words(action: str, language: str) -> None:
    words = told(action, language)
    assert words is not None and words != action
    assert "{" not in words and "desk.action" not in words
    assert ("12" in words) is ("12" in action)


def test_no_two_actions_are_told_in_the_same_words() -> None:
    for language in languages():
        words = [told(action, language) for action in ACTIONS]
        assert len(set(words)) == len(words)


def test_a_line_of_an_earlier_version_stays_as_it_is() -> None:
    assert told("stood on its head", "en") is None
