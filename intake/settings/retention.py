"""Settings of retention: how long each kind of data is kept."""

from __future__ import annotations

from pydantic import Field

from intake.settings.table import Table


class Retention(Table):
    """After how many days each kind of data is deleted; 0: never by itself."""

    recordings_days: int = Field(
        90, ge=0, description="recordings, counted from the end of the last request that needs one"
    )
    words_days: int = Field(
        180, ge=0, description="transcripts and what was understood of them, from the request's end"
    )
    messages_days: int = Field(
        180, ge=0, description="messages, pictures and conversations, when no request needs them"
    )
    requests_days: int = Field(
        730, ge=0, description="ended requests; a row without anything personal stays"
    )
    access_log_days: int = Field(1095, ge=0, description="who viewed or changed what")
    keys_days: int = Field(30, ge=0, description="senders' idempotency keys")
    jobs_days: int = Field(30, ge=0, description="jobs that gave up; their arguments are ids")
    aside_days: int = Field(
        90, ge=0, description="messages that could not be parsed, set aside in a channel's spool"
    )
    log_days: int = Field(30, ge=0, description="log files")
    backups_days: int = Field(
        30, ge=0, description="archives in the folder that `huying backup` writes to"
    )
