"""Sealed photos: the file that came is kept as it came, and the photo inside like any that came in clear."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit.service import log
from server.media import service
from server.media.model import MediaFile
from server.media.store import Store
from server.sensitivity import service as sensitivity
from shared.clock import Clock
from shared.wire.sealed import SealBroken, Sealed
from shared.wire.sealed_photo import is_sealed_photo, read_sealed_photo

_log = logging.getLogger("xiangye.media")


@dataclass(frozen=True)
class Desk:
    session: Session
    clock: Clock
    store: Store

    def take_in(self, by: str, sha256: str, data: bytes) -> list[str]:
        """Digests of what was taken in: of the file, and of the photo that was sealed in it."""
        return [*self._keep(by, sha256, data), *self._inside(by, sha256, data)]

    def open_waiting(self, by: str) -> int:
        """Those whose key was not here when they came. How many could be opened now."""
        waiting = select(MediaFile.sha256).where(MediaFile.problem == service.SEALED).order_by(MediaFile.sha256)
        opened = [self._inside(by, one, self.store.original(one)) for one in self.session.scalars(waiting).all()]
        return sum(map(bool, opened))

    def _keep(self, by: str, sha256: str, data: bytes) -> Iterator[str]:
        service.take_in_data(self.session, self.clock, self.store, sha256, data)
        log(self.session, self.clock, by, "photo", sha256, {"byte_count": len(data)})
        yield sha256

    def _inside(self, by: str, sha256: str, data: bytes) -> list[str]:
        """Empty where there is nothing, or nothing that can be opened (yet): the sealed file tells its own story."""
        if not is_sealed_photo(data):
            return []
        file = self.session.get_one(MediaFile, sha256)
        try:
            plain = inside(self.session, data)
        except SealBroken:
            _log.warning("a sealed photo is broken: %s", sha256)
            file.problem = service.SEAL_BROKEN
            return []
        if plain is None:
            return []
        file.problem = service.UNSEALED
        return list(self._keep(by, hashlib.sha256(plain).hexdigest(), plain))


def inside(session: Session, data: bytes) -> bytes | None:
    """The photo that is sealed in this file; None where the key is not here. SealBroken where it is not what was sealed."""
    sealed = read_sealed_photo(data)
    return sensitivity.open_sealed(session, Sealed({"key_id": sealed.key_id}, sealed.associated, sealed.data))
