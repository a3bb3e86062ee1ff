"""Invented text is told from heard text by its evidence and by known phrases."""

from dataclasses import replace

import pytest

from speech.recognisers._hallucination_filter import Evidence, Limits, is_invented

HEARD = Evidence(
    text="我家厨房漏水了",
    log_probability=-0.3,
    no_speech=0.05,
    compression=1.0,
    seconds=2.0,
    voiced_share=1.0,
)


def test_clear_speech_passes() -> None:
    assert not is_invented(HEARD, Limits())


@pytest.mark.parametrize(
    "worse",
    [
        {"log_probability": -1.6},
        {"log_probability": -0.9, "no_speech": 0.55},
        {"compression": 3.0},
        {"voiced_share": 0.0},
        {"text": "厨房漏水" * 10},
        {"text": "。，!"},
        {"text": ""},
    ],
    ids=str,
)
def test_weak_evidence_is_gated(worse: dict[str, float | str]) -> None:
    assert is_invented(replace(HEARD, **worse), Limits())  # type: ignore[arg-type]


@pytest.mark.parametrize("doubt", [{"log_probability": -0.9}, {"no_speech": 0.7}], ids=str)
def test_one_doubt_alone_keeps_what_a_person_may_have_said(doubt: dict[str, float]) -> None:
    assert not is_invented(replace(HEARD, **doubt), Limits())


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "中文字幕 by 索兰娅",
        "Thanks for watching!",
        "（字幕製作：貝爾）".replace("製", "制").replace("貝爾", "贝尔"),
        "音乐",
        "Ａｍａｒａ．ｏｒｇ",
    ],
)
def test_captions_are_never_speech_however_sure_the_engine_is(text: str) -> None:
    assert is_invented(replace(HEARD, text=text, seconds=5.0), Limits())


@pytest.mark.parametrize("text", ["谢谢", "好。", "Thank you.", "再见"])
def test_a_short_courtesy_stays_unless_the_engine_is_unsure(text: str) -> None:
    said = replace(HEARD, text=text)
    assert not is_invented(said, Limits())
    assert is_invented(replace(said, log_probability=-0.9), Limits())
    assert is_invented(replace(said, no_speech=0.7), Limits())


@pytest.mark.parametrize(
    "text", ["我想听音乐", "谢谢你们派人来修", "电视字幕看不清", "手机订阅的报纸没来", "好的好的"]
)
def test_real_requests_that_contain_such_words_stay(text: str) -> None:
    assert not is_invented(replace(HEARD, text=text, log_probability=-0.5), Limits())
