"""Recognise a few seconds in which a number is said, without a limit and with only digits allowed.

Only imported when Whisper is the selected engine.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from speech.audio import Samples
from speech.relisten_result import Guess, RelistenResult

GUESSES = 5
MOST_TOKENS = 48
_DIGITS = frozenset("0123456789 ,，.。、-—")


def recognise_digits(model: Any, samples: Samples, language: str) -> tuple[RelistenResult, ...]:
    """The texts of 16 kHz samples (29 s at most) by ``model``, a FittingModel.

    The first result is without a limit, the second with digits only; five guesses each.
    """
    tokenizer = Tokenizer(
        model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language
    )
    features = model.feature_extractor(samples.astype(np.float32) / np.float32(32768))
    most = model.feature_extractor.nb_max_frames
    encoded = model.encode(pad_or_trim(features[:, : min(features.shape[-1] - 1, most)]))
    never = (tokenizer.transcribe, tokenizer.translate, tokenizer.sot, tokenizer.sot_prev,
             tokenizer.sot_lm, tokenizer.no_speech)  # fmt: skip
    free = (*tokenizer.non_speech_tokens, *never)
    digits = (*_other_tokens(model.hf_tokenizer, tokenizer.eot), *never)
    return (
        RelistenResult(False, _generate(model, tokenizer, encoded, free)),
        RelistenResult(True, _generate(model, tokenizer, encoded, digits)),
    )


@functools.lru_cache(maxsize=2)
def _other_tokens(vocabulary: Any, end: int) -> tuple[int, ...]:
    """Every text token that holds anything but Arabic digits and what separates them.

    Chinese numerals are among these: limited to them, Whisper repeats one without end.
    """
    texts = (vocabulary.decode([token]) for token in range(end))
    return tuple(token for token, text in enumerate(texts) if not text or not set(text) <= _DIGITS)


def _generate(
    model: Any, tokenizer: Tokenizer, encoded: Any, suppressed: Sequence[int]
) -> tuple[Guess, ...]:
    prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    found = model.model.generate(
        encoded,
        [prompt],
        beam_size=GUESSES,
        num_hypotheses=GUESSES,
        max_length=len(prompt) + MOST_TOKENS,
        return_scores=True,
        suppress_tokens=sorted(set(suppressed)),
    )[0]
    pairs = zip(found.sequences_ids, found.scores, strict=True)
    return tuple(Guess(tokenizer.decode(ids).strip(), float(score)) for ids, score in pairs)
