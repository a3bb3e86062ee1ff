"""Before the server starts: make its folders and data, and end a stray server on them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from intake.errors import SettingsError, Unavailable
from intake.processes.postgres.installation import ROOT_BASE, ensure_binaries, ensure_user
from intake.processes.postgres.layout import Cluster, cluster
from intake.settings import Settings


def prepare(settings: Settings) -> Cluster:
    """Make folders, system user and PostgreSQL's data where missing; end a stray server.

    Raises `SettingsError` when a folder belongs to somebody else, `Unavailable` when initdb fails.
    """
    made = cluster(settings)
    uid = gid = -1
    if made.user is not None:
        ensure_user(made.user)
        entry = pwd.getpwnam(made.user)
        uid, gid = entry.pw_uid, entry.pw_gid
        ensure_binaries(made.binaries.parent)
        made.data.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        for folder in (ROOT_BASE, made.data.parent):
            folder.chmod(0o755)
    new = not (made.data / "PG_VERSION").exists()
    for folder in (made.data.parent / "fresh" if new else made.data, made.sockets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()  # the sockets' folder may be in /tmp, where anybody can make links
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), uid):
            raise SettingsError(f"{folder} belongs to somebody else; remove it.")
        os.chown(folder, uid, gid)
        folder.chmod(0o700)
    end_stray(made)
    if new:
        _initdb(made)
    _write_rules(made.data / "pg_hba.conf")
    return made


def _write_rules(path: Path) -> None:
    """Who may connect: whoever has the password. Whole or not at all, for a disk may be full."""
    rules = "local all all scram-sha-256\n"
    if path.exists() and path.read_text() == rules:
        return
    there = path.parent.stat()
    fresh = path.with_suffix(".new")
    fresh.write_text(rules)
    os.chown(fresh, there.st_uid, there.st_gid)
    fresh.chmod(0o600)
    fresh.replace(path)


def postmaster(found: Cluster) -> psutil.Process | None:
    """The server that runs on this data, or None. A pid file whose pid now belongs to another
    program doesn't count."""
    try:
        pid = int((found.data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = process.name() == "postgres" and str(found.data) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if ours else None


def end_stray(found: Cluster, *, seconds: float = 10) -> None:
    """Stop a server that an earlier run left on this data, or delete a stale pid file.

    PostgreSQL would refuse to start for as long as another program of the same user has the pid in
    that file. ``seconds``: the wait after each of three signals, the last one SIGKILL.
    """
    process = postmaster(found)
    if process is None:
        (found.data / "postmaster.pid").unlink(missing_ok=True)
        return
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        try:
            process.wait(seconds)
            return
        except psutil.TimeoutExpired:
            continue


def _initdb(made: Cluster) -> None:
    """Make PostgreSQL's data: UTF-8, checksums, scram; whole or not at all.

    The builtin locale sorts by code point on every system; collations of the C library change
    with its version and would silently break indexes.
    """
    fresh = made.data.parent / "fresh"
    for leftover in fresh.iterdir():  # left by an initdb that died
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    with tempfile.NamedTemporaryFile("w", prefix="huying-") as password:
        password.write(made.admin_password)
        password.flush()
        if made.user is not None:
            os.chown(password.name, pwd.getpwnam(made.user).pw_uid, -1)
        options = {
            "pgdata": str(fresh),
            "username": "postgres",
            "auth": "scram-sha-256",
            "pwfile": password.name,
            "encoding": "UTF8",
            "locale": "C",
            "locale-provider": "builtin",
            "builtin-locale": "C.UTF-8",
        }
        named = [f"--{key}={value}" for key, value in options.items()]
        _run([str(made.binaries / "initdb"), *named, "--data-checksums"], made.user)
    fresh.rename(made.data)


def _run(argv: Sequence[str], user: str | None) -> None:
    done = subprocess.run(
        argv,
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"{Path(argv[0]).name} failed: {done.stderr.strip()[-500:]}")


def environment() -> dict[str, str]:
    """The environment of the server and its tools: of ours only PATH, with a fixed locale and
    time zone."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
