"""Decides what kind of need a message is, with a calibrated confidence (0..1).

Multinomial logistic regression over all sentence features, then temperature scaling
(Guo et al. 2017, arXiv:1706.04599): the temperature is the one under which held-out training
messages are likeliest, so that of the answers with a confidence of 0.8 about eight in ten are
right. A sentence and its misrecognised forms (`metadata: {of: …}`) are held out together. Saved as
plain arrays: loading a model runs no code from it.

One class is no need but danger to life. It is taken out of the ranking and given as `danger`
(0..1), beside the rules of `intake.understanding.safety`, which only know listed wordings.
"""

import json
import logging
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Optional, Text, Type

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from bot.components.regression import Block, fit, scores, stacked
from bot.components.texts import example_metadata, made_up

logger = logging.getLogger(__name__)


def best_temperature(scores: np.ndarray, answers: np.ndarray) -> float:
    """The divisor of `scores` (messages × classes) under which `answers` are likeliest."""

    def surprise(log_temperature: float) -> float:
        likely = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(likely[np.arange(len(answers)), answers].mean())

    found = minimize_scalar(surprise, bounds=(-3.0, 3.0), method="bounded")
    return float(np.exp(found.x))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class CalibratedClassifier(IntentClassifier, GraphComponent):
    """Sets `intent` and `intent_ranking` (the `ranking_length` likeliest, best first)."""

    @classmethod
    def required_components(cls) -> List[Type]:
        return [Featurizer]

    @staticmethod
    def required_packages() -> List[Text]:
        return ["scipy"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            # Inverse strength of the L2 penalty.
            "C": 10.0,
            "iterations": 60,
            # Share of the sentences that the temperature is found on.
            "held_out": 0.15,
            "ranking_length": 5,
            "danger_intent": "emergency",
        }

    def __init__(
        self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._names: List[Text] = []
        self._weights: Optional[np.ndarray] = None
        self._temperature = 1.0

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "CalibratedClassifier":
        return cls(config, model_storage, resource)

    @classmethod
    def validate_config(cls, config: Dict[Text, Any]) -> None:
        pass

    @staticmethod
    def _blocks(message: Message) -> List[Block]:
        sparse = message.get_sparse_features(attribute=TEXT)[1]
        dense = message.get_dense_features(attribute=TEXT)[1]
        return [
            *([scipy.sparse.csr_matrix(sparse.features)] if sparse else []),
            *([np.atleast_2d(dense.features)] if dense else []),
        ]

    def _fit(
        self,
        blocks: List[Block],
        answers: np.ndarray,
        on_step: Optional[Callable[[int], None]] = None,
    ) -> np.ndarray:
        counts = np.bincount(answers, minlength=len(self._names))
        return fit(
            blocks,
            answers,
            # Between counting messages and counting intents: a rare intent is not a likely one.
            np.sqrt(counts.mean() / counts[answers]),
            len(self._names),
            strength=self._config["C"],
            iterations=self._config["iterations"],
            on_step=on_step,
        )

    def _tell(self, step: int) -> None:
        if step % 5 == 0:
            logger.info("Step %d of at most %d.", step, self._config["iterations"])

    def train(self, training_data: TrainingData) -> Resource:
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        self._names, answers = np.unique([m.get(INTENT) for m in examples], return_inverse=True)
        blocks = stacked([self._blocks(m) for m in examples])
        origins = [_origin(m) for m in examples]
        kept_back = np.array([_share(origin) < self._config["held_out"] for origin in origins])
        # Two fits at once: numpy and scipy let go of the interpreter while they compute.
        with ThreadPoolExecutor(2) as pool:
            whole = pool.submit(self._fit, blocks, answers, self._tell)
            weights = self._fit([block[~kept_back] for block in blocks], answers[~kept_back])
            self._weights = whole.result()
        real = kept_back & ~np.array([made_up(m) for m in examples])
        unseen = scores([block[real] for block in blocks], weights)
        self._temperature = best_temperature(unseen, answers[real])
        right = float((unseen.argmax(axis=1) == answers[real]).mean())
        logger.info(
            "%d messages, %d intents: %.3f of %d right when held out, temperature %.2f",
            *(len(examples), len(self._names), right, real.sum(), self._temperature),
        )
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / "classifier.npz", weights=self._weights)
            facts = {
                "names": list(map(str, self._names)),
                "temperature": self._temperature,
                "held_out_right": right,
            }
            (folder / "classifier.json").write_text(json.dumps(facts), "utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "CalibratedClassifier":
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            facts = json.loads((folder / "classifier.json").read_text("utf-8"))
            with np.load(folder / "classifier.npz", allow_pickle=False) as arrays:
                component._weights = arrays["weights"]
        component._names, component._temperature = facts["names"], facts["temperature"]
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if not message.get(TEXT) or self._weights is None:
                message.set(INTENT, {"name": None, "confidence": 0.0}, add_to_output=True)
                message.set("intent_ranking", [], add_to_output=True)
                message.set("danger", 0.0, add_to_output=True)
                continue
            chances = softmax(scores(self._blocks(message), self._weights)[0] / self._temperature)
            danger = self._take_danger(chances)
            message.set("danger", danger, add_to_output=True)
            best = np.argsort(-chances)[: self._config["ranking_length"]]
            ranking = [{"name": str(self._names[i]), "confidence": float(chances[i])} for i in best]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _take_danger(self, chances: np.ndarray) -> float:
        """The chance of danger, taken out of `chances`, which sum to one again without it."""
        where = [i for i, name in enumerate(self._names) if name == self._config["danger_intent"]]
        danger = float(chances[where].sum())
        chances[where] = 0.0
        chances /= chances.sum() or 1.0
        return danger


def _origin(message: Message) -> Text:
    """The sentence that this one is a misheard form of, or itself."""
    return str(example_metadata(message).get("of") or message.get(TEXT))


def _share(origin: Text) -> float:
    """0..1, always the same for a sentence."""
    return zlib.crc32(origin.encode("utf-8", "replace")) / 2**32
