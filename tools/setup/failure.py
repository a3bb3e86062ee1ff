"""What a person reads when a step of the setup failed: what it was, and what to do."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

NEEDED_GIGABYTES = 3
_DISK = re.compile(r"no space left on device|ENOSPC|disk quota exceeded|\bos error 28\b", re.I)
_NETWORK = re.compile(
    r"dns error|tcp connect error|error sending request|failed to fetch|could not connect"
    r"|connection (refused|reset|timed out)|name resolution|network is unreachable"
    r"|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|operation timed out"
    r"|could not find a version that satisfies|can't be reached",
    re.I,
)
_MEMORY = re.compile(r"cannot allocate memory|MemoryError|ENOMEM|heap out of memory", re.I)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class SetupError(Exception):
    """A step that did not come to its end; the message is one sentence for the person."""


def plain(text: str) -> str:
    """A program's output without colours and without what a carriage return wrote over."""
    lines = _COLOUR.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in lines)


def sentence(step: str, output: str, code: int, log: Path) -> str:
    """Why a step failed, judged by what its program wrote. ``code``: the exit code."""
    if _DISK.search(output):
        return disk_full(log.parent)
    if _NETWORK.search(output):
        return (
            f"{step}: nothing can be fetched, the network or the package index does not answer."
            " Connect this machine, or name a mirror (UV_DEFAULT_INDEX for Python, `npm config set"
            " registry` for the pages), and run it again."
        )
    if _MEMORY.search(output) or code == -9:
        return f"{step}: the memory did not suffice. End other programs, and run it again."
    lines = [line.strip() for line in plain(output).splitlines() if line.strip()]
    last = lines[-1] if lines else f"it ended with code {code}"
    return f"{step}: {last}  (all of it: {log})"


def disk_full(folder: Path) -> str:
    """The disk is full: how much there is, and how much is needed."""
    free = shutil.disk_usage(folder).free / 1e6
    return (
        f"The disk is full: {free:.0f} MB are free in {folder.resolve()}, and the setup needs about"
        f" {NEEDED_GIGABYTES} GB. Free some, and run it again: it goes on where it ended."
    )


def is_disk_full(error: OSError) -> bool:
    """Is that why a file can't be written?"""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
