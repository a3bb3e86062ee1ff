"""A new category is one new file for the assistant too: real Rasa, trained on a copy that has it.

The copy holds few sentences of few other categories, so that training takes seconds of work.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from intake.assistant.training import DEPENDS_ON, EMBEDDINGS, bot_python, train, trained_model
from intake.evaluation.environment import open_environment
from intake.settings import ROOT, load
from tests.support import new_category

pytestmark = [pytest.mark.timeout(1200), pytest.mark.asyncio]
OTHERS = {
    "meal": "今天晚饭想订一碗软烂的面条，送到家里",
    "haircut": "头发长得遮眼睛了，想请理发师傅上门剪剪",
    "home_repair": "厨房的水龙头关不严，一直滴水，找人来修",
    "errand": "帮我去超市买一袋大米捎上来，我下不了楼",
    "transport": "明早去市医院复查，想要一辆能放轮椅的车接我",
    "greet": "你好呀，有人在吗",
}
"""Some of what there is already, each with a sentence that says it."""
KEPT_SENTENCES = 40
SKIPPED = shutil.ignore_patterns(".venv", "__pycache__")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of all that training depends on, with few sentences."""
    root = tmp_path / "checkout"
    for name in (
        *DEPENDS_ON,
        EMBEDDINGS,
        "intake/understanding",
        "intake/__init__.py",
        "data/services",
    ):
        source, target = ROOT / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=SKIPPED, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    shutil.rmtree(root / "data" / "nlu")
    (root / "data" / "nlu").mkdir()
    for intent in OTHERS:
        _few_sentences(root, intent)
    return root


def _few_sentences(root: Path, intent: str) -> None:
    yaml = YAML(typ="safe", pure=True)
    found = yaml.load((ROOT / "data" / "nlu" / f"{intent}.yml").read_text("utf-8"))
    lines = found["nlu"][0]["examples"].splitlines(keepends=True)
    # From all over the file: English stands at its end.
    kept = lines[:: len(lines) // KEPT_SENTENCES][:KEPT_SENTENCES]
    found["nlu"][0]["examples"] = "".join(kept)
    with (root / "data" / "nlu" / f"{intent}.yml").open("w", encoding="utf-8") as file:
        yaml.dump(found, file)


async def test_the_assistant_answers_with_a_category_that_is_one_new_file(
    checkout: Path, tmp_path: Path
) -> None:
    python, models = bot_python(ROOT), tmp_path / "models"
    new_category.add_to(checkout)
    assert trained_model(checkout, models, python=python) is None
    model = train(checkout, models, python=python, on_line=print)
    settings = load(env={"HUYING_HOME": str(tmp_path / "home")})
    answers = {}
    async with open_environment(settings, model, hears=False, say=print) as house:
        for sentence in (*new_category.UNSEEN, *OTHERS.values()):
            answers[sentence] = (await house.assistant.parse(sentence)).best[0]
    expected = dict.fromkeys(new_category.UNSEEN, new_category.CODE)
    assert answers == expected | {sentence: code for code, sentence in OTHERS.items()}
