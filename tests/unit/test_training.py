"""The training cache: one training for each content. A small real program stands where Rasa is."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from intake.assistant.training import (
    KEPT_MODELS,
    TrainingError,
    percent_done,
    train,
    trained_model,
    training_key,
)

SERVICE = """\
code: meal
name: {zh: 送餐, en: Meals}
description: {zh: 送餐, en: Meals}
field: daily_life
urgency: normal
deadline_minutes: 60
deadline_source: the same day
questions: {}
routing_hint: canteen
examples: [中午想订一份饭]
"""
# Answers `-c` (the version) as Python does; else writes what it was asked to train and its sources.
PYTHON = """\
#!/bin/sh
if [ "$1" = -c ]; then echo cpython 3 10; exit; fi
echo trained >> "$RUNS"
[ -e "$BROKEN" ] && { echo "no such component"; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in --out) out=$2;; --fixed-model-name) name=$2;; esac
  case $1 in --domain) domain=$2;; --data) nlu=$2;; esac
  shift
done
echo "training $name"
sleep "${SLOW:-0}"
cat "$domain"/* "$nlu"/* > "$out/$name.tar.gz"
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repo"
    for folder in ("bot/components", "data/services", "data/nlu", "intake/understanding"):
        (root / folder).mkdir(parents=True)
    for name in ("config.yml", "bot/domain.yml", "bot/requirements.lock", "bot/components/a.py"):
        (root / name).write_text("one")
    (root / "intake/understanding/phonetics.py").write_text("one")
    (root / "data/services/meal.yml").write_text(SERVICE)
    (root / "data/services/_intents.yml").write_text(
        "intents: {greet: {name: {zh: 好, en: hi}, description: {zh: 好, en: hi}}}"
    )
    (root / "python").write_text(PYTHON)
    (root / "python").chmod(0o755 | stat.S_IXUSR)
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BROKEN", str(tmp_path / "broken"))
    return root


def go(root: Path, lines: list[str] | None = None) -> Path:
    heard = lines if lines is not None else []
    return train(root, root / "build", python=root / "python", on_line=heard.append)


def runs(root: Path) -> int:
    path = root.parent / "runs"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_model_is_trained_once_for_the_same_content(root: Path) -> None:
    assert trained_model(root, root / "build", python=root / "python") is None
    lines: list[str] = []
    model = go(root, lines)
    assert lines == [f"training {model.name.removesuffix('.tar.gz')}"]
    assert go(root) == model == trained_model(root, root / "build", python=root / "python")
    assert runs(root) == 1


def test_the_catalogue_gives_the_intents_and_its_own_examples(root: Path) -> None:
    text = go(root).read_text()
    assert '"intents": ["emergency", "greet", "meal"]' in text
    assert "中午想订一份饭" in text
    assert '"steps": [{"intent": "meal"}, {"action": "request_form"}' in text


@pytest.mark.parametrize(
    "changed",
    [
        "config.yml",
        "bot/domain.yml",
        "bot/requirements.lock",
        "bot/components/a.py",
        "bot/components/new.py",
        "bot/lean.py",
        "bot/train.py",
        "data/nlu/meal.yml",
        "data/lookups/places.yml",
        "intake/understanding/phonetics.py",
        "python",
    ],
)
def test_anything_training_depends_on_changes_the_key(root: Path, changed: str) -> None:
    before = training_key(root, root / "python")
    path = root / changed
    path.parent.mkdir(exist_ok=True)
    if changed == "python":
        path.write_text(PYTHON.replace("cpython 3 10", "cpython 3 11"))
    else:
        path.write_text("two")
    assert training_key(root, root / "python") != before


def test_of_the_catalogue_only_codes_and_examples_change_the_key(root: Path) -> None:
    before = training_key(root, root / "python")
    path = root / "data/services/meal.yml"
    path.write_text(SERVICE.replace("deadline_minutes: 60", "deadline_minutes: 90"))
    assert training_key(root, root / "python") == before
    path.write_text(SERVICE.replace("中午想", "晚上想"))
    assert training_key(root, root / "python") != before


def test_what_a_killed_training_left_is_swept_away_by_the_next(root: Path) -> None:
    left = root / "build" / ".training-killed" / "deep"
    left.mkdir(parents=True)
    (left / "model").touch()
    model = go(root)
    assert {path.name for path in (root / "build").iterdir()} == {".lock", model.name}


def test_a_failed_training_leaves_nothing_and_says_what_rasa_said(root: Path) -> None:
    broken = root.parent / "broken"
    broken.touch()
    with pytest.raises(TrainingError, match="no such component"):
        go(root)
    assert not [p for p in (root / "build").iterdir() if p.name != ".lock"]
    broken.unlink()
    assert go(root).exists()


def test_a_python_that_is_not_there_is_one_sentence(root: Path) -> None:
    with pytest.raises(TrainingError, match="does not run"):
        train(root, root / "build", python=root / "none", on_line=print)


def test_two_at_once_train_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOW", "1")
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(go(root))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert runs(root) == 1


def test_a_change_during_the_training_is_not_filed_under_the_old_content(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW", "1")

    def change(line: str) -> None:
        (root / "config.yml").write_text("changed meanwhile")

    with pytest.raises(TrainingError, match="changed during"):
        train(root, root / "build", python=root / "python", on_line=change)
    assert not list((root / "build").glob("*.tar.gz"))


def test_only_the_newest_models_stay(root: Path) -> None:
    models = []
    for number in range(KEPT_MODELS + 2):
        (root / "config.yml").write_text(str(number))
        models.append(go(root))
        os.utime(models[-1], (time.time() - 100 + number,) * 2)
    (root / "config.yml").write_text("last")
    last = go(root)
    kept = sorted((root / "build").glob("huying-*.tar.gz"))
    assert kept == sorted([*models[-KEPT_MODELS + 1 :], last])


def test_what_rasa_says_tells_how_far_a_training_is() -> None:
    said = [
        "INFO rasa.cli.train  - Started validating domain and training data...",
        "INFO hooks  - Starting to train component 'CharacterFeaturizer'.",
        "INFO hooks  - Starting to train component 'CalibratedClassifier'.",
        "INFO bot.components.classifier  - Step 30 of at most 60.",
        "INFO bot.components.classifier  - Step 60 of at most 60.",
    ]
    found = [percent_done(line) for line in said]
    assert found == sorted(filter(None, found))
    assert found[0] and found[-1] and 0 < found[0] < found[-1] < 100
    assert percent_done("Processed rules: 50%") is None
