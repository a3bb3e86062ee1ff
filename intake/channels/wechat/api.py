"""The client of WeChat's HTTP interface: send a text, fetch media, read and create the menu.

Every call carries the shared access token; a token that WeChat refuses (40001, 40014, 42001) is
renewed once. Return codes: "Global Return Codes" in WeChat's documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from intake.channels.wechat.options import Options
from intake.channels.wechat.tokens import Tokens
from intake.errors import BackendError
from intake.network.http import Outgoing
from intake.network.options import read_secret
from intake.storage.db import Sessions

STALE_TOKEN = frozenset({40001, 40014, 42001})
WINDOW_CLOSED = frozenset({45015, 45047})
BUSY = frozenset({-1, 45009, 45011}) | STALE_TOKEN
NO_SUCH_MEDIA = frozenset({40007, 41006})
NO_MENU = 46003
_HINTS = {
    40013: "correct app_id",
    40125: "correct app_secret_file",
    40164: "add this machine's public address to the account's IP whitelist",
    45009: "the account's calls for today are used up",
    48001: 'the account may not use this interface; set reply_mode = "passive"',
    50002: "the account is restricted",
}


class Refusal(BackendError):
    """WeChat answered with an ``errcode``, so it has done nothing (``sent`` is False)."""

    def __init__(self, errcode: int) -> None:
        hint = f": {_HINTS[errcode]}" if errcode in _HINTS else ""
        super().__init__(
            f"WeChat answered {errcode}{hint}.",
            code=f"wechat_{errcode}".replace("-", "minus_"),
            retryable=errcode in BUSY,
            retry_after_seconds=60 if errcode in (45009, 45011) else None,
            sent=False,
        )
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a voice message, picture or video, and the media type that WeChat declares."""

    content: bytes
    media_type: str


class Api:
    """One account's interface. All methods raise `BackendError`, mostly `Refusal`."""

    def __init__(self, options: Options, outgoing: Outgoing, sessions: Sessions) -> None:
        self._options, self._outgoing = options, outgoing
        self.tokens = Tokens(sessions, options.app_id, self._fetch_token)

    async def send_text(self, openid: str, text: str) -> None:
        """Send one text (at most 2,048 bytes of UTF-8) through the customer-service interface."""
        await self._call(
            "POST",
            "/cgi-bin/message/custom/send",
            {"touser": openid, "msgtype": "text", "text": {"content": text}},
        )

    async def media(self, media_id: str, max_bytes: int) -> Fetched:
        """Fetch a follower's voice message, picture or video.

        WeChat answers with the URL of a video, which is then fetched from there.
        """
        answer = await self._call(
            "GET", "/cgi-bin/media/get", params={"media_id": media_id}, max_bytes=max_bytes
        )
        named = _json(answer)
        if named is not None and isinstance(named.get("video_url"), str):
            address = httpx.URL(named["video_url"])
            if not self._options.allow_networks:
                address = address.copy_with(scheme="https")
            answer = await self._outgoing.request(
                "GET", str(address), max_bytes=max_bytes, **self._options.ways()
            )
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(answer.content, media_type or "application/octet-stream")

    async def menu(self) -> Mapping[str, Any] | None:
        """The account's current menu; None without one."""
        try:
            found = _json(await self._call("GET", "/cgi-bin/menu/get"))
        except Refusal as refusal:
            if refusal.errcode != NO_MENU:
                raise
            return None
        menu = (found or {}).get("menu")
        return menu if isinstance(menu, dict) else None

    async def create_menu(self, menu: Mapping[str, Any]) -> None:
        """Replace the menu."""
        await self._call("POST", "/cgi-bin/menu/create", menu)

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        max_bytes: int = 1024 * 1024,
    ) -> httpx.Response:
        token = await self.tokens.current()
        try:
            return await self._once(method, path, body, token, params or {}, max_bytes)
        except Refusal as refusal:
            if refusal.errcode not in STALE_TOKEN:
                raise
        token = await self.tokens.replace(token)
        return await self._once(method, path, body, token, params or {}, max_bytes)

    async def _once(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        token: str,
        params: Mapping[str, str],
        max_bytes: int,
    ) -> httpx.Response:
        answer = await self._outgoing.request(
            method,
            self._options.api_url + path,
            params={"access_token": token, **params},
            # With JSON's \uXXXX escapes WeChat shows the escapes themselves to the follower.
            content=None if body is None else json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8"} if body else None,
            max_bytes=max_bytes,
            **self._options.ways(),
        )
        found = _json(answer)
        if found is not None and found.get("errcode"):
            raise Refusal(int(found["errcode"]))
        if found is None and method == "POST":
            raise BackendError(
                "WeChat's answer is no JSON; is api_url right?", code="wechat_nonsense", sent=None
            )
        return answer

    async def _fetch_token(self, force: bool) -> tuple[str, float]:
        body = {
            "grant_type": "client_credential",
            "appid": self._options.app_id,
            "secret": read_secret(self._options.app_secret_file),
            "force_refresh": force,
        }
        answer = await self._outgoing.request(
            "POST",
            self._options.api_url + "/cgi-bin/stable_token",
            json=body,
            **self._options.ways(),
        )
        found = _json(answer) or {}
        if found.get("errcode"):
            raise Refusal(int(found["errcode"]))
        token, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(seconds, int | float):
            raise BackendError(
                "WeChat gave no access token; is api_url right?", code="wechat_nonsense"
            )
        return token, float(seconds)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is something else, such as a recording."""
    if not answer.content[:64].lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(answer.content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
