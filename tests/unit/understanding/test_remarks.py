"""What messages do in a conversation besides giving fields, in many wordings."""

import pytest

from intake.understanding import remarks

QUESTIONS = """
要钱吗|师傅带工具不|多少钱一次|要收费么？|是谁来啊？|哪个来|他们几点下班|能不能用医保卡|要不要我去接
有没有女的师傅|大概要多久|上门费贵不贵|用不用我准备盆？|电梯坏了他们爬得上来不|狗在家行不行？|是不是免费的
会不会把墙弄脏|周末管不管|停车方便吗|你们啥时候能来|带不带梯子|Is it free?|how much does it cost|Do they bring tools?
""".replace("\n", "|").strip("|").split("|")
NO_QUESTIONS = """
对吗|好吧|轮椅能折|跟四栋中间|家里有狗，拴着的|水管在厨房|是的|行吧|敲门使点劲|我耳朵不好|门铃坏了|the key is under the mat
""".replace("\n", "|").strip("|").split("|")
MOVES = """
改期了|那个陪诊改到下周四|医院让我改天|换个时间行不|换一天|往后推一天|推迟到礼拜三|提前到八点|能不能挪到下午|延后
改成星期六吧|时间改一下，改在十号|另约吧|顺延一周|可不可以提早|Can I reschedule?|please move it to Friday|another day please|put it off
""".replace("\n", "|").strip("|").split("|")
NO_MOVES = """
地址改了没|我换了手机|推不动轮椅|挪不动柜子要人帮忙|提醒我吃药|约个理发|搬到三楼去|没有了
""".replace("\n", "|").strip("|").split("|")
BACK = """
没有没有，是电视里在打|哎呀不是真的，我开玩笑的|没事没事，是电视|莫慌，是我在看戏|误会了，是邻居家放鞭炮|搞错了，不是煤气，是下水道的味
孩子找到了，没事|火已经灭了，人没事|缓过来了|他醒过来了|我是说去年的事|别紧张，我说着玩的|不是我家，看错了|没着火|没什么危险
sorry, false alarm|I was joking|we're fine now|it was just the TV|nobody is hurt|按错了
""".replace("\n", "|").strip("|").split("|")
NOT_BACK = """
快来人啊，不是开玩笑|真的着火了|我没搞错，就是煤气味|没人管我|他没醒|没有气了|救命啊|她不好了|还在流血|门打不开|I'm not kidding
""".replace("\n", "|").strip("|").split("|")
LOST = """
听不懂|你说什么我看不懂|啥意思啊|没明白|我搞不懂你们这个|你说的啥|I don't understand|what do you mean
""".replace("\n", "|").strip("|").split("|")


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_of_fact_is_one(text: str) -> None:
    assert remarks.asks_fact(text)


@pytest.mark.parametrize("text", NO_QUESTIONS)
def test_what_is_told_is_no_question(text: str) -> None:
    assert not remarks.asks_fact(text)


@pytest.mark.parametrize("text", MOVES)
def test_another_time_is_wanted(text: str) -> None:
    assert remarks.moves(text)


@pytest.mark.parametrize("text", NO_MOVES)
def test_other_changes_are_no_other_time(text: str) -> None:
    assert not remarks.moves(text)


@pytest.mark.parametrize("text", BACK)
def test_danger_is_taken_back(text: str) -> None:
    assert remarks.takes_danger_back(text)


@pytest.mark.parametrize("text", NOT_BACK)
def test_danger_that_goes_on_is_not_taken_back(text: str) -> None:
    assert not remarks.takes_danger_back(text)


@pytest.mark.parametrize("text", LOST)
def test_who_does_not_understand_us_is_lost(text: str) -> None:
    assert remarks.is_lost(text)
    assert not remarks.is_lost("水管漏了")
