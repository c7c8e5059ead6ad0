"""Signatures as a computer checks them; an Android tablet has java.security for the same."""

import base64

from mobile.device.ports import DeviceFailure


class LibrarySignatures:
    """The library is loaded when a signature is first asked for: a tablet, which has none, never gets here."""

    def holds(self, public_key: str, statement: bytes, signature: str) -> bool:
        try:
            from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.asymmetric import ec
            from cryptography.hazmat.primitives.serialization import load_der_public_key
        except ImportError as error:
            raise DeviceFailure("这台电脑没有 cryptography，无法验证签名：请安装后再同步") from error
        try:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
            given = base64.b64decode(signature, validate=True)
            if not isinstance(key, ec.EllipticCurvePublicKey):
                return False
            key.verify(given, statement, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True
