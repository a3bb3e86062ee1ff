"""Settings of the operators' desk and of sign-in with outside accounts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from intake.settings.table import SecretFile, Table

DeskRole = Literal["station", "operator", "supervisor", "admin"]


class Oidc(Table):
    """Sign-in with outside accounts (OpenID Connect)."""

    issuer: str = Field(description="issuer's address, above /.well-known/openid-configuration")
    client_id: str = Field(description="our client id at the issuer")
    client_secret_file: SecretFile = Field(None, description="our client secret, if any")
    label: str = Field("OpenID Connect", description="what the sign-in button names")
    scopes: list[str] = Field(
        default_factory=lambda: ["openid", "profile"], description="the scopes that we request"
    )
    name_claim: str = Field(
        "name", description="the claim that holds the name that stands in the history"
    )
    role_claim: str | None = Field(
        None, description="the claim that holds the role; dots for nested ones: realm_access.roles"
    )
    roles: dict[str, DeskRole] = Field(
        default_factory=dict, description="value of role_claim → role; the highest that fits"
    )
    default_role: DeskRole | None = Field(
        None, description="the role where no value fits; empty: sign-in is refused"
    )
    allow_networks: list[str] = Field(
        default_factory=list, description="non-public networks that the issuer may be in"
    )
    ca_file: Path | None = Field(None, description="certificates (PEM) trusted besides the public")

    @model_validator(mode="after")
    def _lets_somebody_in(self) -> Oidc:
        if not (self.default_role or (self.role_claim and self.roles)):
            raise ValueError("give default_role, or role_claim with roles; else nobody gets in")
        if "openid" not in self.scopes:
            raise ValueError('scopes must hold "openid"')
        return self


class Desk(Table):
    """The operators' desk."""

    session_hours: float = Field(12, gt=0, description="signed in for so long at most")
    idle_minutes: float = Field(60, gt=0, description="signed out after so long without use")
    oidc: Oidc | None = Field(None, description="outside accounts; see docs/desk-accounts")

    @property
    def lasts(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    @property
    def idle(self) -> timedelta:
        return timedelta(minutes=self.idle_minutes)
