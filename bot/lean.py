"""Rasa 3.6 without what this house never uses of it: TensorFlow above all.

Rasa imports every component that it ships with, whatever the pipeline, and with them TensorFlow
(5.7 of the 8.8 s of CPU that its imports take, and 1.5 GB on the disk) and scikit-learn (1.3 s).
`leave_out` is called before Rasa is imported. From then on a stock component is imported when
config.yml names it, and where TensorFlow is not installed, those that need it are stand-ins that
say so. Where it is installed, they are Rasa's own.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any, Dict, NoReturn, Text, Tuple

NEED_TENSORFLOW = {
    "DIETClassifier": "rasa.nlu.classifiers.diet_classifier",
    "ResponseSelector": "rasa.nlu.selectors.response_selector",
    "ConveRTFeaturizer": "rasa.nlu.featurizers.dense_featurizer.convert_featurizer",
    "LanguageModelFeaturizer": "rasa.nlu.featurizers.dense_featurizer.lm_featurizer",
    "TEDPolicy": "rasa.core.policies.ted_policy",
    "UnexpecTEDIntentPolicy": "rasa.core.policies.unexpected_intent_policy",
}
OTHERS = {
    "FallbackClassifier": "rasa.nlu.classifiers.fallback_classifier",
    "KeywordIntentClassifier": "rasa.nlu.classifiers.keyword_intent_classifier",
    "LogisticRegressionClassifier": "rasa.nlu.classifiers.logistic_regression_classifier",
    "MitieIntentClassifier": "rasa.nlu.classifiers.mitie_intent_classifier",
    "SklearnIntentClassifier": "rasa.nlu.classifiers.sklearn_intent_classifier",
    "CRFEntityExtractor": "rasa.nlu.extractors.crf_entity_extractor",
    "DucklingEntityExtractor": "rasa.nlu.extractors.duckling_entity_extractor",
    "EntitySynonymMapper": "rasa.nlu.extractors.entity_synonyms",
    "MitieEntityExtractor": "rasa.nlu.extractors.mitie_entity_extractor",
    "SpacyEntityExtractor": "rasa.nlu.extractors.spacy_entity_extractor",
    "RegexEntityExtractor": "rasa.nlu.extractors.regex_entity_extractor",
    "LexicalSyntacticFeaturizer": (
        "rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer"
    ),
    "MitieFeaturizer": "rasa.nlu.featurizers.dense_featurizer.mitie_featurizer",
    "SpacyFeaturizer": "rasa.nlu.featurizers.dense_featurizer.spacy_featurizer",
    "CountVectorsFeaturizer": "rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer",
    "RegexFeaturizer": "rasa.nlu.featurizers.sparse_featurizer.regex_featurizer",
    "JiebaTokenizer": "rasa.nlu.tokenizers.jieba_tokenizer",
    "MitieTokenizer": "rasa.nlu.tokenizers.mitie_tokenizer",
    "SpacyTokenizer": "rasa.nlu.tokenizers.spacy_tokenizer",
    "WhitespaceTokenizer": "rasa.nlu.tokenizers.whitespace_tokenizer",
    "MitieNLP": "rasa.nlu.utils.mitie_utils",
    "SpacyNLP": "rasa.nlu.utils.spacy_utils",
    "RulePolicy": "rasa.core.policies.rule_policy",
    "MemoizationPolicy": "rasa.core.policies.memoization",
    "AugmentedMemoizationPolicy": "rasa.core.policies.memoization",
}
# Parts of a neural training that Rasa imports for its other components too.
NEURAL_PARTS = {
    "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
    "rasa.utils.tensorflow.data_generator": (
        "RasaDataGenerator",
        "RasaBatchDataGenerator",
        "IncreasingBatchSizeGenerator",
    ),
}
SENTENCE = (
    "{name} needs TensorFlow, which is not installed: it is left out of bot/requirements.lock."
    " Take {name} out of config.yml, or install tensorflow==2.12.0 into bot/.venv."
)


def leave_out() -> None:
    """Have Rasa import only what is used. Call it before anything of Rasa is imported."""
    if importlib.util.find_spec("tensorflow") is None:
        for name, module in NEED_TENSORFLOW.items():
            sys.modules[module] = _stand_in(module, (name,))
        for module, names in NEURAL_PARTS.items():
            sys.modules[module] = _stand_in(module, names)
    _import_without_sklearn("rasa.utils.tensorflow.model_data")
    _find_components_by_name()


def _stand_in(module: Text, names: Tuple[Text, ...]) -> ModuleType:
    """A module with classes of these names that can be imported and not used."""
    stands = ModuleType(module, "Stands where Rasa's module would import TensorFlow.")

    def refuse(name: Text) -> Any:
        def say(*_: Any, **__: Any) -> NoReturn:
            from rasa.shared.exceptions import InvalidConfigException

            raise InvalidConfigException(SENTENCE.format(name=name))

        return say

    for name in names:
        says = refuse(name)
        body = {
            "__module__": module,
            "__init__": says,
            **{called: staticmethod(says) for called in ("create", "load", "get_default_config")},
        }
        setattr(stands, name, type(name, (), body))
    return stands


def _import_without_sklearn(module: Text) -> None:
    """Import a module of Rasa that needs one function of scikit-learn, which is found when called.

    Only a neural training calls it.
    """
    name = "sklearn.model_selection"
    if name in sys.modules:
        return

    def train_test_split(*given: Any, **options: Any) -> Any:
        return importlib.import_module(name).train_test_split(*given, **options)

    later = ModuleType(name)
    later.train_test_split = train_test_split  # type: ignore[attr-defined]
    sys.modules[name] = later
    try:
        importlib.import_module(module)
    finally:
        del sys.modules[name]


def _find_components_by_name() -> None:
    """Import Rasa's stock components one by one when they are named, not all at once."""
    all_at_once = "rasa.engine.recipes.default_components"
    sys.modules[all_at_once] = none = ModuleType(all_at_once)
    none.DEFAULT_COMPONENTS = []  # type: ignore[attr-defined]
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe
    from rasa.shared.exceptions import InvalidConfigException

    where: Dict[Text, Text] = {**NEED_TENSORFLOW, **OTHERS}
    find = DefaultV1Recipe._from_registry

    def find_by_name(name: Text) -> Any:
        short = name.rsplit(".", 1)[-1]
        if short in NEED_TENSORFLOW and importlib.util.find_spec("tensorflow") is None:
            raise InvalidConfigException(SENTENCE.format(name=short))
        if short in where:
            try:
                importlib.import_module(where[short])
            except ModuleNotFoundError as error:
                raise InvalidConfigException(
                    f"{short} needs {error.name}, which is not installed in bot/.venv."
                ) from None
        return find(name)

    DefaultV1Recipe._from_registry = staticmethod(find_by_name)
