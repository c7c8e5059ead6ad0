"""Passwords, as Argon2id. Whoever is unknown costs the same work as whoever errs."""

import functools

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from shared.problems import Problem

SHORTEST, LONGEST = 10, 200
_HASHER = PasswordHasher()


def hashed(password: str, account: str | None = None) -> str:
    """Problem where the password is too short, too long, one character over and over, or the account's name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Problem("invalid", f"密码应为 {SHORTEST}–{LONGEST} 个字符", field="password")
    if len(set(password)) < 4 or (account and account in password.lower() and len(password) <= 2 * len(account)):
        raise Problem("invalid", "密码过于简单", field="password")
    return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def matches(password: str, kept: str | None) -> bool:
    """`kept` None: nobody, which takes as long."""
    try:
        _HASHER.verify(kept or _nobody(), password[: LONGEST + 1].encode("utf-8", "surrogatepass"))
    except VerifyMismatchError:
        return False
    return kept is not None


def is_dated(kept: str) -> bool:
    """Whether it was hashed with other costs than today's."""
    return _HASHER.check_needs_rehash(kept)


@functools.cache
def _nobody() -> str:
    return _HASHER.hash("nobody has this password")
