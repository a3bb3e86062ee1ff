"""The settings of the web chat: ``[channels.webchat]``."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from intake.conversation.emergency import TEXT_LIMIT
from intake.settings import Table


class Options(Table):
    """Which sites may embed the chat, and how much one visitor and one network may send."""

    allowed_origins: list[str] = Field(
        default_factory=list, description="sites that may embed the chat: https://example.org"
    )
    messages_per_minute: int = Field(30, ge=1, description="messages of one visitor a minute")
    voices_per_minute: int = Field(10, ge=1, description="voice messages of one visitor a minute")
    messages_per_address: int = Field(
        120, ge=1, description="messages from one network address a minute"
    )
    voices_per_address: int = Field(
        40, ge=1, description="voice messages from one network address a minute"
    )
    visitors_per_minute: int = Field(
        30, ge=1, description="new visitors from one network address a minute"
    )
    text_characters: int = Field(
        2000, ge=100, le=TEXT_LIMIT, description="longest message in writing"
    )
    connections: int = Field(400, ge=1, description="pages connected to one web process")
    connections_per_address: int = Field(
        40, ge=1, description="pages connected from one network address"
    )
    idle_seconds: float = Field(
        600, ge=10, description="a page that sends nothing for so long is disconnected"
    )
    visitor_days: int = Field(
        365, ge=1, le=3650, description="how long a visitor is recognised after the last visit"
    )
    poll_seconds: float = Field(
        2, gt=0, description="between two polls for messages that no notification announced"
    )

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            parts = urlsplit(origin)
            plain = f"{parts.scheme}://{parts.netloc}"
            if parts.scheme not in ("http", "https") or not parts.netloc or origin != plain:
                raise ValueError(f"{origin!r} must read like https://example.org, without a path")
            if any(c in parts.netloc for c in " ;,'*@"):
                raise ValueError(f"{origin!r} must name one host")
        return [origin.lower() for origin in value]
