"""Sentence vectors that are kept in the repository, so that a fresh checkout computes none of them.

`data/embeddings/` holds one file for each intent: what the model made of its training sentences,
each vector as 384 whole numbers, under the sentence's digest. Training rounds the vectors that it
computes in the same way, so that a model does not depend on which of them were kept.
`bot.embeddings` brings the folder into line with the sentences.
"""

import hashlib
import re
import sys
import zlib
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence, Text
from zipfile import BadZipFile

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "data" / "embeddings"
LEVELS = 127
"""The largest number of a rounded vector becomes this, or minus this."""


def key(sentence: Text) -> int:
    """64 bits that stand for a sentence."""
    return int.from_bytes(hashlib.sha256(sentence.encode("utf-8")).digest()[:8], "little")


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Vectors, one a row, as whole numbers (int8). Their lengths, which are all one, are lost."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    largest[largest == 0] = 1.0
    return np.rint(vectors * (LEVELS / largest)).astype(np.int8)


def restored(rows: np.ndarray) -> np.ndarray:
    """Rounded vectors, one a row, made vectors of length one again (float32)."""
    vectors = rows.astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    return vectors / lengths


class EmbeddingStore:
    """The vectors of a folder that are of one model; those of another model count as missing."""

    def __init__(self, folder: Path, model: Text) -> None:
        self._folder = folder
        self._model = model
        self._rows: Dict[int, np.ndarray] = {}
        for path in sorted(folder.glob("*.npz")):
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file["model"]) == self._model:
                    self._rows.update(zip(file["keys"].tolist(), file["rows"], strict=True))
        except (OSError, EOFError, ValueError, KeyError, BadZipFile, zlib.error) as error:
            # What can't be read is computed again; the folder only saves time.
            print(f"{path} can't be read ({error})", file=sys.stderr)

    def rows(self, sentences: Sequence[Text]) -> List[Optional[np.ndarray]]:
        """The rounded vector of each sentence, None where there is none."""
        return [self._rows.get(key(sentence)) for sentence in sentences]

    def missing(self, sentences: Iterable[Text]) -> List[Text]:
        """Those of the sentences that have no vector, each once, in their order."""
        return [s for s in dict.fromkeys(sentences) if key(s) not in self._rows]

    def write(self, name: Text, rows: Dict[Text, np.ndarray]) -> bool:
        """Write the file of an intent: rounded vectors of its sentences. Was anything new?"""
        by_key = {key(sentence): row for sentence, row in rows.items()}
        keys = np.array(sorted(by_key), dtype=np.uint64)
        found = np.array([by_key[number] for number in keys.tolist()], dtype=np.int8)
        path = self._folder / f"{re.sub('[^a-z0-9_]', '-', name.lower())}.npz"
        if path.exists() and _same(path, self._model, keys, found):
            return False
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            np.savez_compressed(file, model=np.array(self._model), keys=keys, rows=found)
        fresh.replace(path)
        return True


def _same(path: Path, model: Text, keys: np.ndarray, rows: np.ndarray) -> bool:
    with np.load(path, allow_pickle=False) as file:
        return (
            str(file["model"]) == model
            and np.array_equal(file["keys"], keys)
            and np.array_equal(file["rows"], rows)
        )
