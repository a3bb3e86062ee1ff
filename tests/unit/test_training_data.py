"""What the assistant learns from: enough of it, truly different, never a template."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from intake.catalogue.services import load_catalogue

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load_catalogue(ROOT / "data" / "services")
HAN = re.compile(r"[\u4e00-\u9fff]")
_ESTATES = "小区|家园|新村|公寓|大厦|花园|宿舍|广场|学校|小学|医院|胡同"
_TITLES = "阿姨|师傅|大爷|大妈|奶奶|爷爷|老师|大娘|大姐|叔|婶"
_TIMES = (
    "大后天|今天|明天|后天|昨天|前天|明儿|今儿|昨儿|后儿|"
    "早上|早晨|上午|中午|下午|傍晚|晚上|夜里|半夜"
)
MASKS = (
    (re.compile(rf"[\u4e00-\u9fff]{{2,3}}({_ESTATES})"), "P"),
    (re.compile(r"[\u4e00-\u9fff]{2}(里|苑|路|街|村|院|巷|桥|楼)"), "P"),
    (re.compile(rf"[老小]?[\u4e00-\u9fff]({_TITLES})"), "N"),
    (re.compile(_TIMES), "T"),
    (re.compile(r"(上|下|这)?个?(周|礼拜|星期)[一二三四五六日天末]?"), "T"),
    (re.compile(r"[零〇一二两三四五六七八九十百千万幺\d]+"), "#"),
)


def _sentences() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "data" / "nlu").glob("*.yml")):
        for block in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            lines = [line[2:].strip() for line in block["examples"].splitlines() if line.strip()]
            found.setdefault(block["intent"], []).extend(lines)
    return found


SENTENCES = _sentences()


def _masked(sentence: str) -> str:
    for pattern, mask in MASKS:
        sentence = pattern.sub(mask, sentence)
    return re.sub(r"[^\w#]", "", sentence)


def _trigrams(sentence: str) -> frozenset[str]:
    text = f"^{_masked(sentence)}$"
    return frozenset(text[i : i + 3] for i in range(len(text) - 2))


def _alike(sentences: list[str]) -> Iterator[tuple[float, str, str]]:
    grams = [(sentence, _trigrams(sentence)) for sentence in sentences]
    for (one, left), (other, right) in combinations(grams, 2):
        share = len(left & right) / len(left | right)
        if share > 0.6:
            yield round(share, 2), one, other


def _chinese(intent: str) -> list[str]:
    return [s for s in SENTENCES.get(intent, ()) if HAN.search(s)]


@pytest.mark.parametrize("code", sorted(CATALOGUE.codes))
def test_each_service_has_enough_to_learn_from(code: str) -> None:
    assert len(_chinese(code)) >= 60
    assert len(SENTENCES[code]) - len(_chinese(code)) >= 15


@pytest.mark.parametrize("intent", sorted(CATALOGUE.intents))
def test_each_other_intent_has_enough_to_learn_from(intent: str) -> None:
    assert len(_chinese(intent)) >= 30
    assert len(SENTENCES[intent]) - len(_chinese(intent)) >= 15


@pytest.mark.parametrize("intent", sorted(SENTENCES))
def test_no_two_sentences_of_an_intent_are_one_with_words_swapped(intent: str) -> None:
    assert list(_alike(SENTENCES[intent])) == []


def test_no_sentence_stands_under_two_intents_or_twice() -> None:
    counts = Counter(s for sentences in SENTENCES.values() for s in sentences)
    assert [s for s, count in counts.items() if count > 1] == []


def test_no_opening_of_six_characters_comes_more_than_three_times() -> None:
    """Of Mandarin sentences: six letters of English are one word."""
    openings = Counter(s[:6] for intent in SENTENCES for s in _chinese(intent) if len(s) >= 6)
    assert {opening: n for opening, n in openings.items() if n > 3} == {}
