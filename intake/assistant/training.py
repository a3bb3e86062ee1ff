"""Trains the assistant, once for each content of what it depends on.

A model's name carries the key of its content (`training_key`), so that "is it trained?" is "is the
file there?". Rasa's own files are put together in a scratch folder first: one intent for each
category of the catalogue, and the categories' own examples, come from ``data/services/``; the
form's slots from the fields of a request that are asked for.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from intake.catalogue.services import Catalogue, load_catalogue
from intake.errors import HuyingError
from intake.understanding.fields import ASKED_NAMES
from intake.understanding.mishearing import Mishearing

EMBEDDINGS = "data/embeddings"
"""Kept vectors of the training sentences. They save time and change nothing (`bot/embeddings.py`),
so that no model's key depends on them."""
KEPT_MODELS = 2
# What Rasa says on its way, and how much of the work is done then, in percent of the time.
MILESTONES = (
    ("Started validating domain", 4),
    ("Validating intents", 10),
    ("Starting to train component 'CharacterFeaturizer'", 26),
    ("Starting to train component 'FuzzyPinyinFeaturizer'", 35),
    ("Starting to train component 'SentenceEmbeddingFeaturizer'", 48),
    ("Starting to train component 'CalibratedClassifier'", 51),
    ("Starting to train component 'MemoizationPolicy'", 97),
)
STEPS = re.compile(r"Step (\d+) of at most (\d+)")
FRAMES_EACH = 2
"""In how many frames training puts each plain request; four were no better than two."""
SCRATCH = ".training-"
CACHE_MEGABYTES = 200
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
DETAILS = "inform"
ALONE = frozenset((DETAILS, "affirm", "deny", "greet", "thanks"))
"""Intents whose sentences stand alone: a detail beside them would be what the message tells."""
DANGER = "emergency"
"""The one intent that is no need: somebody is in danger now."""
# Everything in the repository that changes what training gives, besides the catalogue.
DEPENDS_ON = (
    "config.yml",
    "bot/domain.yml",
    "bot/requirements.lock",
    "bot/components",
    "bot/lean.py",
    "bot/train.py",
    "data/nlu",
    "data/wants.yml",
    "data/heard",
    "data/rules",
    "data/stories",
    "data/lookups",
    "intake/understanding/phonetics.py",
    "intake/understanding/mishearing.py",
    "intake/assistant/training.py",
)
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    # Waiting threads that spin starve each other on a busy machine: an embedding took 45 times as
    # long (2.6 s for 58 ms) beside other work.
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONUNBUFFERED": "1",
    "PYTHONWARNINGS": "ignore",
}


class TrainingError(HuyingError):
    """The assistant could not be trained; the sentence holds Rasa's last words."""

    default_code = "training_failed"


def percent_done(line: str) -> int | None:
    """How much of a training is done when Rasa says this, 0..100; None: it says nothing of it."""
    if found := STEPS.search(line):
        return 51 + 46 * int(found[1]) // int(found[2])
    return next((percent for words, percent in MILESTONES if words in line), None)


def bot_python(root: Path) -> Path:
    """The Python that Rasa is installed in: ``HUYING_BOT_PYTHON``, else ``bot/.venv``."""
    return Path(os.environ.get("HUYING_BOT_PYTHON", root / "bot" / ".venv" / "bin" / "python"))


def models_folder(root: Path) -> Path:
    """Where trained models lie: shared by all homes of this checkout."""
    return root / "build" / "rasa"


def trained_model(
    root: Path, models_dir: Path | None = None, *, python: Path | None = None
) -> Path | None:
    """The model for the present content, or None when it must be trained first."""
    python = python or bot_python(root)
    path = _model_path(root, models_dir or models_folder(root), python)
    return path if path.exists() else None


def train(
    root: Path, models_dir: Path, *, python: Path, on_line: Callable[[str], None] = print
) -> Path:
    """The model for the present content, trained now if it is not there yet.

    Two callers at once train once: the second waits. The model appears whole or not at all, and
    only the newest `KEPT_MODELS` stay. Every line that Rasa prints goes to `on_line`. Raises
    TrainingError, and SettingsError for a bad catalogue.
    """
    models_dir.mkdir(parents=True, exist_ok=True)
    with _alone(models_dir / ".lock", on_line):
        for left in models_dir.glob(f"{SCRATCH}*"):  # of a training that was killed
            shutil.rmtree(left, ignore_errors=True)
        model = _model_path(root, models_dir, python)
        if not model.exists():
            with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=models_dir) as scratch:
                name = model.stem.split(".")[0]
                cache = models_dir / "cache"
                fresh = _run_rasa(root, Path(scratch), cache, python, name, on_line)
                if _model_path(root, models_dir, python) != model:
                    raise TrainingError("A file changed during the training; train again.")
                fresh.replace(model)
        os.utime(model)
        _forget_old(models_dir, keep=KEPT_MODELS)
        return model


def keep_embeddings(root: Path, *, python: Path, on_line: Callable[[str], None] = print) -> None:
    """Bring the kept sentence vectors (`EMBEDDINGS`) into line with the training sentences.

    Raises TrainingError, and SettingsError for a bad catalogue.
    """
    with tempfile.TemporaryDirectory(prefix="huying-") as scratch:
        data = _write_sources(root, Path(scratch))
        command = [str(python), "-m", "bot.embeddings", str(root / EMBEDDINGS), *map(str, data)]
        _run(command, root, Path(scratch), {}, on_line)


def training_key(root: Path, python: Path) -> str:
    """64 hexadecimal digits that change with anything that training depends on."""
    digest = hashlib.sha256()
    for name in DEPENDS_ON:
        top = root / name
        files = sorted(f for f in top.rglob("*") if f.is_file()) if top.is_dir() else [top]
        for path in files:
            if path.exists() and "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    catalogue = load_catalogue(root / "data" / "services")
    digest.update(json.dumps(_intents(catalogue)).encode())
    digest.update(json.dumps(_form()).encode())
    digest.update(json.dumps(_examples(catalogue)).encode())
    digest.update(_python_version(python).encode())
    return digest.hexdigest()


def _model_path(root: Path, models_dir: Path, python: Path) -> Path:
    return models_dir / f"huying-{training_key(root, python)[:16]}.tar.gz"


def _intents(catalogue: Catalogue) -> list[str]:
    return sorted([*catalogue.codes, *catalogue.intents, DANGER])


def _examples(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    return {code: entry.examples for code, entry in catalogue.entries.items() if entry.examples}


def _python_version(python: Path) -> str:
    show = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        return subprocess.run(
            [python, "-c", show], check=True, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        raise TrainingError(f"{python} does not run; `make setup` makes it.") from None


def _write_sources(root: Path, scratch: Path) -> list[Path]:
    """Rasa's files that come from the catalogue. Returns data folders."""
    catalogue = load_catalogue(root / "data" / "services")
    domain, data = scratch / "domain", scratch / "data"
    domain.mkdir()
    data.mkdir()
    shutil.copy(root / "bot" / "domain.yml", domain / "base.yml")
    intents = {"version": "3.1", "intents": _intents(catalogue)}
    (domain / "intents.yml").write_text(json.dumps(intents), "utf-8")
    (domain / "form.yml").write_text(json.dumps(_form()), "utf-8")
    rules = [
        {
            "rule": f"{entry.name_en}: a request is arranged",
            "condition": [{"active_loop": None}],
            "steps": [
                {"intent": code},
                {"action": "request_form"},
                {"active_loop": "request_form"},
                {"slot_was_set": [{"outcome": None}]},
            ],
        }
        for code, entry in catalogue.entries.items()
    ]
    _write(data / "rules.yml", "rules", rules)
    for code, examples in _examples(catalogue).items():
        lines = "".join(f"- {example}\n" for example in examples)
        _write(data / f"{code}.yml", "nlu", [{"intent": code, "examples": lines}])
    folders = [root / "data" / name for name in ("nlu", "rules", "stories", "lookups")]
    _write_misheard(root, data)
    _write_wants(root, catalogue, data)
    return [data, *(folder for folder in folders if folder.is_dir())]


def _form() -> dict[str, Any]:
    """The form's part of the domain: a slot and a question for each field that is asked for.

    Filled by intake, which reads each message once (validate_request_form asks it). The slots
    mirror the request that it keeps; they don't influence what comes next.
    """
    slots = [*ASKED_NAMES, "read_back"]
    slot = {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]}
    return {
        "version": "3.1",
        "actions": [f"action_ask_{name}" for name in slots],
        "slots": {name: slot for name in slots},
        "forms": {"request_form": {"required_slots": slots}},
    }


def _write_misheard(root: Path, data: Path) -> None:
    """The sentences of ``data/nlu`` and the catalogue once more, as a recogniser writes them.

    Each once with errors of the usual kinds and among details that belong to no kind of need, and
    those that were really spoken and heard again (``data/heard``) as they came out. Each knows the
    sentence that it comes `of`, and whether it is only `made_up`.
    """
    said: dict[str, str] = {}
    for path in sorted([*(root / "data" / "nlu").glob("*.yml"), *data.glob("*.yml")]):
        for block in YAML(typ="safe").load(path).get("nlu", ()):
            lines = (line.removeprefix("- ").strip() for line in block["examples"].splitlines())
            said.update({line: block["intent"] for line in lines if line})
    mishearing = Mishearing(said)
    details = [text for text, intent in said.items() if intent == DETAILS]
    found: list[tuple[str, str, dict[str, Any]]] = [
        (
            intent,
            _among(mishearing.mishear(text, "1"), intent, details),
            {"of": text, "made_up": True},
        )
        for text, intent in said.items()
    ]
    heard = root / "data" / "heard" / "heard.jsonl"
    for line in heard.read_text("utf-8").splitlines() if heard.exists() else ():
        row = json.loads(line)
        if row["text"] in said:
            found.append((said[row["text"]], row["heard"], {"of": row["text"]}))
    examples: dict[str, list[dict[str, Any]]] = {}
    for intent, misheard, metadata in found:
        if misheard not in said:
            example = {"text": misheard, "metadata": metadata}
            examples.setdefault(intent, []).append(example)
    nlu = [{"intent": intent, "examples": found} for intent, found in examples.items()]
    _write(data / "misheard.yml", "nlu", nlu)


def _write_wants(root: Path, catalogue: Catalogue, data: Path) -> None:
    """The plain requests of ``data/wants.yml``: each phrase in some of the frames, always the same.

    Phrases of services that the catalogue does not have are left out.
    """
    source = root / "data" / "wants.yml"
    plain = YAML(typ="safe").load(source) if source.exists() else {"frames": (), "wants": {}}
    nlu = []
    for code, phrases in plain["wants"].items():
        said: dict[str, None] = {}
        for phrase in phrases if catalogue.is_service(code) else ():
            draw = random.Random(phrase)  # noqa: S311 - no secret hangs on it
            frames = draw.sample(plain["frames"], FRAMES_EACH)
            said.update(dict.fromkeys(frame.format(phrase) for frame in frames))
        if said:
            nlu.append({"intent": code, "examples": "".join(f"- {text}\n" for text in said)})
    _write(data / "wants.yml", "nlu", nlu)


def _among(text: str, intent: str, details: Sequence[str]) -> str:
    """The sentence with one or two details before or behind it, always the same ones.

    People say who they are and where they live in one breath with what they need; the details tell
    nothing of its kind (docs/decisions/011).
    """
    if intent in ALONE or not details:
        return text
    draw = random.Random(text)  # noqa: S311 - no secret hangs on it
    one, other = draw.choice(details), draw.choice(details)
    return draw.choice((f"{one}，{text}", f"{text}，{one}", f"{one}，{text}，{other}"))


def _write(path: Path, key: str, found: list[dict[str, Any]]) -> None:
    """One of Rasa's files, its content as JSON, which is YAML too.

    Rasa takes a file only if a line of it begins with the key: it passes over whole JSON.
    """
    content = json.dumps(found, ensure_ascii=False)
    path.write_text(f'version: "3.1"\n{key}: {content}\n', "utf-8")


def _run_rasa(
    root: Path, scratch: Path, cache: Path, python: Path, name: str, on_line: Callable[[str], None]
) -> Path:
    data = _write_sources(root, scratch)
    command = [str(python), "-m", "bot.train", "--config", str(root / "config.yml")]
    command += ["--domain", str(scratch / "domain"), "--data", *map(str, data)]
    command += ["--out", str(scratch), "--fixed-model-name", name]
    # Kept between trainings: a change of rules alone trains the policies alone.
    env = {"RASA_CACHE_DIRECTORY": str(cache), "RASA_MAX_CACHE_SIZE": str(CACHE_MEGABYTES)}
    _run(command, root, scratch, env, on_line)
    model = scratch / f"{name}.tar.gz"
    if not model.exists():
        raise TrainingError("Rasa ended without a model.")
    return model


def _run(
    command: Sequence[str],
    root: Path,
    scratch: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None],
) -> None:
    """Run a program of the bot's Python; its lines go to `on_line`. Raises TrainingError."""
    last: list[str] = []
    with subprocess.Popen(
        command,
        cwd=scratch,
        env={**os.environ, **QUIET, "PYTHONPATH": str(root), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                on_line(line.rstrip())
                last = [*last, line.strip()][-5:]
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        said = COLOUR.sub("", " | ".join(last))
        raise TrainingError(f"Rasa did not train ({process.returncode}): {said}")


@contextlib.contextmanager
def _alone(lock: Path, on_line: Callable[[str], None]) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_line("The assistant is being trained already; waiting for it.")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _forget_old(models_dir: Path, *, keep: int) -> None:
    models = sorted(models_dir.glob("huying-*.tar.gz"), key=lambda path: path.stat().st_mtime)
    for old in models[:-keep]:
        old.unlink(missing_ok=True)
