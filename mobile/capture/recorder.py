"""From a filled form to canonical bytes in the outbox: one act of the user, one transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from mobile.capture.notices import Notices
from mobile.capture.problems import FieldProblem, NoSurvey, NotEnrolled, StorageFull
from mobile.device.ports import Fix, Storage, TabletClock
from mobile.photos.kept import KeptPhoto
from mobile.store.identity import Identity
from mobile.store.store import Store
from mobile.vault import Told, Vault
from shared import __version__
from shared.canonical import NotCanonical, canonical_bytes, digest
from shared.clock import CHINA
from shared.failpoints import fail
from shared.ids import uuid7
from shared.protocol import PROTOCOL
from shared.vocabulary import VERSION
from shared.wire.envelope import InvalidRecord, load_record, vocabulary_of

PROFILE = "hunan-county/1"
RECORD_RESERVE_BYTES = 50_000_000


@dataclass(frozen=True)
class Part:
    """One record before it has author, sequence number and digest; `merged_digests`: heads that it settles beside its base."""

    kind: str
    form: str
    body: dict[str, Any]
    record_id: str = field(default_factory=lambda: str(uuid7()))
    base_digest: str | None = None
    merged_digests: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saved:
    record_id: str
    digest: str
    kind: str
    guarded: bool = False
    sealed: bool = False


class Recorder:
    def __init__(self, store: Store, clock: TabletClock, storage: Storage, vault: Vault) -> None:
        self.store = store
        self._vault = vault
        self._clock = clock
        self._storage = storage
        self._last_gnss: datetime | None = None
        self.notices = Notices(store, self.stamp)

    def now(self) -> datetime:
        return self._clock.now().astimezone(CHINA)

    def stamp(self) -> str:
        return self.now().isoformat(timespec="seconds")

    def heard_gnss(self, fixes: Sequence[Fix]) -> None:
        """The receiver's time goes beside the tablet's own, so that a wrong clock can be proved later."""
        if fixes:
            self._last_gnss = fixes[-1].at

    def person_id(self) -> str:
        return self._ready().person_id

    def observed(self, since: str, until: str | None = None) -> dict[str, Any]:
        """Survey and time, the same in every body."""
        self._ready()
        survey = self.store.surveys.chosen()
        if survey is None:
            raise NoSurvey
        return {
            "survey_id": survey.survey_id,
            "dataset_id": survey.dataset_id,
            "observed_from": since,
            "observed_to": until,
            "date_precision": "second",
            "verbatim_event_date": None,
        }

    def media_part(self, photo: KeptPhoto, subject_ids: list[str], sequence: int) -> Part:
        body = self.observed(photo.taken_at) | {
            "subject_ids": subject_ids,
            "sha256": photo.sha256,
            "byte_count": photo.byte_count,
            "media_type": photo.media_type,
            "captured_at": photo.captured_at,
            "exif_place": photo.exif_place,
            "tablet_place": photo.tablet_place,
            "file_name": photo.file_name,
            "sequence": sequence,
        }
        return Part("media", "media/1", body)

    def commit(self, parts: Sequence[Part], draft_id: str | None = None) -> list[Saved]:
        self._ready()
        free = self._storage.free_bytes()
        if free < RECORD_RESERVE_BYTES and self.store.media.free(None, free):  # originals that the province has
            free = self._storage.free_bytes()
        if free < RECORD_RESERVE_BYTES:
            raise StorageFull(free // 1_000_000)
        guarded = self._vault.guarded(Told(part.record_id, part.kind, part.body) for part in parts)
        sealing = guarded if guarded and self._vault.can_seal() else frozenset()
        parts = [self._with_sealed_photo(part) if part.record_id in sealing else part for part in parts]
        saved = []
        with self.store.database.transaction() as connection:
            identity = self._ready()  # a sync beside us may just have given the tablet another id
            for part in parts:
                record = self._envelope(part, identity, self.store.outbox.next_seq(connection))
                mark, data = self._written(record, part.record_id in sealing)
                is_guarded = part.record_id in guarded
                saved.append(Saved(part.record_id, mark, part.kind, is_guarded, part.record_id in sealing))
                self.store.outbox.add(connection, record, mark, data)
                if part.base_digest and part.merged_digests:
                    heads = (part.base_digest, *part.merged_digests)
                    self.store.conflicts.settled(connection, part.record_id, mark, heads)
                if part.kind == "media":
                    self._bind(connection, part)
                self.store.surveys.begun_or_withdrawn(connection, part.kind, part.record_id, part.body)
                if part.kind == "identification_answer":
                    self.store.reviews.answered(connection, part.record_id, part.body)
            if draft_id is not None:
                fail("draft_to_close")
                self.store.drafts.close(connection, draft_id)
                if any(one.sealed and one.kind in ("event", "track_segment") for one in saved):
                    self.store.tracks.forget(connection, draft_id)
            fail("records_written")
        fail("records_saved")
        if sealing:
            self.store.traces.clear(draft_id)
        return saved

    def _written(self, record: dict[str, Any], sealed: bool) -> tuple[str, bytes]:
        """Digest and bytes of what the outbox keeps and the server is sent."""
        data = _checked(record)
        if not sealed:
            return digest(record), data
        kept = self._vault.seal(record, data)
        return kept.digest, kept.on_the_wire()

    def _with_sealed_photo(self, part: Part) -> Part:
        """The sealed copy lies in the folder before anything refers to it."""
        if part.kind != "media":
            return part
        sha256 = self._vault.seal_photo(part.body["sha256"], self._clock.now())
        return replace(part, body={**part.body, "sealed_sha256": sha256})

    def _bind(self, connection: sqlite3.Connection, part: Part) -> None:
        plain, sealed = part.body["sha256"], part.body.get("sealed_sha256")
        self.store.media.bind(connection, sealed or plain, part.record_id, part.body["subject_ids"])
        if sealed:
            self.store.traces.replace_photos(connection, [plain])

    def withdraw(self, record_id: str, reason: str) -> None:
        """A tombstone on the newest version: the record stays where it was confirmed, and everyone is told."""
        newest = self.store.outbox.newest_version(record_id)
        if newest is None or newest.kind == "tombstone":
            raise FieldProblem("没有可撤回的记录")
        body = {"target_id": record_id, "target_kind": newest.kind, "reason": reason}
        self.commit([Part("tombstone", "tombstone/1", body, record_id, newest.digest)])

    def _ready(self) -> Identity:
        identity = self.store.identity.current()
        if not identity.enrolled:
            raise NotEnrolled
        return identity

    def _envelope(self, part: Part, identity: Identity, seq: int) -> dict[str, Any]:
        gnss = self._last_gnss.isoformat(timespec="seconds") if self._last_gnss else None
        merged = {"merged_digests": list(part.merged_digests)} if part.merged_digests else {}
        return merged | {
            "protocol": PROTOCOL,
            "kind": part.kind,
            "id": part.record_id,
            "base_digest": part.base_digest,
            "author": identity.person_id,
            "device": identity.device_id,
            "seq": seq,
            "app_version": __version__,
            "form": part.form,
            "profile": self.store.surveys.profile_of(part.body.get("survey_id")) or PROFILE,
            "vocabulary": vocabulary_of(part.kind, part.body) if part.base_digest else VERSION,
            "saved_at": {"wall": self.stamp(), "monotonic_ms": self._clock.monotonic_ms(), "gnss": gnss},
            "body": part.body,
        }


def _checked(record: dict[str, Any]) -> bytes:
    """The canonical bytes of a record that the server's own schema accepts."""
    try:
        load_record(record)
        return canonical_bytes(record)
    except InvalidRecord as error:
        first = error.problems[0]
        raise FieldProblem(f"内容有误，未保存：{first['field']}（{first['message']}）", first["field"]) from error
    except NotCanonical as error:
        raise FieldProblem(f"内容有误，未保存：{error.path}（{error.reason}）", error.path) from error
