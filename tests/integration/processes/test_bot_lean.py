"""Rasa without TensorFlow: what is left out, and what somebody reads who asks for it."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from intake.assistant.training import QUIET, bot_python
from intake.settings import ROOT


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A program of Rasa's Python."""
    return subprocess.run(
        [str(bot_python(ROOT)), "-c", code, *map(str, arguments)],
        env={**QUIET, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_rasa_is_imported_without_tensorflow_and_scikit_learn() -> None:
    done = run(
        "from bot.lean import leave_out; leave_out()\n"
        "import sys, rasa.__main__, rasa.core.run, rasa.engine.recipes.default_recipe\n"
        "print(sorted({'tensorflow', 'keras', 'jax', 'sklearn'} & set(sys.modules)))"
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_every_component_that_rasa_ships_is_found_by_its_name_or_says_what_it_needs() -> None:
    """Rasa's own list names no component that ours does not."""
    done = run(
        "from bot.lean import leave_out, OTHERS, NEED_TENSORFLOW; leave_out()\n"
        "from rasa.engine.recipes.default_recipe import DefaultV1Recipe\n"
        "from rasa.shared.exceptions import InvalidConfigException\n"
        "import rasa\n"
        "for name in (*OTHERS, *NEED_TENSORFLOW):\n"
        "    try:\n"
        "        print(name, DefaultV1Recipe._from_registry(name).clazz.__name__)\n"
        "    except InvalidConfigException as error:\n"
        "        print(name, 'refused:', error)\n"
        "print('rasa', rasa.__file__)"
    )
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    folder = Path(found.pop("rasa")).parent
    tree = ast.parse((folder / "engine/recipes/default_components.py").read_text())
    shipped = {
        alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(found) == shipped
    refused = {name for name, said in found.items() if said.startswith("refused:")}
    assert all(name == said for name, said in found.items() if name not in refused)
    assert {"DIETClassifier", "TEDPolicy"} <= refused
    assert not {"RulePolicy", "CountVectorsFeaturizer", "WhitespaceTokenizer"} & refused
    assert all(f"{name} needs " in found[name] for name in refused)


@pytest.mark.parametrize(
    ("part", "name"), [("pipeline", "DIETClassifier"), ("policies", "TEDPolicy")]
)
def test_a_config_that_names_a_neural_component_is_refused_in_one_sentence(
    tmp_path: Path, part: str, name: str
) -> None:
    yaml = YAML(typ="safe", pure=True)
    config = yaml.load((ROOT / "config.yml").read_text("utf-8"))
    config[part].append({"name": name})
    with (tmp_path / "config.yml").open("w") as file:
        yaml.dump(config, file)
    (tmp_path / "nlu.yml").write_text('version: "3.1"\nnlu: [{intent: a, examples: "- 你好"}]\n')
    command = [bot_python(ROOT), "-m", "bot.train", "--config", tmp_path / "config.yml"]
    command += ["--domain", ROOT / "bot" / "domain.yml", "--data", ROOT / "data" / "rules"]
    command += [tmp_path / "nlu.yml", "--out", tmp_path]
    done = subprocess.run(
        list(map(str, command)),
        env={**QUIET, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"{name} needs TensorFlow, which is not installed" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
