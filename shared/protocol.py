"""Sync protocol 1: numbers and words that both sides must agree on."""

PROTOCOL = 1
PROTOCOL_HEADER = "Xiangye-Protocol"
CUSTODY_HEADER = "Xiangye-Custody"
SIGNATURE_HEADER = "Xiangye-Signature"
RELAYED_HEADER = "Xiangye-Relayed-Device"
"""To the province, from a station: whose batch or photo it passes on."""
DEVICE_HEADER = "Xiangye-Device"
"""To a station, from a tablet: who signed. The credential is for the province alone."""
MAX_RECORDS_PER_BATCH = 100
MAX_BODY_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 20
UPLOAD_CHUNK_BYTES = 256 * 1024
TUS_VERSION = "1.0.0"
MAX_PHOTO_BYTES = 64 * 1024 * 1024
MAX_REVIEW_BYTES = 1024 * 1024
"""Of the small copy that goes ahead of a photo."""
MAX_FORKS = 20
"""Of one device: a tablet that is copied more often than that is looked at by a person."""

ACCEPTED = "accepted"
ALREADY_HAVE = "already_have"
CONFLICT = "conflict"
QUARANTINED = "quarantined"
PROTOCOL_UNKNOWN = "protocol_unknown"
"""Reason of a quarantine: what a newer protocol says is kept as it came until the server is a release that knows it."""
OUTCOMES = (ACCEPTED, ALREADY_HAVE, CONFLICT, QUARANTINED)
FREES_THE_TABLET = frozenset({ACCEPTED, ALREADY_HAVE, CONFLICT})
"""Outcomes that, from the province, start the tablet's 30 days."""


def is_number(value: object) -> bool:
    """Whether it can be the number of a protocol."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_newer(value: object) -> bool:
    return is_number(value) and value > PROTOCOL  # type: ignore[operator]


def newer_words(number: int) -> str:
    return f"protocol {number}: this program reads {PROTOCOL} and older ones"


def depth_of(value: object, limit: int = MAX_DEPTH) -> int:
    """Nesting of a JSON value; stops counting just past the limit, so that a hostile body costs little."""
    depth, level = 0, [value]
    while level and depth <= limit:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
