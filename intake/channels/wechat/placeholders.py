"""What WeChat writes in place of a message that it can't pass on: it is not what the follower said.

A sticker, a mini-programme or a red packet arrives as a text such as
``【收到不支持的消息类型，暂无法显示】``. The wordings differ by version and language.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 80
_BRACKETED = re.compile(r"\[([^\[\]]+)\]|【([^【】]+)】|［([^［］]+)］")
_CAN_NOT = re.compile(
    r"(?:不|未|无法|無法)(?:支持|支援|能?(?:显示|展示|查看|顯示))"
    r"|\bnot (?:yet )?(?:supported|be (?:displayed|shown|viewed))"
    r"|\b(?:can't|cannot|unable to) (?:be )?(?:display|show|view)"
    r"|\bunsupported\b",
    re.IGNORECASE,
)
_ABOUT = re.compile(r"消息|訊息|类型|類型|内容|內容|message|content|type", re.IGNORECASE)
_KINDS = frozenset(
    ("表情", "动画表情", "動態貼圖", "动态表情", "贴纸", "貼圖", "图片", "圖片", "照片", "视频",
     "影片", "语音", "語音", "文件", "檔案", "名片", "个人名片", "链接", "連結", "红包", "微信红包",
     "紅包", "转账", "轉帳",
     "位置", "小程序", "小程式", "聊天记录", "聊天記錄", "音乐", "音樂", "视频号", "卡券", "接龙",
     "sticker", "animated sticker", "custom sticker", "photo", "image", "picture", "video", "voice",
     "audio", "file", "contact card", "link", "red packet", "transfer", "location", "mini program",
     "chat history", "music", "channels")
)  # fmt: skip
"""Kinds of messages, as WeChat names them in brackets."""
_BARE = re.compile(
    r"(?=.*(?:暂|暫|消息|訊息|类型|類型))(?:您?收到|对方发来)?(?:了)?(?:一条|一個)?(?:暂|暫)?(?:不支持|不支援)(?:的|该|此|这种)?"
    r"(?:消息|訊息)?(?:类型|類型)?(?:[，,]?(?:暂|暫)?(?:无法|無法|不能|不)(?:显示|顯示|展示|查看))?"
    r"|(?:该|此|这种|這種)?(?:消息|訊息)(?:类型|類型)?(?:暂|暫)?(?:不支持|不支援|无法显示|不能展示|不能显示)"
    r"|(?:当前|目前)(?:微信)?版本(?:暂|暫)?不支持.{0,30}"
    r"|(?:this )?message type (?:is )?(?:not|un) ?(?:yet )?supported"
    r"|unsupported message(?: type)?",
    re.IGNORECASE,
)
_POSITIONS = frozenset(("", "位置", "我的位置", "地图位置", "当前位置", "location", "my location"))


def is_placeholder(text: str) -> bool:
    """Whether a whole message is such a text. What a follower writes about such messages
    (``你们不支持语音消息吗``) and the emoji in brackets (``[OK]``) are words."""
    line = " ".join(text.replace("’", "'").split())
    if not line or len(line) > MOST_CHARACTERS:
        return False
    if whole := _BRACKETED.fullmatch(line):
        inner = next(filter(None, whole.groups())).strip()
        told = _CAN_NOT.search(inner) and (_ABOUT.search(inner) or _BARE.fullmatch(inner))
        return bool(told) or inner.lower() in _KINDS
    return _BARE.fullmatch(line.rstrip("。.!！")) is not None


def label_of(text: str) -> str | None:
    """The label of a location; None where WeChat knows none and says only that it is a place."""
    line = " ".join(text.split())
    whole = _BRACKETED.fullmatch(line)
    bare = next(filter(None, whole.groups())).strip() if whole else line
    return None if bare.lower() in _POSITIONS else line
