"""The server's key for packs: ECDSA P-256 with SHA-256, which the Android keystore and java.security verify without a native library."""

import base64
import contextlib
import os
import stat
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from server.settings import Settings


class PackKey:
    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private

    def sign(self, statement: bytes) -> str:
        """DER in base64. Deterministic (RFC 6979), so that the same pack has the same bytes."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        return base64.b64encode(self._private.sign(statement, algorithm)).decode()

    def public(self) -> str:
        """SubjectPublicKeyInfo as DER in base64: what a tablet is given when it enrols."""
        spki = self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode()


def pack_key(settings: Settings) -> PackKey:
    """Made once, readable by its owner only. ValueError says what is wrong with it."""
    path = settings.pack_key or settings.store_dir / "keys" / "pack_signing.pem"
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path}：名录包签名私钥能被他人读取，请先 chmod 600 (the pack key is readable by others)")
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}：不是可用的名录包签名私钥 (no usable pack key)") from error
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise ValueError(f"{path}：名录包签名私钥应为 P-256 (the pack key is not of P-256)")
    return PackKey(private)


def _make(path: Path) -> None:
    """Whole or not at all; of two processes that begin at once the first one's key stays."""
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, part = tempfile.mkstemp(dir=path.parent)  # 0600 by nature
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        os.unlink(part)
