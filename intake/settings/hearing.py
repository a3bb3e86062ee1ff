"""Settings of limits, transcription, the assistant, conversations and decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from intake.settings.table import SecretFile, Table
from intake.understanding.fields import ReadName


class Limits(Table):
    """What is accepted from senders."""

    max_bytes: int = Field(25 * 1024 * 1024, ge=1024, description="bytes of one recording")
    max_seconds: float = Field(600, gt=0, description="seconds of one recording")
    recorded_within_days: int = Field(30, ge=1, description="oldest recorded_at that is accepted")
    per_address_per_minute: int = Field(
        60, ge=0, description="voicemails from one network address a minute; 0 = no limit"
    )
    bytes_per_address_per_minute: int = Field(
        300 * 1024 * 1024,
        ge=0,
        description="bytes of recordings from one network address a minute; 0 = no limit",
    )
    min_free_bytes: int = Field(
        512 * 1024 * 1024, ge=0, description="free disk below which uploads get 507"
    )
    warn_free_bytes: int = Field(
        2 * 1024 * 1024 * 1024, ge=0, description="free disk below which /healthz warns"
    )
    upload_seconds: float = Field(120, gt=0, description="longest time one upload may take")
    connections: int = Field(1000, ge=10, description="connections of one web process")
    connections_per_address: int = Field(
        200, ge=5, description="connections, and requests at once, of one network address"
    )


class Hearing(Table):
    """Transcription."""

    engine: str = Field("auto", description="auto, whisper, vosk or canned")
    language: str | None = Field(None, description="zh, en; empty: detected")
    processes: int = Field(1, ge=1, le=64, description="recogniser processes in each worker")
    attempts: int = Field(3, ge=1, le=20, description="tries before a person listens")
    memory_bytes: int = Field(
        4 * 1024**3, ge=256 * 1024**2, description="most memory of one recogniser process"
    )
    models: Path | None = Field(None, description="the model store; default build/models")
    options: dict[str, Any] = Field(default_factory=dict, description="the engine's own options")


class AssistantTable(Table):
    """Rasa."""

    url: str | None = Field(
        None, description="URL or unix:<path> of your own Rasa; default: the one that `up` starts"
    )
    timeout_seconds: float = Field(8, gt=0, description="longest wait for one parse")
    attempts: int = Field(
        200, ge=1, le=1000, description="tries before only a person can decide a request"
    )
    retry_seconds: float = Field(2, gt=0, description="first wait between tries; doubles")
    token_file: SecretFile = Field(None, description="default <home>/secrets/assistant")


class Chat(Table):
    """Conversations in writing."""

    turn_seconds: float = Field(15, gt=0, description="longest wait for one answer of Rasa")
    turns_at_once: int = Field(16, ge=1, le=256, description="conversations that one worker holds")
    attempts: int = Field(
        12, ge=1, le=100, description="tries of one turn without Rasa, 10 s apart at most"
    )
    draft_minutes: float = Field(
        10, gt=0, description="quiet minutes after which a person reads an unfinished request"
    )
    tracker_url_file: SecretFile = Field(
        None, description="Rasa's own database, as a URL; the embedded server has one"
    )


class Deciding(Table):
    """Which confidence suffices for a decision without a person, 0..1.

    Keys of ``categories``: codes of the catalogue; of ``recognisers``: engines. With the defaults
    nothing is decided alone: a deployment finds its own values with `huying calibrate`
    (docs/decisions/018). What a resident confirmed in a conversation is sure.
    """

    category: float = Field(1.0, ge=0, le=1, description="least confidence of the category")
    category_spoken: float = Field(
        1.0, ge=0, le=1, description="the same for what a recogniser wrote"
    )
    recognisers: dict[str, float] = Field(
        default_factory=dict, description="the same for single recognisers"
    )
    categories: dict[str, float] = Field(
        default_factory=dict, description="the same for single categories"
    )
    fields: dict[ReadName, float] = Field(
        default_factory=dict, description="least confidence of single fields"
    )
    alarm_from: float = Field(
        0.6, ge=0, le=1, description="learned chance of danger that is an emergency"
    )
    doubt_from: float = Field(
        0.1, ge=0, le=1, description="learned chance of danger that a person must look at"
    )

    def spoken(self, engine: str | None) -> float:
        """The least confidence of the category of what the recogniser `engine` wrote; None: of an
        engine that is not known."""
        return self.recognisers.get(engine or "", self.category_spoken)
