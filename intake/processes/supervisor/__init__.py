"""``huying up``: starts every process in order, restarts those that die, ends them all.

Each process gets a session of its own, and on Linux the kernel ends it when the supervisor dies.
Processes that survive a ``kill -9`` of the supervisor are found by pid and start time at the next
start and ended first. The state is written to ``<home>/run/processes.json``, from which
``/healthz`` tells which process is down.
"""

from intake.processes.supervisor.children import die_with_parent
from intake.processes.supervisor.disk_room import FULL, lacking, wait_for_room
from intake.processes.supervisor.log import Log
from intake.processes.supervisor.startup import check_port, end_leftovers, only_one
from intake.processes.supervisor.state import MARK, Process, ProcessState, read_state, state_file
from intake.processes.supervisor.supervise import Supervisor

__all__ = [
    "FULL",
    "MARK",
    "Log",
    "Process",
    "ProcessState",
    "Supervisor",
    "check_port",
    "die_with_parent",
    "end_leftovers",
    "lacking",
    "only_one",
    "read_state",
    "state_file",
    "wait_for_room",
]
