from __future__ import annotations

import re
import tomllib
from importlib import metadata
from itertools import combinations
from pathlib import Path

import pytest
from starlette.routing import Match, Route

from intake import cli
from intake.app import ROUTERS
from intake.settings import VERSION
from tools.setup import module_names

ROOT = Path(__file__).parents[2]


def test_no_two_routers_answer_the_same_request() -> None:
    """So the order in which the application includes them changes nothing."""
    routes = [[r for r in router.routes if isinstance(r, Route)] for router in ROUTERS]
    for some, others in combinations(routes, 2):
        for one in some:
            for other in others:
                if (one.methods or set()) & (other.methods or set()):
                    assert not _answers(one, other.path), (one.path, other.path)
                    assert not _answers(other, one.path), (one.path, other.path)


def _answers(route: Route, path: str) -> bool:
    method = next(iter(route.methods or {"GET"}))
    sample = re.sub(r"\{[^}]*\}", "3-0472-6", path)
    found, _ = route.matches({"type": "http", "path": sample, "method": method, "root_path": ""})
    return found is Match.FULL


def test_the_next_request_is_not_taken_for_a_number() -> None:
    from intake.web.api import requests

    paths = [route.path for route in requests.router.routes if isinstance(route, Route)]
    assert paths.index("/api/requests/next") < paths.index("/api/requests/{number}")


def test_every_module_at_the_root_of_intake_stands_in_the_layers() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in table["contracts"] if c["type"] == "layers")
    assert layers["exhaustive"] is True
    named = {name.strip() for layer in layers["layers"] for name in re.split("[|:]", layer)}
    found = {path.stem for path in (ROOT / "intake").iterdir() if path.name != "__init__.py"}
    found = {name for name in found if not name.startswith("__pycache__")}
    assert found == named
    assert len(named) <= 25


def test_a_module_named_with_a_gerund_is_found(tmp_path: Path) -> None:
    for name in ("intake/looking.py", "intake/keeping/__init__.py", "intake/routing.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = module_names.gerunds(tmp_path)
    assert found == ["intake/keeping/__init__.py", "intake/looking.py"]


def test_every_exception_for_a_gerund_is_used() -> None:
    names = {p.stem for top in module_names.PACKAGES for p in (ROOT / top).rglob("*.py")}
    names |= {
        p.name for top in module_names.PACKAGES for p in (ROOT / top).rglob("*") if p.is_dir()
    }
    assert set(module_names.NOUNS) <= names


def test_the_version_is_the_packages_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert metadata.version("huying") == VERSION == project
    with pytest.raises(SystemExit):
        cli.app(["--version"])
    assert capsys.readouterr().out == f"huying {project}\n"
    assert f"## {project} – 20" in (ROOT / "CHANGELOG.md").read_text()
