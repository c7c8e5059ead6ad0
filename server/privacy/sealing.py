"""The key under which contacts lie: AES-256-GCM, in a file of its own that no database and no dump of one holds."""

import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.settings import Settings
from shared.canonical import canonical_bytes, parse
from shared.problems import Problem

_KEY_BYTES, _NONCE_BYTES = 32, 12


@dataclass(frozen=True)
class Sealed:
    key_id: str
    nonce: bytes
    sealed: bytes


class ContactKey:
    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.id = hashlib.sha256(b"xiangye contact key" + key).hexdigest()[:16]

    def seal(self, contact_id: UUID, words: dict[str, str]) -> Sealed:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return Sealed(self.id, nonce, self._cipher.encrypt(nonce, canonical_bytes(words), _bound_to(contact_id)))

    def open(self, contact_id: UUID, sealed: Sealed) -> dict[str, str]:
        """Problem `contact_unreadable` under another key, or where the sealed words were changed or belong to another contact."""
        try:
            words = self._cipher.decrypt(sealed.nonce, sealed.sealed, _bound_to(contact_id))
        except InvalidTag as error:
            raise Problem("contact_unreadable") from error
        opened: dict[str, str] = parse(words)
        return opened


def _bound_to(contact_id: UUID) -> bytes:
    return b"xiangye contact " + contact_id.bytes


def contact_key(settings: Settings) -> ContactKey:
    """Made once, readable by its owner only. ValueError says what is wrong with it."""
    path = settings.contact_key or settings.store_dir / "keys" / "contacts.key"
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ValueError(f"{path}：联系方式密钥能被他人读取，请先 chmod 600 (the contact key is readable by others)")
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path}：不是可用的联系方式密钥，应为 {_KEY_BYTES} 字节 (no usable contact key)")
    return ContactKey(key)


def _make(path: Path) -> None:
    """Of two processes that begin at once the first one's key stays; a half-written file never bears the name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
