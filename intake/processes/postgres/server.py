"""Access to the embedded server: to the one that runs, or to one for the length of a block."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator

from intake.errors import Unavailable
from intake.processes import supervisor
from intake.processes.postgres.cluster_setup import environment, postmaster, prepare
from intake.processes.postgres.databases import answers, ensure_databases
from intake.processes.postgres.layout import ADMIN_SECRET, cluster
from intake.settings import Settings


def dsn(settings: Settings) -> str | None:
    """The URL of our database in this installation's embedded server.

    None while the server does not run, unless `huying up` watches it and will restart it.
    """
    if not (settings.secrets_dir / ADMIN_SECRET).exists():
        return None
    found = cluster(settings)
    watched = any(state.name == "postgres" for state in supervisor.read_state(settings.home))
    return found.url() if watched or postmaster(found) is not None else None


@contextlib.contextmanager
def running(settings: Settings, *, seconds: float = 60, keep: bool = True) -> Iterator[str]:
    """The embedded server for the length of a block; yields the URL. For tests and tools.

    A server that runs already is used and left running; one that is started here ends with the
    block, or with our process. ``keep`` False deletes its data afterwards. Raises `Unavailable`
    when it does not answer after ``seconds``.
    """
    made = cluster(settings)
    if postmaster(made) is not None and answers(made):
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
    """End the server by a fast shutdown; failing that by an immediate one, then by SIGKILL (after
    both PostgreSQL recovers from its journal at the next start)."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return
