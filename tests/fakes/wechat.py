"""WeChat's side of an Official Account, after its documentation: it calls us, signed and
encrypted by `wechatpy`, and it answers our calls with its own count of what we may send."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from tests.fakes.http_server import Answer, Asked, Fault, HttpServer

SEND = "/cgi-bin/message/custom/send"
MEDIA = "/cgi-bin/media/get"
STABLE_TOKEN = "/cgi-bin/stable_token"
MENU = "/cgi-bin/menu/create"
JSON = {"Content-Type": "application/json; encoding=utf-8"}


@dataclass
class Account:
    """One Official Account's settings page."""

    app_id: str = "wx0123456789abcdef"
    secret: str = "app-secret"
    token: str = "callback-token"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    name: str = "gh_1234567890ab"


@dataclass
class Callback:
    """One call of ours: ``POST path?query`` with ``body``."""

    query: dict[str, str]
    body: bytes


@dataclass
class Window:
    until: float
    remaining: int


@dataclass
class Follower:
    """What she got, and what she may still get."""

    windows: list[Window] = field(default_factory=list)
    got: list[str] = field(default_factory=list)


class WeChatServer(HttpServer):
    """``refuses``: path → error codes for the next calls, or a `Fault` for a broken connection.
    ``clock``: seconds that the server's own clock is ahead of ours."""

    def __init__(self, account: Account | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.account = account or Account()
        self.followers: dict[str, Follower] = {}
        self.media: dict[str, tuple[str, bytes]] = {}
        self.videos: dict[str, str] = {}
        self.refuses: dict[str, list[int | Fault]] = {}
        self.tokens: dict[str, float] = {}
        self.good_token: str | None = None
        self.token_seconds = 7200
        self.tokens_given = 0
        self.menu: dict[str, Any] | None = None
        self.clock = 0.0
        self._made = 0

    def now(self) -> float:
        return time.time() + self.clock

    # ── WeChat calls us ──────────────────────────────────────────────────────────────────────

    def says(self, openid: str, text: str, **more: Any) -> str:
        """The XML of a text message; her window opens."""
        return self.message(openid, "text", Content=text, **more)

    def message(self, openid: str, kind: str, **elements: Any) -> str:
        """The XML of any message; her window opens."""
        self._opens(openid, 48 * 3600, 5)
        self._made += 1
        elements.setdefault("MsgId", 7_000_000_000_000_000 + self._made)
        return self.xml(openid, kind, **elements)

    def event(self, openid: str, event: str, **elements: Any) -> str:
        """The XML of an event; following, a click and a scan open her short window."""
        if event in ("subscribe", "CLICK", "SCAN"):
            self._opens(openid, 60, 3)
        return self.xml(openid, "event", Event=event, **elements)

    def voice(self, openid: str, sound: bytes, media_type: str = "audio/amr") -> str:
        """A voice message whose sound lies with the server."""
        media_id = self.keep(sound, media_type)
        return self.message(openid, "voice", MediaId=media_id, Format=media_type.split("/")[1])

    def keep(self, content: bytes, media_type: str) -> str:
        media_id = secrets.token_urlsafe(48)
        self.media[media_id] = (media_type, content)
        return media_id

    def xml(self, openid: str, kind: str, **elements: Any) -> str:
        base = {
            "ToUserName": self.account.name,
            "FromUserName": openid,
            "CreateTime": int(self.now()),
            "MsgType": kind,
        }
        inner = "".join(
            f"<{name}>{escape(str(value))}</{name}>" for name, value in {**base, **elements}.items()
        )
        return f"<xml>{inner}</xml>"

    def plain(self, xml: str, *, token: str | None = None, at: float | None = None) -> Callback:
        """A callback in plain mode."""
        query = self.signed(token, at)
        return Callback({**query, "openid": "x"}, xml.encode())

    def safe(
        self,
        xml: str,
        *,
        account: Account | None = None,
        token: str | None = None,
        at: float | None = None,
    ) -> Callback:
        """A callback in safe mode, encrypted and signed by `wechatpy`."""
        account = account or self.account
        query = self.signed(token or account.token, at)
        crypto = WeChatCrypto(token or account.token, account.aes_key, account.app_id)
        body = crypto.encrypt_message(xml, query["nonce"], query["timestamp"])
        signature = body.split("<MsgSignature><![CDATA[")[1].split("]")[0]
        encrypted = body.split("<Encrypt><![CDATA[")[1].split("]")[0]
        body = (
            f"<xml><ToUserName><![CDATA[{account.name}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        query |= {"encrypt_type": "aes", "msg_signature": signature}
        return Callback(query, body.encode())

    def signed(self, token: str | None = None, at: float | None = None) -> dict[str, str]:
        """timestamp, nonce and the signature of both with the token."""
        timestamp, nonce = str(int(self.now() if at is None else at)), secrets.token_hex(5)
        signer = WeChatSigner()
        signer.add_data(token or self.account.token, timestamp, nonce)
        return {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce}

    def _opens(self, openid: str, seconds: float, messages: int) -> None:
        follower = self.followers.setdefault(openid, Follower())
        follower.windows.append(Window(self.now() + seconds, messages))
        if messages == 5:  # a message's window is opened anew, not added to
            follower.windows = [
                w for w in follower.windows if w is follower.windows[-1] or w.remaining <= 3
            ]

    # ── We call WeChat ───────────────────────────────────────────────────────────────────────

    async def work(self, asked: Asked) -> Answer:
        planned = self.refuses.get(asked.path) or []
        if planned:
            refusal = planned.pop(0)
            if isinstance(refusal, Fault):
                if refusal.answer:
                    return refusal.answer
                if refusal.hang:
                    await asyncio.sleep(3600)
                raise ConnectionError
            return _error(refusal)
        if asked.path in ("/cgi-bin/token", STABLE_TOKEN):
            return self._token(asked)
        token = asked.query.get("access_token", "")
        if token not in self.tokens:
            return _error(40001)
        if self.tokens[token] < self.now():
            return _error(42001)
        match asked.path:
            case "/cgi-bin/message/custom/send":
                return self._send(json.loads(asked.body))
            case "/cgi-bin/media/get":
                return self._media(asked.query["media_id"])
            case "/cgi-bin/menu/create":
                self.menu = json.loads(asked.body)
                return _error(0)
            case "/cgi-bin/menu/get":
                return _error(46003) if self.menu is None else _ok({"menu": self.menu})
        return Answer(404)

    def revoke_tokens(self) -> None:
        """As when the account's owner resets the AppSecret."""
        self.tokens.clear()

    def _token(self, asked: Asked) -> Answer:
        stable = asked.path == STABLE_TOKEN
        given = json.loads(asked.body) if stable else asked.query
        if given.get("appid") != self.account.app_id:
            return _error(40013)
        if given.get("secret") != self.account.secret:
            return _error(40125)
        old = self.good_token
        fresh = old is None or self.tokens.get(old, self.now() + 3600) < self.now() + 300
        if old is None or fresh or not stable or given.get("force_refresh"):
            if old is not None and (not stable or given.get("force_refresh")):
                self.tokens.pop(old, None)
            self.good_token = secrets.token_urlsafe(64)
            self.tokens[self.good_token] = self.now() + self.token_seconds
            self.tokens_given += 1
        assert self.good_token is not None
        left = self.tokens.get(self.good_token, self.now() + 7200) - self.now()
        return _ok({"access_token": self.good_token, "expires_in": int(left)})

    def _send(self, body: dict[str, Any]) -> Answer:
        follower = self.followers.get(body["touser"])
        if follower is None:
            return _error(40003)
        content = body["text"]["content"]
        if not content or len(content.encode()) > 2048:
            return _error(45002)
        alive = [w for w in follower.windows if w.until > self.now()]
        if not alive:
            return _error(45015)
        free = [w for w in alive if w.remaining > 0]
        if not free:
            return _error(45047)
        min(free, key=lambda w: w.until).remaining -= 1
        follower.got.append(content)
        return _error(0)

    def _media(self, media_id: str) -> Answer:
        if media_id in self.videos:
            return _ok({"video_url": self.videos[media_id]})
        if media_id not in self.media:
            return _error(40007)
        media_type, content = self.media[media_id]
        return Answer(200, content, {"Content-Type": media_type})


def _ok(body: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps(body, ensure_ascii=False).encode(), JSON)


def _error(code: int) -> Answer:
    return _ok({"errcode": code, "errmsg": "ok" if code == 0 else "refused rid: 1"})
