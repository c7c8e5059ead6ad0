"""A batch as it is posted."""

from collections.abc import Sequence
from datetime import datetime

from shared.canonical import canonical_bytes
from shared.clock import CHINA
from shared.ids import uuid7
from shared.protocol import PROTOCOL


def batch_body(records: Sequence[bytes], now: datetime) -> bytes:
    """The records' own bytes, spliced in as they are: what was signed for is what is sent."""
    head = canonical_bytes({"batch_id": str(uuid7()), "protocol": PROTOCOL})
    sent_at = canonical_bytes(now.astimezone(CHINA).isoformat(timespec="seconds"))
    return head[:-1] + b',"sent_at":' + sent_at + b',"records":[' + b",".join(records) + b"]}"
