"""The account's menu: one button, on which a resident can tap to ask for help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intake.channels.wechat.api import Api
from intake.locale import say

KEY = "CALL"


def wanted(language: str) -> Mapping[str, Any]:
    """The menu as WeChat's JSON; the button's title may have at most 16 bytes of UTF-8."""
    return {"button": [{"type": "click", "name": say("wechat.menu", language), "key": KEY}]}


async def ensure(api: Api, language: str) -> bool:
    """Create the menu unless it exists as `wanted`; returns whether it was created.

    Raises `BackendError`.
    """
    menu, found = wanted(language), await api.menu()
    buttons = (found or {}).get("button") or []
    shown = [{name: button.get(name) for name in ("type", "name", "key")} for button in buttons]
    if shown == menu["button"]:
        return False
    await api.create_menu(menu)
    return True
