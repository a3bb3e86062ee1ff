"""The characters and the sounds of a message as weighted n-grams.

Two featurizers share one body: `CharacterFeaturizer` counts n-grams of characters (so one-character
words count too, which Rasa's stock token pattern drops), `FuzzyPinyinFeaturizer` counts n-grams of
syllables folded where accents and telephone lines blur them (`intake.understanding.phonetics`), so
that 修水官 still sounds like 修水管. Both give one sentence vector, TF-IDF with sublinear counts,
length one; words never seen in training add nothing.
"""

import json
from typing import Any, Dict, Iterator, List, Optional, Text, Type

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.texts import plain
from intake.understanding.phonetics import fuzzy_syllables

# The syllables of the training messages from `train`, for the copy of the component that Rasa makes
# to turn them into features. Nothing that a resident says is ever in it.
_SYLLABLES: Dict[Text, List[Text]] = {}


class NgramFeaturizer(SparseFeaturizer, GraphComponent):
    """TF-IDF over the n-grams of `units(text)`."""

    @staticmethod
    def units(text: Text) -> List[Text]:
        """The smallest parts of a text, in order."""
        raise NotImplementedError

    @classmethod
    def required_components(cls) -> List[Type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            **SparseFeaturizer.get_default_config(),
            "min_ngram": 1,
            "max_ngram": 4,
            # An n-gram seen in fewer training messages is left out.
            "min_messages": 2,
            # How much this view counts against the others in the classifier.
            "weight": 1.0,
        }

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        weights: Optional[Dict[Text, float]] = None,
    ) -> None:
        super().__init__(execution_context.node_name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._use(weights or {})

    def _use(self, weights: Dict[Text, float]) -> None:
        """Take over the vocabulary: n-gram → inverse document frequency."""
        self._columns = {gram: column for column, gram in enumerate(weights)}
        self._idf = np.fromiter(weights.values(), dtype=np.float64, count=len(weights))

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "NgramFeaturizer":
        return cls(config, model_storage, resource, execution_context)

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        pass

    def _ngrams(self, text: Text) -> Iterator[Text]:
        units = self.units(plain(text))
        for size in range(self._config["min_ngram"], self._config["max_ngram"] + 1):
            for start in range(len(units) - size + 1):
                yield "\x1f".join(units[start : start + size])

    def train(self, training_data: TrainingData) -> Resource:
        seen: Dict[Text, int] = {}
        messages = 0
        for message in training_data.training_examples:
            if not message.get(TEXT) or not message.get(INTENT):
                continue
            messages += 1
            for gram in set(self._ngrams(message.get(TEXT))):
                seen[gram] = seen.get(gram, 0) + 1
        self._use(
            {
                gram: float(np.log((1 + messages) / (1 + count)) + 1)
                for gram, count in sorted(seen.items())
                if count >= self._config["min_messages"]
            }
        )
        with self._model_storage.write_to(self._resource) as folder:
            weights = {gram: float(self._idf[column]) for gram, column in self._columns.items()}
            (folder / "ngrams.json").write_text(json.dumps(weights, ensure_ascii=False), "utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "NgramFeaturizer":
        with model_storage.read_from(resource) as folder:
            weights = json.loads((folder / "ngrams.json").read_text("utf-8"))
        return cls(config, model_storage, resource, execution_context, weights)

    def vector(self, text: Text) -> scipy.sparse.csr_matrix:
        """One row, as wide as the vocabulary; all zeros when nothing is known."""
        counts: Dict[int, int] = {}
        for gram in self._ngrams(text):
            column = self._columns.get(gram)
            if column is not None:
                counts[column] = counts.get(column, 0) + 1
        columns = np.fromiter(sorted(counts), dtype=np.int32, count=len(counts))
        values = np.array([counts[column] for column in columns.tolist()], dtype=np.float64)
        values = (1 + np.log(values)) * self._idf[columns]
        length = np.linalg.norm(values) or 1.0
        return scipy.sparse.csr_matrix(
            (self._config["weight"] * values / length, columns, [0, len(columns)]),
            shape=(1, len(self._columns)),
        )

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(TEXT):
                self.add_features_to_message(None, self.vector(message.get(TEXT)), TEXT, message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class CharacterFeaturizer(NgramFeaturizer):
    """How a message looks: n-grams of characters."""

    @staticmethod
    def units(text: Text) -> List[Text]:
        return list(text)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class FuzzyPinyinFeaturizer(NgramFeaturizer):
    """How a message sounds: n-grams of folded Mandarin syllables."""

    @staticmethod
    def units(text: Text) -> List[Text]:
        return _SYLLABLES.get(text) or fuzzy_syllables(text)

    def train(self, training_data: TrainingData) -> Resource:
        texts = {plain(m.get(TEXT)) for m in training_data.training_examples if m.get(TEXT)}
        _SYLLABLES.update({text: fuzzy_syllables(text) for text in texts})
        return super().train(training_data)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        super().process_training_data(training_data)
        _SYLLABLES.clear()
        return training_data
