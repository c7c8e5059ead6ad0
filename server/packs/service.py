"""Publishes the taxon pack: a new version where its content changed, and only there (decisions/0001-when-a-pack-changes.md)."""

import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from server.db import EVERYTHING, looking_through
from server.packs import queries
from server.packs.difference import difference
from server.packs.register import Published, Register, write_whole
from server.packs.signing import pack_key
from server.settings import Settings
from shared.clock import CHINA, Clock, parse_aware
from shared.taxon_pack import FORMAT, KIND, Row, content_digest_of, version_order, write


def register_of(settings: Settings) -> Register:
    return Register(settings.store_dir / "packs")


def describe(settings: Settings, session: Session, clock: Clock) -> dict[str, Any]:
    """What a tablet is told of the newest pack; it is made first where its sources have changed."""
    newest = ensure(settings, session, clock)
    return {
        "kind": KIND,
        "format": FORMAT,
        "version": newest.version,
        "content_digest": newest.content_digest,
        "sha256": newest.sha256,
        "byte_count": newest.byte_count,
    }


def ensure(settings: Settings, session: Session, clock: Clock, anew: bool = False) -> Published:
    """The newest version. `anew` counts the records again although nothing else asks for it."""
    register, now = register_of(settings), clock.now().astimezone(CHINA)
    sources = queries.sources(session, now.date())
    newest = register.newest()
    if newest and not anew and not _outdated(newest, sources, now):
        return newest
    with register.lock():
        newest = register.newest()
        if newest and not anew and not _outdated(newest, sources, now):
            return newest  # another process was quicker
        # What all records together make likely is the same for everybody.
        with looking_through(session, EVERYTHING):
            rows = queries.contents(session, settings.home_province, now.date(), now)
        return publish(settings, register, rows, sources, now)


def _outdated(newest: Published, sources: queries.Sources, now: datetime) -> bool:
    counted = parse_aware(newest.records_until).astimezone(CHINA)
    return newest.inputs != sources.inputs or (counted.year, counted.month) < (now.year, now.month)


def publish(
    settings: Settings, register: Register, rows: dict[str, list[Row]], sources: queries.Sources, now: datetime
) -> Published:
    newest = register.newest()
    if newest and newest.content_digest == content_digest_of(rows):
        same = replace(newest, inputs=sources.inputs, records_until=now.isoformat())
        register.confirm(same)
        return same
    handle, name = tempfile.mkstemp(dir=register.folder, prefix=".making-")
    os.close(handle)
    try:
        version = _next_version(newest, now)
        key = pack_key(settings)
        meta = write(Path(name), rows, version, sources.made_from(now), key.sign)
        return register.publish(Path(name), meta, sources.inputs, now.isoformat())
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _next_version(newest: Published | None, now: datetime) -> str:
    """Day and minute, in China: still greater than what tablets have where the store was lost and the count with it."""
    day, number = now.date().isoformat(), now.hour * 100 + now.minute
    if newest:
        last_day, last_number = version_order(newest.version)
        if (last_day, last_number) >= (day, number):
            day, number = last_day, last_number + 1
    return f"{day}.{number}"


def difference_from(settings: Settings, version: str, newest: Published) -> Path | None:
    """The difference to the newest version; None where the old one is not here any more or the whole file is smaller."""
    register = register_of(settings)
    if version not in {one.version for one in register.versions()}:
        return None
    path = register.difference(version, newest.version)
    if not path.exists():
        write_whole(path, difference(register.file(version), register.file(newest.version)))
    return path if path.stat().st_size < newest.compressed_bytes else None
