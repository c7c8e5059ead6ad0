"""What a tablet signs, and how the signature travels: PROTOCOL.md tells the same in words.

A batch is bound as its unpacked bytes, so that nothing depends on gzip; the device and the key stand in the statement, so that
neither can be given another's signature.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

ALGORITHM = "ecdsa-p256-sha256"
MAX_KEY_TEXT, MAX_SIGNATURE_TEXT = 200, 120
_KEY_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Signed:
    """`signature`: ECDSA-Sig-Value as DER in base64."""

    key_id: str
    signature: str

    @property
    def header(self) -> str:
        return f"{ALGORITHM};{self.key_id};{self.signature}"


def key_id(public_key: str) -> str:
    """SHA-256 of the SubjectPublicKeyInfo, which travels as DER in base64. ValueError where that is none."""
    return hashlib.sha256(base64.b64decode(public_key, validate=True)).hexdigest()


def batch_statement(key: str, device_id: str, body: bytes) -> bytes:
    """`key`: its id; `body`: the batch as JSON, before gzip."""
    return kept_statement(key, device_id, hashlib.sha256(body).hexdigest())


def kept_statement(key: str, device_id: str, sha256: str) -> bytes:
    """The same, of a batch whose digest was kept: its bytes may be gone by then."""
    return _statement("batch", key, device_id, sha256)


def key_statement(key: str, device_id: str, secret: str) -> bytes:
    """Proves that whoever tells a public key holds the private one too. `secret`: the enrolment code in capitals, or later the credential."""
    return _statement("device key", key, device_id, hashlib.sha256(secret.encode("utf-8")).hexdigest())


def read_header(text: str) -> Signed | None:
    """None for anything but exactly what Signed.header would write: no second spelling passes for the same signature."""
    algorithm, _, rest = text.partition(";")
    key, _, signature = rest.partition(";")
    if algorithm == ALGORITHM and _KEY_ID.fullmatch(key) and is_base64(signature, MAX_SIGNATURE_TEXT):
        return Signed(key, signature)
    return None


def is_base64(text: str, longest: int) -> bool:
    """In the one spelling that these bytes have."""
    try:
        return 0 < len(text) <= longest and base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except (binascii.Error, ValueError):
        return False


def _statement(what: str, key: str, device_id: str, digest: str) -> bytes:
    return f"xiangye {what} 1\n{ALGORITHM}\n{key}\n{device_id}\n{digest}\n".encode()
