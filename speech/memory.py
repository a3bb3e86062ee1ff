"""Did something fail for lack of memory? Libraries say so in many ways."""

from __future__ import annotations

import errno
import re

# std::bad_alloc, "mkl_malloc: failed to allocate memory", "DefaultCPUAllocator: can't allocate",
# the dynamic loader's "failed to map segment from shared object" and "cannot allocate memory in
# static TLS block".
_SAID = re.compile(
    r"bad_alloc|(failed to|unable to|cannot|can't) allocate|alloc\w*:? fail|malloc"
    r"|out of memory|not enough memory|failed to map segment|memory allocation",
    re.IGNORECASE,
)


def is_lacking(error: BaseException) -> bool:
    """Is lack of memory the cause of this error, or of one that it was raised from?"""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if isinstance(one, MemoryError):
            return True
        if isinstance(one, OSError) and one.errno == errno.ENOMEM:
            return True
        if isinstance(one, (RuntimeError, ImportError)) and _SAID.search(str(one)):
            return True
        one = one.__cause__ or one.__context__
    return False
