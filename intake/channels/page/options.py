"""The settings of the resident's page: ``[channels.page]``."""

from __future__ import annotations

from pydantic import Field

from intake.settings import Table


class Options(Table):
    """Times and numbers of unfinished uploads, and of pages that are connected for live updates."""

    idle_seconds: float = Field(
        600, gt=0, description="an upload without a new piece for so long becomes a voicemail"
    )
    look_seconds: float = Field(10, gt=0, description="between two checks of all uploads")
    keep_days: int = Field(
        7, ge=1, le=365, description="how long the rest of an interrupted upload may still come"
    )
    uploads_per_address: int = Field(
        20, ge=1, description="unfinished uploads from one network address that are not audio yet"
    )
    sounding_per_address: int = Field(
        100, ge=1, description="unfinished uploads from one network address in all"
    )
    uploads: int = Field(
        1000, ge=1, description="unfinished uploads in all; then addresses with many wait first"
    )
    streams: int = Field(
        200, ge=1, description="pages connected for live updates, for each web process"
    )
    streams_per_address: int = Field(20, ge=1, description="the same from one network address")
    piece_idle_seconds: float = Field(
        30, gt=0, description="a piece that sends no byte for so long is ended"
    )
