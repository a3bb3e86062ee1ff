"""The kept sentence vectors: they cover what we ship, and are what the model says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from bot.components.embedding_store import EmbeddingStore, restored, rounded
from intake.assistant import training
from intake.settings import ROOT

FOLDER = ROOT / training.EMBEDDINGS
# Prints the key of the model, and its vectors of the sentences on standard input.
ASK = """
import json, sys
from bot.lean import leave_out
leave_out()
from bot.components.embedding import Embedder, model_key
sentences = json.load(sys.stdin)
print(json.dumps([model_key(), Embedder().vectors(sentences).tolist()]))
"""


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The training sentences that have a meaning: all but those that were garbled on purpose."""
    found: list[str] = []
    for folder in training._write_sources(ROOT, tmp_path_factory.mktemp("sources")):
        for path in sorted(folder.glob("*.yml")):
            for block in YAML(typ="safe").load(path).get("nlu", ()):
                examples = block["examples"]
                if isinstance(examples, str):
                    found += [line.removeprefix("- ").strip() for line in examples.splitlines()]
                else:
                    found += [e["text"] for e in examples if not e["metadata"].get("made_up")]
    return [sentence for sentence in found if sentence]


def _model() -> str:
    with np.load(FOLDER / "meal.npz", allow_pickle=False) as file:
        return str(file["model"])


def test_what_we_ship_is_embedded_already(sentences: list[str]) -> None:
    """When this fails: `huying train --keep-embeddings`."""
    missing = EmbeddingStore(FOLDER, _model()).missing(sentences)
    assert len(missing) <= 0.03 * len(sentences), missing[:10]


def test_no_vector_is_kept_that_no_sentence_needs(sentences: list[str]) -> None:
    kept = 0
    for path in FOLDER.glob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            kept += len(file["keys"])
    assert kept <= 1.03 * len(set(sentences))


def test_a_kept_vector_is_what_the_model_says(sentences: list[str]) -> None:
    some = sentences[:: len(sentences) // 40]
    asked = subprocess.run(
        [str(training.bot_python(ROOT)), "-c", ASK],
        input=json.dumps(some),
        env={**training.QUIET, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    model, vectors = json.loads(asked.stdout)
    rows = EmbeddingStore(FOLDER, model).rows(some)
    found = [(row, vector) for row, vector in zip(rows, vectors, strict=True) if row is not None]
    assert len(found) >= 0.9 * len(some)
    cosines = [float(restored(row[None])[0] @ np.array(vector)) for row, vector in found]
    assert min(cosines) > 0.9999


def test_vectors_of_another_model_count_as_missing(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, "one")
    assert store.write("meal", {"送饭": np.arange(384, dtype=np.int8) % 100})
    assert EmbeddingStore(tmp_path, "one").missing(["送饭", "理发", "理发"]) == ["理发"]
    assert EmbeddingStore(tmp_path, "two").missing(["送饭"]) == ["送饭"]


def test_a_file_is_written_only_when_something_in_it_changed(tmp_path: Path) -> None:
    store = EmbeddingStore(tmp_path, "one")
    rows = {"送饭": np.ones(384, dtype=np.int8), "送菜": np.zeros(384, dtype=np.int8)}
    assert store.write("meal", rows)
    before = (tmp_path / "meal.npz").read_bytes()
    assert not store.write("meal", dict(reversed(rows.items())))
    assert (tmp_path / "meal.npz").read_bytes() == before
    assert store.write("meal", rows | {"送水": np.ones(384, dtype=np.int8)})


@pytest.mark.parametrize("kept", [b"", b"not a file of arrays", (FOLDER / "meal.npz").read_bytes()])
def test_a_file_that_cannot_be_read_is_as_if_it_were_not_there(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "meal.npz").write_bytes(kept[: len(kept) // 2])
    assert EmbeddingStore(tmp_path, "one").missing(["送饭"]) == ["送饭"]


def test_rounding_keeps_the_direction_and_restoring_gives_length_one() -> None:
    vectors = np.random.default_rng(7).normal(size=(200, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    back = restored(rounded(vectors))
    assert np.allclose(np.linalg.norm(back, axis=1), 1, atol=1e-5)
    assert float((back * vectors).sum(axis=1).min()) > 0.9999
    assert not restored(rounded(np.zeros((1, 384), np.float32))).any()
