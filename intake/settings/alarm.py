"""Settings of the alarm: who is called in an emergency, and when."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from intake.settings.table import SecretFile, Table


class Contact(Table):
    """One person on duty."""

    name: str
    email: str | None = None
    webhook: str | None = None
    secret_file: SecretFile = None
    allow_networks: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _reachable(self) -> Contact:
        if not (self.email or self.webhook):
            raise ValueError("give email or webhook, else this person can't be reached")
        return self


class Smtp(Table):
    """The mail server for alarms."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    sender: str
    username: str | None = None
    password_file: SecretFile = None
    starttls: bool = True
    allow_networks: list[str] = Field(default_factory=list)
    ca_file: Path | None = None


class Alarm(Table):
    """Who is called in an emergency, in this order."""

    contacts: list[Contact] = Field(default_factory=list)
    off_duty_contacts: list[Contact] = Field(
        default_factory=list, description="outside duty hours; empty: the same people"
    )
    next_after_seconds: float = Field(120, gt=0, description="unanswered: call the next person")
    listen_within_seconds: float = Field(
        60, gt=0, description="what may be danger and nobody has opened by then: call as well"
    )
    rounds: int = Field(3, ge=1, le=100, description="how often the whole list is gone through")
    smtp: Smtp | None = None
    duty_hours: dict[str, str] = Field(
        default_factory=lambda: {day: "08:30-18:00" for day in ("mon", "tue", "wed", "thu", "fri")},
        description='weekday → "HH:MM-HH:MM"; a day without hours is off duty',
    )

    @model_validator(mode="after")
    def _mail_needs_server(self) -> Alarm:
        if self.smtp is None and any(c.email for c in (*self.contacts, *self.off_duty_contacts)):
            raise ValueError("a contact has an email, so [alarm.smtp] must be given")
        return self
