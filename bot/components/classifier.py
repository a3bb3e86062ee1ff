"""Decides what kind of need a message is, with a confidence that means what it says.

Multinomial logistic regression over all sentence features, then temperature scaling
(Guo et al. 2017, arXiv:1706.04599): the temperature is the one that makes held-out training
messages least surprising, found by cross-validation, so that of the answers given with .8 about
eight in ten are right. Saved as plain arrays: loading a model runs no code from it.
"""

import json
import logging
from typing import Any, Dict, List, Optional, Text, Type

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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

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
        return ["sklearn"]

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            # Inverse strength of the L2 penalty.
            "C": 10.0,
            "max_iter": 300,
            "tol": 1e-3,
            "folds": 5,
            "ranking_length": 5,
        }

    def __init__(
        self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._names: List[Text] = []
        self._weights: Optional[np.ndarray] = None
        self._bias: Optional[np.ndarray] = None
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
    def _row(message: Message) -> scipy.sparse.csr_matrix:
        sparse = message.get_sparse_features(attribute=TEXT)[1]
        dense = message.get_dense_features(attribute=TEXT)[1]
        parts = [scipy.sparse.csr_matrix(part.features) for part in (sparse, dense) if part]
        return scipy.sparse.hstack(parts, format="csr")

    def _fit(self, rows: np.ndarray, answers: np.ndarray) -> LogisticRegression:
        return LogisticRegression(
            C=self._config["C"],
            max_iter=self._config["max_iter"],
            tol=self._config["tol"],
            class_weight="balanced",
            random_state=0,
        ).fit(rows, answers)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        self._names, answers = np.unique([m.get(INTENT) for m in examples], return_inverse=True)
        rows = scipy.sparse.vstack([self._row(m) for m in examples], format="csr")
        # The weights lie in the span of the messages, so the regression is solved there (as many
        # columns as messages, instead of tens of thousands): the same answer, far sooner.
        sizes, axes = np.linalg.eigh((rows @ rows.T).toarray())
        kept = sizes > 1e-6 * sizes[-1]
        sizes, axes = np.sqrt(sizes[kept]), axes[:, kept]
        narrow = axes * sizes
        held_out = np.zeros((len(examples), len(self._names)))
        folds = StratifiedKFold(self._config["folds"], shuffle=True, random_state=0)
        for known, unknown in folds.split(narrow, answers):
            model = self._fit(narrow[known], answers[known])
            held_out[unknown] = model.decision_function(narrow[unknown])
        self._temperature = best_temperature(held_out, answers)
        right = float((held_out.argmax(axis=1) == answers).mean())
        logger.info(
            "%d messages, %d intents: %.3f right when held out, temperature %.2f",
            *(len(examples), len(self._names), right, self._temperature),
        )
        model = self._fit(narrow, answers)
        self._weights = (rows.T @ (axes / sizes @ model.coef_.T)).astype(np.float32)
        self._bias = model.intercept_
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / "classifier.npz", weights=self._weights, bias=self._bias)
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
                component._weights, component._bias = arrays["weights"], arrays["bias"]
        component._names, component._temperature = facts["names"], facts["temperature"]
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages:
            if not message.get(TEXT) or self._weights is None:
                message.set(INTENT, {"name": None, "confidence": 0.0}, add_to_output=True)
                message.set("intent_ranking", [], add_to_output=True)
                continue
            scores = np.asarray(self._row(message) @ self._weights)[0] + self._bias
            chances = softmax(scores / self._temperature)
            best = np.argsort(-chances)[: self._config["ranking_length"]]
            ranking = [{"name": str(self._names[i]), "confidence": float(chances[i])} for i in best]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages
