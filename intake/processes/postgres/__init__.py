"""The embedded PostgreSQL: real binaries from a wheel, run safely.

The wheel's own starter trusts every local user and opens the folders above its data; so only
its binaries are used. The server has no TCP port: it listens on a socket in a 0700 folder and
asks for a password (scram) all the same. Our processes connect as the role `ROLE`, which owns its
databases and has no other rights; the server's superuser has another password.

PostgreSQL refuses to run as root. Where Huying runs as root, PostgreSQL runs as the system user
`USER`, and its files are under `ROOT_BASE` instead of the data folder. Their folder is named after
a secret in the data folder, not after its path: a data folder that is moved keeps its database,
and a new one at the same path gets none of the old one's.
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
