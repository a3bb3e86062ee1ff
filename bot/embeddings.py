"""Brings the kept sentence vectors into line with the training sentences.

    python -m bot.embeddings FOLDER TRAINING-DATA...

computes what is missing in FOLDER, and takes out what no sentence needs any more.
"""

import argparse
from pathlib import Path
from typing import Dict, List, Text

from bot.lean import leave_out


def main() -> None:
    """Bring a folder into line with training data."""
    leave_out()
    from rasa.shared.data import get_data_files
    from rasa.shared.nlu.constants import INTENT, TEXT
    from rasa.shared.nlu.training_data.formats import RasaYAMLReader
    from rasa.shared.nlu.training_data.loading import load_data

    from bot.components.embedding import Embedder
    from bot.components.texts import made_up

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path, nargs="+", help="folders with Rasa's NLU files")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    by_intent: Dict[Text, List[Text]] = {}
    for file in get_data_files(list(map(str, given.data)), RasaYAMLReader.is_yaml_nlu_file):
        for message in load_data(file).training_examples:
            if message.get(TEXT) and not made_up(message):
                by_intent.setdefault(message.get(INTENT), []).append(message.get(TEXT))
    embedder = Embedder(given.folder)
    sentences = [sentence for found in by_intent.values() for sentence in found]
    count = len(embedder.store.missing(sentences))
    rows = embedder.rounded(sentences)
    written = 0
    for intent, found in by_intent.items():
        written += embedder.store.write(intent, {sentence: rows[sentence] for sentence in found})
    for path in given.folder.glob("*.npz"):
        if path.stem not in by_intent:
            path.unlink()
            written += 1
    print(f"{len(rows)} sentences, {count} computed, {written} files changed")


if __name__ == "__main__":
    main()
