"""The tablet's signing key on a computer: a file beside the keystore's, never in the database nor in a copy of it."""

import base64
import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mobile.device.ports import DeviceFailure

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey


class FileKey:
    """The library is loaded when the key is first asked for, as for LibrarySignatures."""

    def __init__(self, path: Path, make: bool = True) -> None:
        """`make`: else a key that is not there, or is damaged, is left as it is, and nothing can be signed."""
        self._path = path
        self._make = make
        self._known: EllipticCurvePrivateKey | None = None

    def public_key(self) -> str:
        key = self._key()
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode("ascii")

    def sign(self, statement: bytes) -> str:
        key = self._key()
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return base64.b64encode(key.sign(statement, ec.ECDSA(hashes.SHA256()))).decode("ascii")

    def _key(self) -> "EllipticCurvePrivateKey":
        if self._known is None:
            try:
                self._known = self._read_or_make()
            except ImportError as error:
                raise DeviceFailure("这台电脑没有 cryptography，无法签名：请安装后再同步") from error
            except OSError as error:
                raise DeviceFailure(f"无法读写平板的签名密钥 {self._path}：{error.strerror}") from error
        return self._known

    def _read_or_make(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if not self._path.exists():
            if not self._make:
                raise DeviceFailure(f"没有平板的签名密钥 {self._path}")
            _make(self._path)
        with contextlib.suppress(ValueError, TypeError):
            found = load_pem_private_key(self._path.read_bytes(), password=None)
            if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
                return found
        if not self._make:
            raise DeviceFailure(f"平板的签名密钥 {self._path} 已损坏")
        # Nobody can sign with it again: kept aside, and the server, which knows the old one, asks for a new enrolment.
        self._path.replace(self._path.with_suffix(".damaged.pem"))
        return self._read_or_make()


def _make(path: Path) -> None:
    """Whole or not at all; of two processes that begin at once the first one's key stays."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="device_key.") as part:  # 0600 by nature
        part.write(pem)
        part.flush()
        os.fsync(part.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part.name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
