"""``huying systemd``: units that start Huying with the machine and back it up every night."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from intake.errors import BadField
from intake.settings import ROOT, load, settings_file

SERVICE = """\
# /etc/systemd/system/huying.service
[Unit]
Description=Huying
Wants=network-online.target
After=network-online.target

[Service]
# huying says when all parts run, however long that takes, and every second that it is alive
Type=notify
NotifyAccess=main
TimeoutStartSec=infinity
WatchdogSec=60
User={user}
WorkingDirectory={root}
Environment={environment}
ExecStart={huying} up --quiet
# huying ends its parts itself, the database last, within ten seconds
KillMode=mixed
TimeoutStopSec=20
Restart=on-failure
RestartSec=5
{hardening}
[Install]
WantedBy=multi-user.target
"""
BACKUP = """\
# /etc/systemd/system/huying-backup.service
[Unit]
Description=Huying's backup
# the embedded database's socket may lie in /tmp
JoinsNamespaceOf=huying.service

[Service]
Type=oneshot
User={user}
WorkingDirectory={root}
Environment={environment}
ExecStart={huying} backup {folder}
Nice=10
IOSchedulingClass=idle
{hardening}"""
TIMER = """\
# /etc/systemd/system/huying-backup.timer
[Unit]
Description=Huying's backup, every night

[Timer]
OnCalendar=*-*-* 02:30:00
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
"""
# MemoryDenyWriteExecute is not set: Rasa's libraries and the recognisers generate code at run time.
HARDENING = """\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={writes}
PrivateTmp=yes
PrivateDevices=yes
ProtectHome={protect_home}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service
# a call that is not in it fails with this error instead of killing the process
SystemCallErrorNumber=EPERM
ProtectProc=invisible
# each open page and each connection to the database is a file
LimitNOFILE=65536
"""


def systemd(
    folder: Annotated[
        Path | None, typer.Option(help="Write the units into this folder, instead of showing them.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who runs it; default: you. Not root.")] = None,
    backups: Annotated[
        Path | None, typer.Option(help="Where backups go; default: <home>/backups.")
    ] = None,
) -> None:
    """Print units for systemd: Huying, and a backup every night.

    Put them into /etc/systemd/system, then: systemctl daemon-reload; systemctl enable --now
    huying.service huying-backup.timer.
    """
    made = units(user or getpass.getuser(), backups)
    if folder is None:
        typer.echo("\n".join(made.values()))
        return
    for name, text in made.items():
        (folder / name).write_text(text)
        typer.echo(folder / name)


def units(user: str, backups: Path | None = None) -> dict[str, str]:
    """Unit's name → its text, for the present settings. Raises `BadField` for root."""
    if user == "root":
        raise BadField("Name a separate user by --user; under systemd Huying needs no root.")
    settings = load()
    backups = (backups or settings.home / "backups").absolute()
    paths = [settings.home, backups, ROOT]
    if any(set(str(path)) & set(" %\"'\\") for path in paths):
        raise BadField("A path holds a space, quote, backslash or %; the units can't have those.")
    bot = Path(os.environ.get("HUYING_BOT_PYTHON", ROOT / "bot" / ".venv" / "bin" / "python"))
    used = [*paths, Path(sys.executable).resolve(), bot.resolve()]
    at_home = any(path.is_relative_to("/home") for path in used)
    environment = [f"HUYING_HOME={settings.home}"]
    if "HUYING_SETTINGS" in os.environ:
        environment.append(f"HUYING_SETTINGS={settings_file().absolute()}")
    values = {
        "user": user,
        "root": ROOT,
        "environment": " ".join(environment),
        "huying": Path(sys.executable).parent / "huying",
        "folder": backups,
    }
    protect = "read-only" if at_home else "yes"
    service = HARDENING.format(writes=settings.home, protect_home=protect)
    both = HARDENING.format(writes=f"{settings.home} {backups}", protect_home=protect)
    return {
        "huying.service": SERVICE.format(**values, hardening=service),
        "huying-backup.service": BACKUP.format(**values, hardening=both),
        "huying-backup.timer": TIMER,
    }
