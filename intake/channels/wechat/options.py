"""The keys of ``[channels.wechat]``."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from intake.channels.wechat.crypto import KeyRing, aes_key
from intake.errors import SettingsError
from intake.network.options import NetworkOptions, Secret, Url, read_secret


class Options(NetworkOptions):
    """One Official Account. Secret files are read at each use, so they can be changed any time."""

    app_id: str = Field(description="the account's AppID, wx…")
    app_secret_file: Secret = Field(description="the AppSecret")
    token_file: Secret = Field(description="the Token of the server configuration")
    previous_token_file: Secret | None = Field(None, description="the Token before it")
    mode: Literal["safe", "plain"] = Field(
        "safe", description="safe: messages come encrypted; plain: they don't"
    )
    aes_key_file: Secret | None = Field(None, description="the EncodingAESKey, for safe mode")
    previous_aes_key_file: Secret | None = Field(None, description="the EncodingAESKey before it")
    account: str | None = Field(
        None, description="the account's own id, gh_…; messages to another one are refused"
    )
    reply_mode: Literal["service", "passive"] = Field(
        "service",
        description="passive: for accounts that may not use the customer-service interface",
    )
    passive_wait_seconds: float = Field(
        2.5, ge=0, le=4, description="how long a passive answer waits for the assistant's words"
    )
    create_menu: bool = Field(False, description="make the menu when the web part starts")
    menu_language: str = Field("zh", description="the language of the menu's button")
    replay_seconds: int = Field(
        300, ge=30, le=3600, description="how old or how far ahead a request's timestamp may be"
    )
    api_url: Url = Field("https://api.weixin.qq.com", description="where WeChat's interface is")
    timeout_seconds: float = Field(10, gt=0, le=60, description="longest time one call may take")

    @field_validator("app_id")
    @classmethod
    def _is_app_id(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9A-Za-z]{4,64}", value):
            raise ValueError("write the AppID as the account's page shows it, such as wx0123…")
        return value

    @field_validator("aes_key_file", "previous_aes_key_file")
    @classmethod
    def _holds_key(cls, path: Secret | None) -> Secret | None:
        if path is not None:
            aes_key(read_secret(path))
        return path

    @model_validator(mode="after")
    def _safe_needs_key(self) -> Options:
        if self.mode == "safe" and self.aes_key_file is None:
            raise ValueError('give aes_key_file, or set mode = "plain"')
        return self

    def key_ring(self) -> KeyRing:
        """The tokens and keys as the files are now, the current ones first.

        Raises `SettingsError` for a file without a valid key.
        """
        tokens = (self.token_file, self.previous_token_file)
        keys = (self.aes_key_file, self.previous_aes_key_file)
        try:
            return KeyRing(
                self.app_id,
                tuple(read_secret(path) for path in tokens if path is not None),
                tuple(aes_key(read_secret(path)) for path in keys if path is not None),
            )
        except ValueError as error:
            raise SettingsError(f"[channels.wechat] aes_key_file: {error}.") from None
