"""The taxon pack at 20,000 taxa and 50,000 names: time and size of making it, of bringing it up to date, of opening it."""

import logging
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from mobile.species.pack import read_likely, read_pack
from mobile.species.proof import prove
from mobile.species.update import apply_difference
from server.db import open_session
from server.packs import queries, service
from server.packs.register import Published, Register
from server.settings import Settings
from server.taxa.names import fold, taxon_id_for
from shared.clock import CHINA, FixedClock
from tests.admitting import CLOCK
from tests.benchmarks.measure import Goal, Result, figure
from tests.mobile.many_names import make_names
from tests.own_database import reference_database
from tests.packs.wire import on_the_wire
from tests.serving import serving

TAXA, NAMES, LIKELY = 20_000, 50_000, 100_000
ROUNDS = 5
MB = 1e6


def cases() -> Iterator[Result]:
    with reference_database() as settings:
        with open_session(settings) as session:
            invent_taxa(session)
        with open_session(settings) as session:
            yield from making(settings, session)
            yield from updating(settings, session)
        newest = service.register_of(settings).versions()[-1]
        yield from opening(service.register_of(settings).file(newest.version))
        yield from unchanged(settings)


def invent_taxa(session: Session) -> None:
    """Enough beside those of the lists to make 20,000 taxa with 50,000 names."""
    there = session.execute(text("SELECT count(*) FROM xiangye.taxon WHERE status = 'accepted'")).scalar_one()
    taxa: dict[str, dict[str, Any]] = {}
    names: list[dict[str, Any]] = []
    for one in make_names(NAMES):
        latin = f"{one.species.scientific_name} var. {one.species.key}"
        taxon_id = taxon_id_for(latin)
        if len(taxa) < TAXA - there:
            taxa.setdefault(taxon_id, {"id": taxon_id, "name": latin, "genus": latin.split(maxsplit=1)[0]})
        if taxon_id in taxa:
            language = "la" if one.name.isascii() else "zh"
            accepted = one.name in (one.species.scientific_name, one.species.name_zh)
            name = latin if accepted and language == "la" else one.name
            kind = "accepted" if accepted else "synonym"
            names.append({"id": taxon_id, "name": name, "language": language, "kind": kind})
    session.execute(
        text("""INSERT INTO xiangye.taxon (taxon_id, scientific_name, rank, genus, group_zh, status)
        VALUES (:id, :name, 'variety', :genus, '维管束植物', 'accepted')"""),
        list(taxa.values()),
    )
    add_names(session, names)
    named = session.execute(
        text("""SELECT count(DISTINCT (taxon_id, name)) FROM xiangye.taxon_name JOIN xiangye.taxon t USING (taxon_id)
        WHERE t.status = 'accepted'""")
    ).scalar_one()
    more = [name for name in names if name["language"] == "zh"][: max(NAMES - named, 0)]
    add_names(session, [{**name, "name": f"大{name['name']}", "kind": "synonym"} for name in more])


def add_names(session: Session, names: list[dict[str, Any]]) -> None:
    session.execute(
        text("""INSERT INTO xiangye.taxon_name (taxon_id, name, language, kind, source, status, search_name)
        VALUES (:id, :name, :language, :kind, 'bench', 'verified', :search) ON CONFLICT DO NOTHING"""),
        [{**name, "search": fold(name["name"], name["language"])} for name in names],
    )


def with_likely(rows: dict[str, list[Any]], seed: int) -> dict[str, list[Any]]:
    """As many county × month × taxon as some years of surveys bring; which ones does not matter for the size."""
    dice = random.Random(seed)
    counties = [code for code, _ in rows["county"]]
    taxa = dice.sample([row[0] for row in rows["taxon"] if row[-1] not in queries.GUARDED_LEVELS], 2_000)
    likely: dict[tuple[str, int, int], int] = {}
    while len(likely) < LIKELY:
        likely[dice.choice(counties), dice.randint(1, 12), dice.choice(taxa)] = dice.randint(1, 60)
    return {**rows, "likely": [(*key, weight) for key, weight in likely.items()]}


def making(settings: Settings, session: Session) -> Iterator[Result]:
    seconds, sizes = [], []
    for turn in range(3):
        fresh = Settings(settings.var_dir / f"turn{turn}", settings.database_url, settings.owner_url)
        begun = time.perf_counter()
        made = publish(fresh, session, CLOCK, lambda rows: with_likely(rows, 1))
        seconds.append(time.perf_counter() - begun)
        sizes.append((made.byte_count / MB, made.compressed_bytes / MB))
    rows = queries.contents(session, "43", CLOCK.now().date(), CLOCK.now())
    counted = (
        f"{len(rows['taxon']):,} taxa, {len(rows['name']):,} names, {LIKELY:,} likely rows, {len(rows['cell']):,} cells"
    )
    assert len(rows["taxon"]) >= TAXA and len(rows["name"]) >= NAMES, counted
    yield figure("made from the database, packed and signed", seconds, "s", Goal(at_most=60), counted)
    yield figure("on disk", [disk for disk, _ in sizes], "MB", Goal(at_most=40))
    yield figure("compressed", [small for _, small in sizes], "MB", Goal(at_most=10))


def publish(
    settings: Settings,
    session: Session,
    clock: FixedClock,
    change: Callable[[dict[str, list[Any]]], dict[str, list[Any]]],
) -> Published:
    now = clock.now().astimezone(CHINA)
    register = service.register_of(settings)
    with register.lock():
        rows = change(queries.contents(session, "43", now.date(), now))
        return service.publish(settings, register, rows, queries.sources(session, now.date()), now)


@dataclass(frozen=True)
class Step:
    """An update of the pack that happens: what it is called, and what it does to the rows."""

    name: str
    change: Callable[[dict[str, list[Any]]], dict[str, list[Any]]]


def month_later(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """2,000 weights of the likely-list are others."""
    return {**rows, "likely": [(*row[:3], row[3] + (place < 2_000)) for place, row in enumerate(rows["likely"])]}


def new_list(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """500 taxa have another class."""
    return {
        **rows,
        "taxon": [(*row[:6], "II", *row[7:]) if place < 500 else row for place, row in enumerate(rows["taxon"])],
    }


def updating(settings: Settings, session: Session) -> Iterator[Result]:
    register, first = (
        service.register_of(settings),
        publish(settings, session, CLOCK, lambda rows: with_likely(rows, 1)),
    )
    for minutes, step in enumerate((Step("a month of records", month_later), Step("a new list", new_list)), 1):
        clock = FixedClock(CLOCK.now() + timedelta(minutes=minutes))
        newest = publish(settings, session, clock, lambda rows, step=step: step.change(with_likely(rows, 1)))
        path = service.difference_from(settings, first.version, newest)
        assert path is not None and applied_equals_whole(register, first, newest, path.read_bytes())
        yield figure(f"difference after {step.name}", [path.stat().st_size / 1e3], "kB")
        seconds = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            apply_difference(register.file(first.version), path.read_bytes(), register.folder / "updated")
            prove(register.folder / "updated", None, None)
            seconds.append(time.perf_counter() - begun)
        yield figure(f"applied and proved, {step.name}", seconds, "s")


def applied_equals_whole(register: Register, old: Published, new: Published, difference: bytes) -> bool:
    updated = register.folder / "updated"
    apply_difference(register.file(old.version), difference, updated)
    return prove(updated, None, None).content_digest == new.content_digest


def opening(file: Path) -> Iterator[Result]:
    """What a tablet does with the file, on this computer."""
    proved, opened, asked = [], [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        prove(file, None, None)
        proved.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        read_pack(file)
        opened.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        read_likely(file, "431022", 5)
        asked.append((time.perf_counter() - begun) * 1e3)
    yield figure("content digest and form proved", proved, "s")
    yield figure("all names and readings read", opened, "s")
    yield figure("likely-list of a county and month", asked, "ms")
    tracemalloc.start()
    names = read_pack(file)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield figure(
        "memory of the names", [held / MB], "MB", note=f"{len(names):,} names and readings, peak {peak / MB:.0f} MB"
    )


def unchanged(settings: Settings) -> Iterator[Result]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serving(settings) as live:
        newest = service.register_of(settings).versions()[-1]
        for name, target in (("304", f"/v1/packs/taxa?from={newest.version}"), ("sync session", "/v1/sync/session")):
            asked, answer = on_the_wire(live, target)
            if name == "304":
                assert answer.startswith(b"HTTP/1.1 304"), answer[:200]
            yield figure(f"unchanged update, {name}, both ways", [len(asked) + len(answer)], "B", Goal(at_most=2000))
