"""Secrets without meaning: random, told once, kept as a hash."""

import hashlib
import secrets

DEVICE, TOKEN, SESSION, RELAY = "xyd_", "xyt_", "xys_", "xyr_"


def fresh(prefix: str) -> str:
    """The prefix lets whoever finds one tell what it is, and a scanner of leaked texts find it."""
    return prefix + secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """Long and random as they are, a fast hash gives nothing away."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
