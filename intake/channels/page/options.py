"""The settings of the resident's page: ``[channels.page]``."""

from __future__ import annotations

from pydantic import Field

from intake.settings import Table


class Options(Table):
    """How long an upload may rest and lie, and how many there may be; pages that wait for news."""

    idle_seconds: float = Field(
        600, gt=0, description="an upload left alone so long becomes a voicemail as it is"
    )
    look_seconds: float = Field(10, gt=0, description="between two looks at the uploads")
    keep_days: int = Field(
        7, ge=1, le=365, description="how long the rest of an interrupted upload may still come"
    )
    uploads_per_address: int = Field(
        20, ge=1, description="unfinished uploads from one network address that are no sound yet"
    )
    uploads: int = Field(1000, ge=1, description="unfinished uploads in all")
    streams: int = Field(200, ge=1, description="pages that wait for news at one web process")
    streams_per_address: int = Field(20, ge=1, description="the same from one network address")
    piece_idle_seconds: float = Field(
        30, gt=0, description="a piece of which nothing comes for so long is ended"
    )
