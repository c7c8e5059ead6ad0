"""Sealing as a computer does it; an Android tablet has java.security and javax.crypto for the same."""

import base64

from mobile.device.ports import DeviceFailure
from shared.wire.sealed import INFO, KEY_BYTES, NONCE_BYTES


class LibrarySealing:
    """The library is loaded when something is first sealed: a tablet, which has none, never gets here."""

    def seal(self, public_key: str, header: bytes, plain: bytes) -> bytes:
        try:
            from cryptography.hazmat.primitives.asymmetric import ec
        except ImportError as error:
            raise DeviceFailure("这台电脑没有 cryptography，无法密封敏感记录：请安装后再保存") from error
        return seal_with(
            ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value, public_key, header, plain
        )


def seal_with(secret: int, public_key: str, header: bytes, plain: bytes) -> bytes:
    """With this ephemeral secret, which must never be used twice: a test vector gives one."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

    theirs = load_der_public_key(base64.b64decode(public_key, validate=True))
    if not isinstance(theirs, ec.EllipticCurvePublicKey) or not isinstance(theirs.curve, ec.SECP256R1):
        raise DeviceFailure("密封公钥不是 P-256，无法密封敏感记录")
    ours = ec.derive_private_key(secret, ec.SECP256R1())
    point, whose = (
        key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint) for key in (ours.public_key(), theirs)
    )
    kdf = HKDF(hashes.SHA256(), KEY_BYTES + NONCE_BYTES, salt=point + whose, info=INFO)
    made = kdf.derive(ours.exchange(ec.ECDH(), theirs))
    return point + AESGCM(made[:KEY_BYTES]).encrypt(made[KEY_BYTES:], plain, header)
