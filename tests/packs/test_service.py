"""A version changes with the content and with nothing else; what was published stays for a while."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from mobile.device.desktop_signatures import LibrarySignatures
from mobile.species.proof import Trust, prove
from server.packs import service
from server.packs.register import KEPT, write_whole
from server.packs.signing import pack_key
from server.settings import Settings
from shared.clock import FixedClock
from shared.taxon_pack import version_order
from tests.admitting import send, set_up
from tests.records import occurrence

AT = datetime(2025, 5, 21, 2, 0, tzinfo=UTC)


def at(**later: float) -> FixedClock:
    return FixedClock(AT + timedelta(**later))


def test_the_pack_made_twice_is_equal(reference: Session, tmp_path: Path) -> None:
    one, two = Settings(var_dir=tmp_path / "one"), Settings(var_dir=tmp_path / "two")
    first = service.ensure(one, reference, at())
    key = one.store_dir / "keys" / "pack_signing.pem"
    second = service.ensure(replace(two, pack_key=key), reference, at())
    assert first == second
    files = [service.register_of(settings).file(first.version).read_bytes() for settings in (one, two)]
    assert files[0] == files[1]


def test_an_unchanged_pack_keeps_its_version_whoever_asks_and_when(reference: Session, tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    first = service.ensure(settings, reference, at())
    file = service.register_of(settings).file(first.version)
    made_at = file.stat().st_mtime_ns
    assert first.version == "2025-05-21.1000"
    assert service.ensure(settings, reference, at(days=1)) == first
    later = service.ensure(settings, reference, at(days=40))
    assert (later.version, later.content_digest) == (first.version, first.content_digest)
    again = service.ensure(settings, reference, at(days=41), anew=True)
    assert (again.version, file.stat().st_mtime_ns) == (first.version, made_at)


def test_records_are_counted_anew_when_the_month_turns_or_by_command(reference: Session, tmp_path: Path) -> None:
    set_up(reference)
    settings = Settings(var_dir=tmp_path)
    first = service.ensure(settings, reference, at(minutes=-1))
    send(reference, occurrence())
    assert service.ensure(settings, reference, at(days=5)) == first
    by_command = service.ensure(settings, reference, at(days=5), anew=True)
    assert version_order(by_command.version) > version_order(first.version)
    other = Settings(var_dir=tmp_path / "other")
    service.ensure(other, reference, at(minutes=-1))
    turned = service.ensure(other, reference, at(days=12))
    assert turned.content_digest == by_command.content_digest != first.content_digest


def test_another_list_is_another_version_and_versions_only_grow(
    reference: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, versions = Settings(var_dir=tmp_path), []
    sources = service.queries.sources
    for number in range(KEPT + 3):
        monkeypatch.setattr(
            service.queries, "sources", lambda *args, number=number: replace(sources(*args), inputs=str(number))
        )
        monkeypatch.setattr(
            service.queries, "contents", lambda *_, number=number: {"county": [("430103", f"{number}区")]}
        )
        versions.append(service.ensure(settings, reference, at(minutes=-number)).version)
    assert versions == sorted(versions, key=version_order) and len(set(versions)) == len(versions)
    register = service.register_of(settings)
    assert [one.version for one in register.versions()] == versions[-KEPT:]
    kept = {path.name for path in register.folder.glob("taxa-*")}
    assert kept == {f"taxa-{v}.sqlite3{end}" for v in versions[-KEPT:] for end in ("", ".gz")}
    assert service.difference_from(settings, versions[0], register.versions()[-1]) is None
    assert service.difference_from(settings, "../../etc/passwd", register.versions()[-1]) is None


def test_the_file_is_signed_and_says_from_what(reference: Session, tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    made = service.ensure(settings, reference, at())
    trust = Trust(pack_key(settings).public(), LibrarySignatures())
    meta = prove(service.register_of(settings).file(made.version), trust, None)
    told = json.loads(meta.made_from)
    assert any(one.startswith("protected_animals_2021@") for one in told["lists"])
    assert told["records_until"] == "2025-05-21T10:00:00+08:00"
    assert set(told) == {"lists", "boundaries", "records_until"}


def test_a_register_that_was_lost_begins_with_a_later_version(reference: Session, tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    first = service.ensure(settings, reference, at())
    register = service.register_of(settings)
    (register.folder / "taxa.json").write_text("{broken", encoding="utf-8")
    again = service.ensure(settings, reference, at(days=1))
    assert version_order(again.version) > version_order(first.version)
    assert again.content_digest == first.content_digest


def test_threads_that_write_the_same_file_at_once_leave_it_whole(tmp_path: Path) -> None:
    path, data, seen = tmp_path / "taxa-1-2.json.gz", b"x" * 3_000_000, set[int]()
    write_whole(path, data)
    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(write_whole, path, data) for _ in range(60)]:
            seen.add(path.stat().st_size)
            done.result()
    assert seen == {len(data)} and [one.name for one in tmp_path.iterdir()] == [path.name]
