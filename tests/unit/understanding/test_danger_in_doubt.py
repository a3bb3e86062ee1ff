"""Danger told obliquely is at least listened to first; what only sounds like it is no alarm.

Each line of the tables is `subject<TAB>sentence`; what counts is the share. The rules stand alone
here: the learned chance of danger is 0 unless a test says otherwise.
"""

from datetime import datetime
from pathlib import Path

import pytest

from intake.understanding.gazetteer import Gazetteer
from intake.understanding.readers import understand
from intake.understanding.values import Understanding

FOLDER = Path(__file__).parent
NOBODYS = Gazetteer.from_rows(())


def read(text: str, danger: float = 0.0) -> Understanding:
    now = datetime(2026, 11, 21, 10)
    return understand(text, received_at=now, ranking=[], gazetteer=NOBODYS, danger=danger)


def step(text: str, danger: float = 0.0) -> str:
    """ "alarm", "listen first" or "nothing"."""
    found = read(text, danger)
    if found.urgency == "emergency":
        return "alarm"
    doubt = any(reason.code == "danger_possible" for reason in found.reasons)
    return "listen first" if doubt else "nothing"


def sentences(table: str) -> list[str]:
    return [line.split("\t")[1] for line in (FOLDER / table).read_text("utf-8").splitlines()]


def test_most_danger_told_obliquely_is_noticed_by_the_rules_alone() -> None:
    texts = sentences("danger_oblique.tsv")
    missed = [text for text in texts if step(text) == "nothing"]
    assert len(missed) <= 0.16 * len(texts), "\n".join(missed)


def test_what_only_sounds_like_danger_raises_no_alarm() -> None:
    steps = {text: step(text) for text in sentences("no_doubt.tsv")}
    assert [text for text, found in steps.items() if found == "alarm"] == []
    doubted = [text for text, found in steps.items() if found == "listen first"]
    assert len(doubted) <= 0.05 * len(steps), "\n".join(doubted)


def test_a_doubt_shows_the_words_that_leave_it() -> None:
    text = "猫托给对门了，存折在抽屉里给老二，往后不用来了，麻烦你们了"
    found = read(text)
    assert found.urgency == "urgent"
    assert found.urgency_evidence is not None
    (reason,) = found.reasons
    assert text[slice(*found.urgency_evidence)] in reason.zh
    assert text[slice(*found.urgency_evidence)] in reason.en


@pytest.mark.parametrize(
    ("text", "danger", "expected"),
    [
        ("水管裂了，来个人", 0.05, "nothing"),
        ("水管裂了，来个人", 0.15, "listen first"),
        ("水管裂了，来个人", 0.65, "alarm"),
        ("阿婆说话黏糊糊的，今天筷子老掉", 0.0, "alarm"),
        ("老伴忽然听不懂我讲什么", 0.0, "listen first"),
        ("老伴忽然听不懂我讲什么", 0.4, "alarm"),
        ("想约理发，腿不大方便", 0.2, "nothing"),
        ("想约理发，腿不大方便", 0.65, "listen first"),
        ("想约理发，腿不大方便", 0.85, "alarm"),
        ("夜夜放打仗片，还有女人哭喊救命，音量大得很", 0.0, "nothing"),
        ("老公说再不修空调他就去跳河，您快派个师傅", 0.0, "listen first"),
        ("家里的猫从三楼摔了，瘸了", 0.9, "listen first"),
        ("七九年厂里失火，我背了两个姐妹出来", 0.2, "nothing"),
    ],
)
def test_rules_and_the_learned_chance_add_up(text: str, danger: float, expected: str) -> None:
    assert step(text, danger) == expected
