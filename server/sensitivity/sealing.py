"""The province's keys for sealed records: in one file outside the database, the newest first, readable by its owner only.

An older key stays in the file for as long as anything sealed to it may come; a database and its backups open nothing.
"""

import base64
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from server.settings import Settings
from shared.wire.sealed import INFO, KEY_BYTES, NONCE_BYTES, POINT_BYTES, TAG_BYTES, SealBroken, key_id_of

_BLOCK = re.compile(
    r"xiangye-seal-key (\d{1,12}) (\d{4}-\d{2}-\d{2})\s+(-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----)",
    re.DOTALL,
)


class SealKeyUnknown(Exception):
    """Sealed to a key that is not in the file (now)."""


@dataclass(frozen=True)
class SealKey:
    """Of two keys the one with the higher `number` is the newer: the second it was made in, so that even a province that lost
    its file goes on upwards."""

    number: int
    made_on: date
    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> str:
        """SubjectPublicKeyInfo as DER in base64: what a tablet is told."""
        spki = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode()

    @property
    def key_id(self) -> str:
        return key_id_of(self.public)

    def open(self, header: bytes, sealed: bytes) -> bytes:
        """SealBroken where header or sealed bytes are not as they were sealed."""
        if len(sealed) < POINT_BYTES + TAG_BYTES:
            raise SealBroken("shorter than anything sealed can be")
        point = sealed[:POINT_BYTES]
        try:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            whose = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            kdf = HKDF(hashes.SHA256(), KEY_BYTES + NONCE_BYTES, salt=point + whose, info=INFO)
            made = kdf.derive(self.private.exchange(ec.ECDH(), theirs))
            return AESGCM(made[:KEY_BYTES]).decrypt(made[KEY_BYTES:], sealed[POINT_BYTES:], header)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("not the bytes that were sealed, or not under this header") from error


@dataclass(frozen=True)
class SealKeys:
    """Newest first; tablets seal to the newest."""

    keys: tuple[SealKey, ...]

    @property
    def newest(self) -> SealKey | None:
        return self.keys[0] if self.keys else None

    def open(self, key_id: str, header: bytes, sealed: bytes) -> bytes:
        for key in self.keys:
            if key.key_id == key_id:
                return key.open(header, sealed)
        raise SealKeyUnknown(key_id)


def seal_keys(settings: Settings) -> SealKeys:
    """None were made: no keys. ValueError says what is wrong with the file."""
    return read_keys(settings.seal_key_file)


def read_keys(path: Path) -> SealKeys:
    if not path.exists():
        return SealKeys(())
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path}：密封私钥能被他人读取，请先 chmod 600 (the seal keys are readable by others)")
    try:
        keys = tuple(_keys_in(path.read_text("ascii")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}：不是可用的密封私钥文件 (no usable seal keys)") from error
    if not keys:
        raise ValueError(f"{path}：文件中没有密封私钥 (no seal key in the file)")
    return SealKeys(tuple(sorted(keys, key=lambda key: -key.number)))


def _keys_in(text: str) -> Iterator[SealKey]:
    for number, made_on, pem in _BLOCK.findall(text):
        private = load_pem_private_key(pem.encode(), password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise ValueError("not of P-256")
        yield SealKey(int(number), date.fromisoformat(made_on), private)


def add_key(settings: Settings, now: datetime, first: bool) -> SealKey:
    """A new key before those that are there; `first`: only where there is none. ValueError where that does not hold."""
    path = settings.seal_key_file
    present = read_keys(path).keys
    if first and present:
        raise ValueError(f"{path}：密封密钥已存在；如要更换请用 xiangye seal-key rotate (there is a seal key already)")
    if not first and not present:
        raise ValueError(f"{path}：还没有密封密钥；请先用 xiangye seal-key make (there is no seal key yet)")
    number = max(int(now.timestamp()), *(key.number + 1 for key in present), 0)
    new = SealKey(number, now.date(), ec.generate_private_key(ec.SECP256R1()))
    write_keys(path, (new, *present), first)
    return new


def write_keys(path: Path, keys: tuple[SealKey, ...], first: bool) -> None:
    """Whole or not at all; of two who make the first key at once one is refused."""
    words = "".join(f"xiangye-seal-key {key.number} {key.made_on}\n{_pem(key)}" for key in keys)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent) as part:  # 0600 by nature
        part.write(words)
        part.flush()
        os.fsync(part.fileno())
        if first:
            os.link(part.name, path)  # fails where somebody was quicker
            return
        turned = path.with_name(path.name + ".new")
        turned.unlink(missing_ok=True)
        os.link(part.name, turned)
        turned.replace(path)


def _pem(key: SealKey) -> str:
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
