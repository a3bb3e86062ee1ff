"""The embedded PostgreSQL: real binaries from a wheel, run safely.

The wheel's own starter trusts every local user and opens the folders above its data; so only
its binaries are used. The server has no TCP port: it listens on a socket in a 0700 folder and
asks for a password (scram) all the same. We work as the role `ROLE`, which owns its databases and
rules nothing else; the server's own superuser has another password.

PostgreSQL refuses to run as root; as root it runs as the system user `USER`, and its files lie
under `ROOT_BASE`, never under somebody's home. Their folder is named after the home's secret, not
its path: a home that is moved keeps its data, and one made anew gets none of an old one's.
"""

from intake.processes.postgres.cluster_setup import environment, prepare
from intake.processes.postgres.databases import answers, ensure_databases
from intake.processes.postgres.installation import USER
from intake.processes.postgres.layout import ADMIN_SECRET, RASA, ROLE, Cluster, cluster
from intake.processes.postgres.server import dsn, running

__all__ = [
    "ADMIN_SECRET",
    "RASA",
    "ROLE",
    "USER",
    "Cluster",
    "answers",
    "cluster",
    "dsn",
    "ensure_databases",
    "environment",
    "prepare",
    "running",
]
