"""UUIDv7 (RFC 9562): made on the tablet, so that a record has its name before it has a network."""

import hashlib
import secrets
import threading
import time
import uuid

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def uuid7() -> uuid.UUID:
    """A time-ordered id; ids of one process never go backwards, even when its clock does."""
    global _last_ms, _counter
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, secrets.randbits(11)
        else:
            _counter += 1
            if _counter >= 1 << 12:
                _last_ms, _counter = _last_ms + 1, 0
        return _assemble(_last_ms, _counter, secrets.randbits(62))


def uuid7_from(seed: str, unix_ms: int) -> uuid.UUID:
    """The same seed and time give the same id: for imports and generated data, which must be repeatable."""
    tail = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:10], "big")
    return _assemble(unix_ms, (tail >> 62) & 0xFFF, tail & ((1 << 62) - 1))


def _assemble(unix_ms: int, twelve: int, sixty_two: int) -> uuid.UUID:
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | twelve << 64 | 0b10 << 62 | sixty_two
    return uuid.UUID(int=value)


def is_uuid(text: object) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
