"""Trains the assistant with Rasa as this house uses it (`bot.lean`), each file read once.

    python -m bot.train <arguments of `rasa train`>

Rasa 3.6 reads all training sentences four times, and each time checks every file's form with a
YAML parser that keeps line numbers: two thirds of what a training without embeddings costs.
"""

import sys
from typing import Any, Dict, Optional, Set, Text, Tuple

from bot.lean import leave_out


def main() -> None:
    """Run `rasa train` with these arguments."""
    leave_out()
    check_form_once()
    read_sentences_once()
    from rasa.__main__ import main as rasa

    sys.argv = ["rasa", "train", *sys.argv[1:]]
    rasa()


def check_form_once() -> None:
    """Have Rasa check a file's form with its fast parser, and with the slow one if it is wrong.

    The slow one, written in Python, knows the lines in which the errors are.
    """
    from rasa.shared.utils import io, validation

    check = validation.validate_yaml_schema
    read = io.read_yaml
    right: Set[Tuple[Any, ...]] = set()

    def read_fast(content: Text, reader_type: Any = "safe") -> Any:
        return read(content)

    def check_fast(content: Text, schema: Text, package: Text = validation.PACKAGE_NAME) -> None:
        if (content, schema, package) in right:
            return
        io.read_yaml = read_fast
        try:
            check(content, schema, package)
        except Exception:
            io.read_yaml = read
            check(content, schema, package)
        finally:
            io.read_yaml = read
        right.add((content, schema, package))

    validation.validate_yaml_schema = check_fast


def read_sentences_once() -> None:
    """Have the check of the data and the training share what was read from the same files."""
    from rasa.shared.importers.rasa import RasaFileImporter

    read = RasaFileImporter.get_nlu_data
    found: Dict[Tuple[Any, ...], Any] = {}

    def get_nlu_data(self: RasaFileImporter, language: Optional[Text] = "en") -> Any:
        key = (tuple(self._nlu_files), language)
        if key not in found:
            found[key] = read(self, language)
        return found[key]

    RasaFileImporter.get_nlu_data = get_nlu_data


if __name__ == "__main__":
    main()
