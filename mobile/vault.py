"""Seals what tells where a guarded species is, once, when it is confirmed: from then on this tablet cannot read it either.

The rules of the pack say which species are guarded. Without the province's key a record is saved as before, and the user is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mobile.device.ports import DeviceFailure, Sealing
from mobile.store.media import MediaStore
from mobile.store.store import Store
from shared.canonical import canonical_bytes
from shared.wire.sealed import Sealed, header_of, key_id_of
from shared.wire.sealed_photo import SEALED_TYPE, associated_of, photo_bytes

PHOTO_NAME = "密封照片"
"""The photo's own name may tell what it shows."""


@dataclass(frozen=True)
class Told:
    """What is about to be saved, as far as the vault asks."""

    record_id: str
    kind: str
    body: Mapping[str, Any]


class Vault:
    def __init__(self, store: Store, sealing: Sealing) -> None:
        self._store = store
        self._sealing = sealing

    def guarded(self, parts: Iterable[Told]) -> frozenset[str]:
        """Ids of those that tell where a guarded species was met: its occurrence, the photos of it, the event it was found at, and
        the track of a walk on which something was sealed. A new version of a sealed record is sealed whatever it names."""
        told = [part for part in parts if part.kind != "tombstone"]
        found = {part.record_id for part in told if self._is_guarded(part) or self._was_sealed(part.record_id)}
        events = {part.body.get("event_id") for part in told if part.kind == "occurrence" and part.record_id in found}
        found |= {part.record_id for part in told if part.kind == "event" and part.record_id in events}
        for walk in (part for part in told if part.kind == "patrol"):
            if self._store.outbox.sealed_since(walk.body["observed_from"]):
                found |= {part.record_id for part in told if part.body.get("patrol_id") == walk.record_id}
        return frozenset(found | {part.record_id for part in told if found & set(part.body.get("subject_ids") or ())})

    def can_seal(self) -> bool:
        """Whether the province told its key, and this device can seal to it."""
        try:
            return bool(self._key()) and bool(self._sealing.seal(self._key(), b"", b""))
        except (DeviceFailure, ValueError):
            return False

    def seal(self, record: Mapping[str, Any], canonical: bytes) -> Sealed:
        header = header_of(record, key_id_of(self._key()))
        told = canonical_bytes(header)
        return Sealed(header, told, self._sealing.seal(self._key(), told, canonical))

    def seal_photo(self, sha256: str, now: datetime) -> str:
        """Keeps a sealed copy of a photo, and returns its SHA-256; the plain one is still there."""
        media: MediaStore = self._store.media
        associated = associated_of(key_id_of(self._key()))
        sealed = self._sealing.seal(self._key(), associated, media.path(sha256).read_bytes())
        return media.keep(photo_bytes(associated, sealed), PHOTO_NAME, SEALED_TYPE, now)

    def _key(self) -> str:
        return self._store.identity.setting("seal_key") or ""

    def _is_guarded(self, part: Told) -> bool:
        if part.kind != "occurrence" or part.body.get("occurrence_status") == "absent":
            return False
        taxon, index = part.body["taxon"], self._store.packs.species()
        known = [index.by_id(taxon["taxon_id"])] if taxon.get("taxon_id") else []
        known += [
            index.exact(taxon[name]) for name in ("scientific_name", "name_zh", "verbatim_name") if taxon.get(name)
        ]
        return any(species is not None and species.sensitivity is not None for species in known)

    def _was_sealed(self, record_id: str) -> bool:
        newest = self._store.outbox.newest_version(record_id)
        return newest is not None and newest.is_sealed
