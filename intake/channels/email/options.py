"""The settings table of the e-mail channel."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from intake.network.options import Networks, Secret
from intake.settings import Table

_ENTRY = re.compile(r"\*|(?:[^\s@<>]+)?@?[A-Za-z0-9.-]+", re.ASCII)
# 3 digits (an extension) to about 20; not a date, a time of day or a network address.
_NUMBER = (
    r"(?!\d{4}-\d\d-\d\d)(?!\d{1,3}(?:\.\d{1,3}){3})"
    r"(?P<number>(?:\+\d{1,3}[ .-]?)?\(?\d{1,5}\)?(?:[ .-]?\d){2,16})(?![\d年月日时点:：])"
)

CALLER_HEADERS = [
    "X-CallerID",
    "X-Caller-ID",
    "X-Asterisk-CallerID",
    "X-CallingTelephoneNumber",
    "X-Voicemail-Caller-Number",
]
CALLER_PATTERNS = [
    r"(?:来电号码|主叫号码|主叫|来电|来自)(?:是|为)?\s*[:：]?\s*"
    r"(?:[^\s\d<]{1,20}\s*)?[<(（]?\s*" + _NUMBER,
    r"\b(?:from|caller(?: ?id| number)?|calling number)\b\s*:?\s*"
    r"(?:\"[^\"\n]{0,80}\"\s*[<(]?|[A-Za-z][^\n<(\d]{0,60}[<(])?\s*" + _NUMBER,
    r"^Sender: \"?(?P<number>\+?\d{7,15})\"? *<",
    r"^Sender: [^<]{0,200}<?(?P<number>\+?\d{7,15})@",
]


def _entries(entries: list[str]) -> list[str]:
    for entry in entries:
        if not _ENTRY.fullmatch(entry):
            raise ValueError(
                f"{entry!r}: write an address (pbx@example.org), a domain (example.org), or *"
            )
    return [entry.lower().lstrip("@") if entry[:1] == "@" else entry.lower() for entry in entries]


def _patterns(patterns: list[str]) -> list[str]:
    for pattern in patterns:
        try:
            compiled = re.compile(pattern, re.I)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        if "number" not in compiled.groupindex:
            raise ValueError(f"{pattern!r} needs a group (?P<number>…) around the number")
    return patterns


def _file(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("no such file; name a PEM file, or leave it out")
    return path


Entries = Annotated[list[str], AfterValidator(_entries)]
PemFile = Annotated[Path | None, AfterValidator(_file)]


class Options(Table):
    """Which clients may send mail, how much of it, and where in it the caller's number is."""

    host: str = Field("127.0.0.1", description="where it listens; loopback unless you need more")
    port: int = Field(2525, ge=1, le=65535)
    protocol: Literal["smtp", "lmtp"] = Field("smtp", description="lmtp: behind Postfix and others")
    hostname: str = Field(
        "huying", pattern=r"^[A-Za-z0-9.-]{1,253}$", description="its name in the greeting"
    )
    allow_senders: Entries = Field(
        min_length=1, description="envelope senders: addresses, domains, or * for all"
    )
    allow_networks: Networks = Field(
        default_factory=lambda: ["127.0.0.0/8", "::1/128"],
        description="networks of the machines that may send mail",
    )
    recipients: Entries = Field(
        default_factory=list, description="addresses or domains that accept mail; empty: any"
    )
    cert_file: PemFile = Field(None, description="PEM certificate chain: offers STARTTLS")
    key_file: PemFile = Field(None, description="its private key")
    require_tls: bool = Field(False, description="accept mail only after STARTTLS")
    username: str | None = Field(None, description="requires a login, only inside TLS")
    password_file: Secret | None = Field(None, description="the login's password")
    max_bytes: int = Field(
        36 * 1024 * 1024, ge=64 * 1024, description="bytes of one mail; Base64 adds a third"
    )
    max_connections: int = Field(10, ge=1, le=1000, description="clients at once")
    per_client_per_minute: int = Field(
        120, ge=0, description="mails from one machine a minute; 0 = no limit"
    )
    session_seconds: float = Field(
        120, gt=0, le=3600, description="longest time for one command, or for one whole mail"
    )
    max_hops: int = Field(30, ge=1, description="more Received headers than this are a loop")
    same_within_hours: float = Field(
        24, gt=0, description="the same content again within this time is the same mail"
    )
    caller_headers: list[str] = Field(
        default_factory=lambda: list(CALLER_HEADERS), description="headers with the caller's number"
    )
    caller_patterns: Annotated[list[str], AfterValidator(_patterns)] = Field(
        default_factory=lambda: list(CALLER_PATTERNS),
        description="regular expressions with a group `number`: subject, text, `Sender: <From>`",
    )
    language: Literal["zh", "en"] | None = Field(
        None, description="the callers' language; empty: detected in each recording"
    )

    @model_validator(mode="after")
    def _complete(self) -> Options:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; give both or none")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together; give both or none")
        if self.cert_file is None and (self.username or self.require_tls):
            raise ValueError("a login and require_tls need cert_file and key_file")
        self.tls()
        return self

    def tls(self) -> ssl.SSLContext | None:
        """The server's TLS context, None without a certificate.

        Raises `ValueError` when the certificate and the key can't be used.
        """
        if self.cert_file is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(
                f"cert_file and key_file can't be used ({error.strerror or error})"
            ) from None
        return context


def is_listed(address: str, entries: list[str]) -> bool:
    """Whether the list has the address, its domain or ``*``. A domain does not include its
    subdomains."""
    address = address.lower()
    return any(entry in ("*", address, address.rpartition("@")[2]) for entry in entries)
