"""Every write to a service request: open, advance, correct, hold, merge, split.

Each function works inside the caller's transaction. A move of the life cycle, its event and
the job that it starts are written together, so a crash can't leave a request without its
next step.
"""

from intake.service_requests.alarms import (
    acknowledge,
    call_if_unheard,
    declare_emergency,
    raise_alarm,
)
from intake.service_requests.areas import area_of
from intake.service_requests.backends import AT_A_BACKEND, send_again, tell_backend
from intake.service_requests.contact_points import contact_point, point_of, recording_of
from intake.service_requests.corrections import correct, merge, split
from intake.service_requests.events import Author, lock
from intake.service_requests.opening import GIVEN, Opened, Opening, hash_key, open_request
from intake.service_requests.operator_tasks import CALL_BACK, ask_operators, called, note, remark
from intake.service_requests.resident_input import (
    RATED,
    answer_read_back,
    hear_whole,
    rate,
    say_not_fixed,
)
from intake.service_requests.transitions import advance, hold, reopen, review

__all__ = [
    "AT_A_BACKEND",
    "CALL_BACK",
    "GIVEN",
    "RATED",
    "Author",
    "Opened",
    "Opening",
    "acknowledge",
    "advance",
    "answer_read_back",
    "area_of",
    "ask_operators",
    "call_if_unheard",
    "called",
    "contact_point",
    "correct",
    "declare_emergency",
    "hash_key",
    "hear_whole",
    "hold",
    "lock",
    "merge",
    "note",
    "open_request",
    "point_of",
    "raise_alarm",
    "rate",
    "recording_of",
    "remark",
    "reopen",
    "review",
    "say_not_fixed",
    "send_again",
    "split",
    "tell_backend",
]
