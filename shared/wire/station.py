"""What a tablet signs for a station, beside its batches, which it signs as for the province: who wants to leave a photo, who asks.

A tablet never gives a station its credential: that is the province's, and a station's network is not encrypted.
"""

import hashlib

from shared.wire.signature import ALGORITHM


def photo_statement(key: str, device_id: str, sha256: str, byte_count: int) -> bytes:
    return f"xiangye station photo 1\n{ALGORITHM}\n{key}\n{device_id}\n{sha256}\n{byte_count}\n".encode()


def visit_statement(key: str, device_id: str, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return f"xiangye station visit 1\n{ALGORITHM}\n{key}\n{device_id}\n{digest}\n".encode()
