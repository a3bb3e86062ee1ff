"""``huying up``: starts every process in order, watches them, ends them all.

Each process gets a session of its own and is asked to die with us; what survives a ``kill -9``
all the same is found by pid and start time at the next start and ended first. The state lies in
``<home>/run/processes.json``, so that ``/healthz`` can tell which part is down.
"""

from intake.processes.supervisor.children import die_with_parent
from intake.processes.supervisor.log import Log
from intake.processes.supervisor.startup import check_port, end_leftovers, only_one
from intake.processes.supervisor.state import MARK, Process, ProcessState, read_state, state_file
from intake.processes.supervisor.supervise import Supervisor

__all__ = [
    "MARK",
    "Log",
    "Process",
    "ProcessState",
    "Supervisor",
    "check_port",
    "die_with_parent",
    "end_leftovers",
    "only_one",
    "read_state",
    "state_file",
]
