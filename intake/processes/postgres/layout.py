"""Paths, users and URLs of an installation's embedded server."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from intake.processes.postgres.installation import (
    ROOT_BASE,
    USER,
    copy_for_user,
    server_folder,
    wheel_folder,
)
from intake.settings import Settings, secret_files

SOCKET_LIMIT = 90  # sun_path holds 107 bytes, the file's own name takes up to 17
ROLE = "huying"
RASA = "rasa"
"""Name of Rasa's own role and database: Rasa stores conversations there and can read no other."""
ADMIN_SECRET = "postgres-admin"  # noqa: S105 (the name of a file)
CONFIG = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_min_messages": "warning",
    # A statement may hold a resident's words, so statements are not logged.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    # No DETAIL, HINT, CONTEXT or QUERY: they quote rows, and the statement of a crashed process.
    # Messages of our roles' errors quote values too; `ensure_databases` keeps them out.
    "log_error_verbosity": "terse",
    "log_line_prefix": "",
    "logging_collector": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Paths, users and passwords of an installation's embedded server.

    ``binaries``: the folder of PostgreSQL's programs. ``data``: PostgreSQL's own data folder.
    ``sockets``: the folder of its Unix socket. ``user``: the system user that runs it where we run
    as root, else None.
    """

    binaries: Path
    data: Path
    sockets: Path
    user: str | None
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    rasa_password: str = field(repr=False)

    def url(self, database: str = ROLE) -> str:
        """The URL by which our processes reach one of our databases."""
        return self._url(ROLE, self.password, database)

    def rasa_url(self) -> str:
        """The URL by which Rasa reaches its own database."""
        return self._url(RASA, self.rasa_password, RASA)

    def admin_url(self) -> str:
        """The superuser's URL, for making roles and databases."""
        return self._url("postgres", self.admin_password, "postgres")

    def _url(self, role: str, password: str, database: str) -> str:
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{role}:{quote(password)}@/{database}?host={host}"

    def argv(self) -> list[str]:
        """The command that runs the server in the foreground."""
        options = [part for key, value in CONFIG.items() for part in ("-c", f"{key}={value}")]
        program = str(self.binaries / "postgres")
        return [program, "-D", str(self.data), "-k", str(self.sockets), *options]


def cluster(settings: Settings) -> Cluster:
    """The server of this installation. Makes its secrets where missing, and nothing else."""
    password = secret_files.ensure(settings, "postgres")
    admin_password = secret_files.ensure(settings, ADMIN_SECRET)
    rasa_password = secret_files.ensure(settings, "postgres-rasa")
    digest = hashlib.sha256(admin_password.encode()).hexdigest()[:16]
    root = os.geteuid() == 0
    base = ROOT_BASE / digest if root else settings.home / "postgres"
    data = base / "cluster"
    package = copy_for_user(server_folder(data)) if root else wheel_folder()
    sockets = base / "run"
    if len(os.fsencode(sockets)) > SOCKET_LIMIT:
        sockets = Path(tempfile.gettempdir()) / f"huying-{os.geteuid()}-{digest}"
    return Cluster(
        binaries=package / server_folder(data) / "bin",
        data=data,
        sockets=sockets,
        user=USER if root else None,
        password=password,
        admin_password=admin_password,
        rasa_password=rasa_password,
    )
