"""Cuts a message into clauses, since Chinese has no spaces between its words.

Rasa wants tokens with offsets before any featurizer; Huying's featurizers read the whole text,
so a token here is just a run between spaces and punctuation.
"""

import re
from typing import Any, Dict, List, Text

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

_RUN = re.compile(r"\w+(?:['’]\w+)*", re.UNICODE)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ClauseTokenizer(Tokenizer):
    """Tokens are runs of letters and characters; text without any is one token."""

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    @classmethod
    def create(cls, config, model_storage, resource, execution_context):  # type: ignore
        return cls(config)

    def tokenize(self, message: Message, attribute: Text) -> List[Token]:
        text = message.get(attribute)
        runs = [Token(m.group(), m.start()) for m in _RUN.finditer(text)]
        return self._apply_token_pattern(runs or [Token(text, 0)])
