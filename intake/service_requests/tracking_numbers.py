"""Tracking numbers that can be said aloud: ``3-0472-6``.

The running number, its last four digits set apart, then a Damm check digit (H. M. Damm,
"Totally anti-symmetric quasigroups", 2004), which catches every single wrong digit and every
swap of two neighbours. The number is no secret: see `ServiceRequest.status_key` for that.
"""

from __future__ import annotations

import re
import unicodedata

from stdnum import damm


def tracking_number(running: int) -> str:
    """Format a running number (≥ 0): 30472 → ``3-0472-6``-like, check digit last."""
    digits = f"{running:05d}"
    return f"{digits[:-4]}-{digits[-4:]}-{damm.calc_check_digit(digits)}"


def read_tracking_number(text: str) -> str | None:
    """Find the canonical form of a number as typed or said in digits; None if it can't be one.

    Full-width digits, spaces and any dashes are accepted.
    """
    digits = re.sub(r"[\s\-–—－_.]", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[0-9]{6,18}", digits) or not damm.is_valid(digits):
        return None
    return f"{digits[:-5]}-{digits[-5:-1]}-{digits[-1]}"
