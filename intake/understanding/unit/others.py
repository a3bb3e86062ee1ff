"""Numbers that look like a home and are none: parking bays, blood pressure, parcels, scores."""

import re

_BEFORE = re.compile(
    "(?:取件码|提货码|单子?号|编号|尾号|末[三四]位|户号|卡号|型号|车牌|车位|泊位|订单|验证码|密码|快递|工单|单子|"
    "航班|车次|车厢|合同号?|发票|病床|床位|"
    "血压|高压|低压|心率|脉搏|血糖|体温|血氧|尿酸|身高|体重|三围|尺码|鞋码|"
    "比分|打牌|输了|赢了|打了|比|得了|wifi|地下|地库|车库|负[一二三1-3][层楼]|库房|我的号是?|住院部|门诊部?)[^,，。;；!！?？]{0,6}$"
)
_LOOSE_BEFORE = re.compile(
    "(?:买|要|来|称|割|花了?|每|一共|大概|差不多|大约|坐|乘|公交|地铁|做|吃|换|才)[^,，。;；号楼]?$|从$"
)
_AFTER = re.compile(
    r"\s?(?:[码斤两块元米分秒瓦伏度片粒颗盒包箱个位名人岁年月日天周]|之间|左右|正常|打[^,，。]?分|kg|mm|w\b|v\b|[点时]钟?)|[路层]|楼(?![道上下])"
)
_PARKING_AFTER = re.compile("[^,，。;；\\d号楼栋]{0,9}(?:车位|泊位|停车|位子)")


def is_other(view: str, start: int, end: int) -> bool:
    """Whether the words around `start`..`end` say that this number is something else."""
    return bool(_BEFORE.search(view[max(0, start - 12) : start]))


def is_loose(view: str, start: int, end: int) -> bool:
    """Whether a number without any word for a building may well be an amount or a bay."""
    return bool(
        is_other(view, start, end)
        or _LOOSE_BEFORE.search(view[max(0, start - 8) : start])
        or _AFTER.match(view, end)
        or _PARKING_AFTER.match(view, end)
    )
