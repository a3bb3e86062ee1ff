"""Operators' passwords: hashing, the check for easy ones, and generated starting passwords."""

from __future__ import annotations

import asyncio
import functools
import itertools
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from intake.errors import BadField

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 200
LEAST_DIFFERENT = 5
# A person reads these off a screen and types them: no 0/O, 1/l/I, and no vowels that make words.
STARTING_LETTERS = "23456789bcdfghjkmnpqrstvwxz"
EASY = frozenset(
    """
    password passw0rd huying huyinghuying qwertyuiop qwertyuiopasdfghjkl asdfghjkl zxcvbnm
    letmein welcome administrator operator supervisor iloveyou woaini woaini1314 5201314 mima
    mimamima admin changeme default secret 1qaz2wsx3edc 1q2w3e4r5t q1w2e3r4t5 abc123
    """.split()  # noqa: SIM905
)
_hasher = PasswordHasher()  # argon2id with the library's defaults (RFC 9106, low memory: 64 MiB)
# Two at once: anybody can cause a hash, and each takes 64 MiB and four threads.
_threads = ThreadPoolExecutor(2, thread_name_prefix="argon2")


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt; takes tens of milliseconds on purpose."""
    return _hasher.hash(_normal(password))


def is_password(kept: str | None, password: str) -> bool:
    """Does the password fit the hash ``kept``? Takes equally long where ``kept`` is None."""
    nobody = _nobody()
    try:
        return _hasher.verify(kept or nobody, _normal(password)) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


async def hash_beside(password: str) -> str:
    """`hash_password`, run in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads, hash_password, password)


async def is_password_beside(kept: str | None, password: str) -> bool:
    """`is_password`, run in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads, is_password, kept, password)


def is_outdated(kept: str) -> bool:
    """Was this hash made with other parameters than today's?"""
    return _hasher.check_needs_rehash(kept)


def check_password(password: str, name: str) -> None:
    """Raise `BadField` if a password is too short, too long or too easy to guess."""
    plain = _normal(password)
    if len(plain) < LEAST_CHARACTERS:
        raise BadField(
            f"A password has at least {LEAST_CHARACTERS} characters; three words are easy to"
            " remember.",
            code="password_short",
            field="password",
            limit=LEAST_CHARACTERS,
        )
    if len(plain) > MOST_CHARACTERS:
        raise BadField(
            f"A password has at most {MOST_CHARACTERS} characters.",
            code="password_long",
            field="password",
            limit=MOST_CHARACTERS,
        )
    bare = plain.casefold()
    without_name = bare.replace(_normal(name).casefold(), "")
    core = without_name.strip("0123456789!@#$%.*-_ ")
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(plain)}
    if (
        len(set(bare)) < LEAST_DIFFERENT
        or len(without_name) < LEAST_CHARACTERS // 2
        or not core  # digits alone: a birthday, a phone number
        or core in EASY
        or without_name in EASY
        or steps in ({1}, {-1})
    ):
        raise BadField(
            "This password is among the first that are guessed; take another.",
            code="password_easy",
            field="password",
        )


def starting_password() -> str:
    """A random password to be read aloud or typed once: 57 bits, such as ``b7fk-2wxn-9qdc``."""
    letters = "".join(secrets.choice(STARTING_LETTERS) for _ in range(12))
    return "-".join(letters[n : n + 4] for n in (0, 4, 8))


@functools.cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))


def _normal(text: str) -> str:
    # Input methods differ in the code points for the same keys: full-width digits, e + accent.
    return unicodedata.normalize("NFKC", text)
