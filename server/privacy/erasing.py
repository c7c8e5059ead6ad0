"""A person leaves: what was observed stays under the stable pseudonym, nothing names them any more.

Texts give way to a redaction that keeps their digest, so that the log can still be verified; what cannot be changed is told.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, event, select, text, update
from sqlalchemy.orm import Session

from server.accounts.model import (
    ConsoleSession,
    Device,
    Enrolment,
    OidcIdentity,
    Person,
    PersonalToken,
    RoleGrant,
)
from server.accounts.viewer import Viewer
from server.audit.service import Redacted, log, log_redactions, write_redactions
from server.ledger.model import VersionRow
from server.media.model import MediaFile, Upload
from server.media.store import Store, open_store
from server.media.unsealing import inside
from server.privacy import contacts, texts
from server.privacy.model import Consent, Contact
from server.privacy.rules import as_bytes, is_personal, redacted, ways_to_write, without, without_bytes
from server.privacy.sealing import contact_key
from server.sensitivity import service as sensitivity
from server.settings import Settings
from shared.canonical import canonical_bytes, parse
from shared.clock import Clock
from shared.problems import Problem
from shared.wire.sealed import SealBroken
from shared.wire.sealed_photo import MAGIC, is_sealed_photo

ERASED_NAME, ERASED_DEVICE = "已注销人员", "已注销设备"
MOST_OF_OTHERS = 200
"""Versions of other people that somebody who is not the operator may have redacted: a common word is nobody's name."""
_BY_THE_OPERATOR = "须由系统管理员核对后在服务器上用 xiangye account erase 删除"


@dataclass
class Erased:
    """How many of each gave way; `still_named`: where the name stands even so, for a person to see to."""

    person_id: str
    pseudonym: str
    rows: dict[str, int] = field(default_factory=dict)
    versions: int = 0
    raw_batches: int = 0
    quarantined: int = 0
    photos: int = 0
    files: int = 0
    exports: int = 0
    still_named: list[str] = field(default_factory=list)


def erase(
    session: Session, viewer: Viewer, clock: Clock, settings: Settings, person_id: UUID, also: Iterable[str] = ()
) -> Erased:
    """`also`: other words that name the person, such as a telephone number or a former name. The session sees everything, so that
    whoever is not the operator takes out no word that may stand for something else."""
    person = session.get(Person, person_id, with_for_update=True)
    if person is None:
        raise Problem("not_found", f"没有编号为 {person_id} 的人员")
    told = [*_own_words(session, settings, person), *also]
    if viewer.person_id is not None and not all(map(is_personal, told)):
        raise Problem("invalid", f"姓名、联系方式或所给文字不像是只指一个人的，{_BY_THE_OPERATOR}", field="also")
    words = ways_to_write(told)
    done = Erased(str(person_id), str(person.pseudonym))
    devices = list(session.scalars(select(Device.id).where(Device.person_id == person_id)))
    _end_account(session, clock, person)
    if words:
        _take_out(session, viewer, clock, settings, done, words, devices)
    session.expire_all()
    counts = {name: count for name, count in asdict(done).items() if isinstance(count, int)}
    detail = {"pseudonym": done.pseudonym, **counts, "rows": sum(done.rows.values())}
    log(session, clock, viewer.name, "erase_person", str(person_id), detail)
    return done


def _take_out(
    session: Session,
    viewer: Viewer,
    clock: Clock,
    settings: Settings,
    done: Erased,
    words: Sequence[str],
    devices: Sequence[UUID],
) -> None:
    """Rows first and the log last: whoever holds its lock may wait for nobody's row."""
    instead = f"〔人员 {done.pseudonym[:8]}〕"
    done.rows = texts.take_out(session, words, instead)
    done.raw_batches = sensitivity.drop_raw_batches(session, words=as_bytes(words))
    done.quarantined = _redact_quarantine(session, words, instead)
    versions = _redact_versions(session, clock, words, instead)
    if viewer.person_id is not None and _of_others(session, done, versions) > MOST_OF_OTHERS:
        raise Problem("invalid", f"这些文字在他人的记录中也很常见，{_BY_THE_OPERATOR}", field="also")
    photos = _redact_photos(session, clock, open_store(settings), devices, words)
    files = _redact_snapshots(session, clock, settings, words, instead)
    done.versions, done.photos, done.files = len(versions), len(photos), len(files)
    done.exports = sum(1 for _ in _drop_exports(session, settings, [UUID(one.subject) for one in versions]))
    done.still_named = texts.still_named(session, words)
    log_redactions(session, clock, viewer.name, "person", [*versions, *photos, *files])


def _own_words(session: Session, settings: Settings, person: Person) -> Iterator[str]:
    if person.erased_at is None:
        yield person.name
    for _, words in contacts.of_person(session, contact_key(settings), person.id):
        yield from words.values()


def _end_account(session: Session, clock: Clock, person: Person) -> None:
    """Consents stay, withdrawn: they show that what was recorded was recorded rightfully."""
    now = clock.now()
    person.name, person.account, person.password_hash, person.organisation_id = ERASED_NAME, None, None, None
    person.disabled_at, person.erased_at = person.disabled_at or now, person.erased_at or now
    session.flush()
    for table in (ConsoleSession, PersonalToken, OidcIdentity, Enrolment, Contact):
        session.execute(delete(table).where(table.person_id == person.id))
    mine = update(Device).where(Device.person_id == person.id)
    session.execute(mine.values(name=ERASED_DEVICE))
    session.execute(mine.where(Device.revoked_at.is_(None)).values(revoked_at=now))
    grants = update(RoleGrant).where(RoleGrant.person_id == person.id, RoleGrant.revoked_at.is_(None))
    session.execute(grants.values(revoked_at=now))
    consents = update(Consent).where(Consent.person_id == person.id, Consent.withdrawn_at.is_(None))
    session.execute(consents.values(withdrawn_at=now))


def _redact_versions(session: Session, clock: Clock, words: Sequence[str], instead: str) -> list[Redacted]:
    changed = []
    for kept in sensitivity.bodies_with(session, as_bytes(words)):
        record = parse(kept.body)
        body = canonical_bytes({**record, "body": redacted(record["body"], words, instead)})
        if body != kept.body:
            changed.append(sensitivity.Kept(kept.id, kept.digest, body))
    return replace_versions(session, clock, "person", changed)


def replace_versions(
    session: Session, clock: Clock, reason: str, changed: Sequence[sensitivity.Kept]
) -> list[Redacted]:
    told = [Redacted("version", str(one.id), one.digest, _sha256(one.body)) for one in changed]
    write_redactions(session, clock, reason, told)
    sensitivity.replace_bodies(session, changed)
    return told


def _of_others(session: Session, done: Erased, versions: Sequence[Redacted]) -> int:
    written = select(VersionRow.digest).where(
        VersionRow.author != UUID(done.person_id), VersionRow.digest.in_([one.digest for one in versions])
    )
    return len(session.scalars(written).all())


def _drop_exports(session: Session, settings: Settings, ids: Sequence[UUID]) -> Iterator[Path]:
    """Files made of these records and not yet taken; whoever asked for one is told to export anew."""
    made = session.execute(
        text("SELECT DISTINCT export_id FROM xiangye.export_record WHERE record_id = ANY (:ids)"), {"ids": list(ids)}
    )
    for export_id in made.scalars():
        for path in (settings.store_dir / "exports").glob(f"{export_id}.*"):
            path.unlink()
            yield path


def _redact_quarantine(session: Session, words: Sequence[str], instead: str) -> int:
    """What could not be read stays as it is but for the words."""
    found = sensitivity.quarantined_with(session, as_bytes(words))
    pairs = [(word, instead.encode()) for word in as_bytes(words)]
    rows = []
    for one in found:
        body = one.body
        for word, other in pairs:
            body = body.replace(word, other)
        rows.append(one._replace(body=body, detail=redacted(one.detail, words, instead)))
    sensitivity.replace_quarantined(session, rows)
    return len(rows)


def _redact_photos(
    session: Session, clock: Clock, store: Store, devices: Sequence[UUID], words: Sequence[str]
) -> list[Redacted]:
    """Cameras write their owner's name into photos. Those of the person's own tablets are looked through."""
    mine = select(Upload.sha256).where(Upload.device_id.in_(devices))
    changed = []
    for sha256 in session.scalars(select(MediaFile.sha256).where(MediaFile.sha256.in_(mine))):
        for subject, clean in _cleaned(session, store, sha256, words):
            changed.append((Redacted("photo", subject, subject, _sha256(clean)), clean))
    told = [one for one, _ in changed]
    write_redactions(session, clock, "person", told)
    for one, clean in changed:
        _once_committed(session, partial(store.put_original, one.subject, clean))
    return told


def _cleaned(session: Session, store: Store, sha256: str, words: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Digest and new bytes of what has to give way. A sealed file goes whole when the photo in it does: it tells the old one to
    whoever has the key."""
    data = store.original(sha256)
    subject = sha256
    if is_sealed_photo(data):
        try:
            plain = inside(session, data)
        except SealBroken:  # or emptied before
            return
        if plain is None:
            return
        subject = _sha256(plain)
        data = store.original(subject)
    clean = without_bytes(data, words)
    if clean != data:
        yield subject, clean
        if subject != sha256:
            yield sha256, MAGIC


def _redact_snapshots(
    session: Session, clock: Clock, settings: Settings, words: Sequence[str], instead: str
) -> list[Redacted]:
    """Their files hold whole records; a report is compiled again from what they say now."""
    written: dict[str, dict[str, str]] = {
        row[0]: row[1] for row in session.execute(text("SELECT id, files FROM xiangye.snapshot ORDER BY id"))
    }
    changed: list[tuple[Redacted, Path, bytes]] = []
    for id_, files in written.items():
        folder = settings.store_dir / "precise" / "snapshots" / id_
        for name, sha256 in files.items():
            path = folder / name
            data = path.read_bytes() if path.is_file() else b""
            clean = without(data.decode(), words, instead).encode()
            if clean != data:
                changed.append((Redacted("snapshot", f"{id_}/{name}", sha256, _sha256(clean)), path, clean))
    told = [one for one, _, _ in changed]
    write_redactions(session, clock, "person", told)
    for _, path, clean in changed:
        _once_committed(session, partial(_replace, path, clean))
    return told


def _once_committed(session: Session, change: Callable[[], None]) -> None:
    """A file cannot be rolled back: it gives way when the redaction that tells of it stands."""
    event.listen(session, "after_commit", lambda _session: change(), once=True)


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
