"""Writes: loads lists, all or none, each as a version that never changes; gives a provisional taxon to every name that no
list knows."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.service import log
from server.settings import REPOSITORY
from server.taxa import confirming, difference, loading, projection, provisional, versions
from server.taxa.bridging import MOVING, Bridge
from server.taxa.difference import Difference, Rows
from server.taxa.lists import ListError, ParsedList, read_list
from server.taxa.matching import propose_many
from server.taxa.names import taxon_id_for
from server.taxa.nomenclature import WITHOUT_TAXA, Renamed, Source, accepted_names, entries
from server.taxa.queries import today
from server.taxa.remembered import forget
from server.taxa.versions import BUILT_IN, Row, Version
from shared.clock import Clock, SystemClock

LISTS_DIR = REPOSITORY / "species_lists"
_NOT_SAID = frozenset(
    {"file", "columns", "version", "counts", "counts_by_category", "counts_by_group", "counts_by_status"}
)
_PROPOSED = 3
_LOCK = "hashtext('xiangye.species_list')"


@dataclass(frozen=True)
class Loaded:
    list_id: str
    version: str
    title_zh: str
    changed: bool
    rows: int


@dataclass(frozen=True)
class _Plan:
    parsed: ParsedList
    version: str
    base: Version | None
    changed: bool


def load_lists(
    session: Session,
    lists: Sequence[Path | ParsedList] | None = None,
    by: str = BUILT_IN,
    expected: Mapping[str, str | None] | None = None,
    clock: Clock | None = None,
) -> list[Loaded]:
    """Loads the lists (default: all of species_lists/). Everything is read and checked before anything is written; an
    unchanged list writes nothing, a changed one becomes a new version. Raises ListError naming file, row and field.

    `expected`: by list, the version that a person saw the difference to; refused where another has come between.
    """
    asked = default_paths() if lists is None else lists
    given = sorted((one if isinstance(one, ParsedList) else read_list(one) for one in asked), key=ParsedList.order)
    _alone(session)
    plans = _write(session, given, lists is None, by, expected or {})
    changed = [plan for plan in plans if plan.changed]
    if changed:
        _project(session, changed)
    elif _came_into_force(session):
        _refresh(session)
    for plan in changed if by != BUILT_IN else ():
        told = {
            "version": plan.version,
            "replaces": plan.base.version if plan.base else None,
            "digest": plan.parsed.digest,
        }
        log(session, clock or SystemClock(), by, "load_list", plan.parsed.list_id, told)
    return [
        Loaded(p.parsed.list_id, p.version, str(p.parsed.descriptor["title_zh"]), p.changed, len(p.parsed.rows))
        for p in plans
    ]


def _alone(session: Session) -> None:
    """Until the transaction ends nobody else writes taxa and their names."""
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def compare(session: Session, parsed: ParsedList, built_in: bool = False) -> Difference:
    """What loading the file would change, and what the names that no list knows may mean; writes nothing."""
    plan = _plan(session, parsed, versions.stored(session).get(parsed.list_id, []), built_in)
    if not plan.changed:
        return replace(_nothing(plan), base=plan.version)
    sources = projection.sources(session, today())
    accepted_of = _accepted_of(sources, [parsed])
    unmatched = _unmatched(parsed, _listed(sources, parsed.list_id, accepted_of), accepted_of)
    pairs: list[tuple[str | None, str | None]] = [
        (row["scientific_name"], row.get("name_zh") or None) for row in unmatched
    ]
    proposed = propose_many(session, pairs, _PROPOSED)
    shown = tuple((row, tuple(proposed[pair])) for row, pair in zip(unmatched, pairs, strict=True))
    synonyms = tuple(
        (row, accepted_of[row["scientific_name"]])
        for row in (entries(parsed.rows) if parsed.kind not in ("names", "pinyin") else ())
        if row["scientific_name"] in accepted_of
    )
    found = _difference(session, plan, accepted_of)
    return replace(found, unmatched=shown, synonyms=synonyms, described=_described(plan))


def default_paths() -> list[Path]:
    return sorted(LISTS_DIR.glob("*.csv"))


def _plan(session: Session, parsed: ParsedList, stored: Collection[Version], built_in: bool) -> _Plan:
    label = parsed.version
    if any(one.kind != parsed.kind for one in stored):
        raise ListError(parsed.file, f"名录 {parsed.list_id} 已有，种类不同，不能改", field="kind")
    if built_in:
        # Ours of this label, whatever an agency has made of it since; a list of ours that goes back to what it said is a change.
        ours = [v for v in stored if v.loaded_by == BUILT_IN and versions.label_of(v.version) == label]
        last = max(ours, key=lambda v: v.loaded_no, default=None)
        if last and last.digest == parsed.digest:
            return _Plan(parsed, last.version, None, False)
    begun = parsed.descriptor.get("in_force_on")
    base = versions.base_for(stored, label, date.fromisoformat(begun) if begun else None, today())
    if base and versions.label_of(base.version) == versions.label_of(label):
        # What an agency made of a list of ours stays until the agency itself loads another.
        theirs = built_in and base.loaded_by != BUILT_IN
        if theirs or base.digest == parsed.digest or _same(session, parsed, base):
            return _Plan(parsed, base.version, base, False)
    return _Plan(parsed, versions.next_version(label, {v.version for v in stored}), base, True)


def _same(session: Session, parsed: ParsedList, base: Version) -> bool:
    rows = versions.rows_of(session, base.list_id, base.version)
    return list(map(dict, rows)) == list(map(dict, parsed.rows)) and not _described(_Plan(parsed, "", base, True))


def _described(plan: _Plan) -> tuple[str, ...]:
    if plan.base is None:
        return ()
    before, after = plan.base.descriptor, plan.parsed.descriptor
    names = (set(before) | set(after)) - _NOT_SAID
    return tuple(sorted(name for name in names if (before.get(name) or None) != (after.get(name) or None)))


def _write(
    session: Session, given: Sequence[ParsedList], built_in: bool, by: str, expected: Mapping[str, str | None]
) -> list[_Plan]:
    stored = versions.stored(session)
    sources = projection.sources(session, today()) if by != BUILT_IN else []
    accepted_of = _accepted_of(sources, given) if by != BUILT_IN else {}
    plans = []
    for parsed in given:
        plan = _plan(session, parsed, stored.get(parsed.list_id, []), built_in)
        base = plan.base.version if plan.base else None
        if expected.get(parsed.list_id, base) != base:
            raise ListError(parsed.file, f"名录在此期间有了新版本 {base}，请重看变化再载入")
        if plan.changed:
            listed = _listed(sources, parsed.list_id, accepted_of)
            unmatched = _unmatched(parsed, listed, accepted_of) if by != BUILT_IN else []
            loading.write_version(session, parsed, plan.version, plan.base, by, {row["no"] for row in unmatched})
            stored = versions.stored(session)
        plans.append(plan)
    return plans


def _project(session: Session, plans: Sequence[_Plan]) -> None:
    """Taxa and names first, since everything refers to them; then each version's typed rows and its bridge."""
    sources = projection.sources(session, today())
    accepted_of = _accepted_of(sources, [])
    found = {
        plan.parsed.list_id + plan.version: _difference(session, plan, accepted_of).bridges
        for plan in plans
        if plan.base
    }
    renamed = [
        Renamed(one.from_taxon_id, one.to_taxon_id, one.from_value or "", plan.parsed.list_id)
        for plan in plans
        for one in found.get(plan.parsed.list_id + plan.version, ())
        if one.change in MOVING - {"split"} and one.from_taxon_id and one.to_taxon_id not in (None, one.from_taxon_id)
    ]
    names = projection.refresh(session, sources, accepted_of, renamed)
    open_rows = _open_rows(sources)
    for plan in plans:
        key = (plan.parsed.list_id, plan.version)
        loading.Typed(session, plan.parsed, plan.version, names, open_rows.get(key, frozenset())).write()
        _write_bridges(session, plan, found.get(plan.parsed.list_id + plan.version, ()))


def _open_rows(sources: Iterable[Source]) -> dict[tuple[str, str], frozenset[str]]:
    return {
        (s.list_id, s.version): frozenset(row["no"] for row in s.rows if row["status"] == "unverified") for s in sources
    }


def _nothing(plan: _Plan) -> Difference:
    parsed, base = plan.parsed, plan.base.version if plan.base else None
    title = str(parsed.descriptor["title_zh"])
    return Difference(parsed.list_id, parsed.kind, title, plan.version, base, len(parsed.rows))


def _difference(session: Session, plan: _Plan, accepted_of: Mapping[str, str]) -> Difference:
    empty = _nothing(plan)
    if plan.base is None:
        return replace(empty, added=tuple(plan.parsed.rows))

    def id_of(printed: str) -> str:
        return taxon_id_for(accepted_of.get(printed, printed))

    before = versions.rows_of(session, plan.base.list_id, plan.base.version)
    known = frozenset(session.execute(text("SELECT taxon_id::text FROM xiangye.taxon")).scalars())
    kind = plan.parsed.kind
    return difference.between(empty, Rows(kind, before, id_of), Rows(kind, plan.parsed.rows, id_of, known))


def _write_bridges(session: Session, plan: _Plan, bridges: Sequence[Bridge]) -> None:
    if plan.base and bridges:
        session.execute(
            text("""
            INSERT INTO xiangye.taxon_bridge (list_id, from_version, to_version, bridge_no, change, from_taxon_id, to_taxon_id,
                from_value, to_value)
            VALUES (:list_id, :base, :version, :bridge_no, :change, :from_taxon_id, :to_taxon_id, :from_value, :to_value)"""),
            [
                {
                    **vars(one),
                    "list_id": plan.parsed.list_id,
                    "base": plan.base.version,
                    "version": plan.version,
                    "bridge_no": number,
                }
                for number, one in enumerate(bridges, start=1)
            ],
        )
        forget(session)


def _accepted_of(sources: Iterable[Source], given: Iterable[ParsedList]) -> dict[str, str]:
    """Synonyms must be known before the lists that use them, even where the lists of names are not loaded yet."""
    stored = list(sources)
    have = {source.list_id for source in stored}
    ours = [path for path in LISTS_DIR.glob("*.json") if json.loads(path.read_bytes()).get("kind") == "names"]
    waiting = [read_list(path.with_suffix(".csv")) for path in ours if path.stem not in have]
    at_hand = [p for p in (*waiting, *given) if p.kind == "names"]
    new = [Source(p.list_id, p.kind, "", 0, True, True, p.rows) for p in at_hand]
    return accepted_names([*stored, *new])


def _listed(sources: Iterable[Source], list_id: str, accepted_of: Mapping[str, str]) -> frozenset[str]:
    """Taxa that another list has, or ours, or a row of this one that a person stands for."""
    return frozenset(
        taxon_id_for(accepted_of.get(row["scientific_name"], row["scientific_name"]))
        for source in sources
        if source.kind not in WITHOUT_TAXA
        for row in entries(source.rows)
        if source.list_id != list_id or source.built_in or row["status"] == "verified"
    )


def _unmatched(parsed: ParsedList, listed: frozenset[str], accepted_of: Mapping[str, str]) -> list[Row]:
    if parsed.kind in ("names", "pinyin"):
        return []
    return [
        row
        for row in entries(parsed.rows)
        if taxon_id_for(accepted_of.get(row["scientific_name"], row["scientific_name"])) not in listed
    ]


def _came_into_force(session: Session) -> bool:
    """Since the last load, so that its names are not the accepted ones yet."""
    return bool(
        session.execute(
            text("""
            SELECT EXISTS (SELECT FROM xiangye.list_version WHERE in_force_on <= :today
                AND in_force_on > (SELECT max(loaded_at AT TIME ZONE 'Asia/Shanghai')::date FROM xiangye.list_version))"""),
            {"today": today()},
        ).scalar_one()
    )


def _refresh(session: Session) -> None:
    sources = projection.sources(session, today())
    projection.refresh(session, sources, _accepted_of(sources, []), [])


def confirm(
    session: Session, list_id: str, entry_nos: Sequence[int], basis: str, by: str, clock: Clock
) -> list[dict[str, Any]]:
    """A person stands for rows of the version in force; the same rows of later versions need no other. Returns those
    that were open; ValueError for a row that is not there."""
    _alone(session)
    rows = confirming.confirm(session, list_id, entry_nos, basis, by, clock, today())
    if rows:
        _refresh(session)
        numbers = [row["entry_no"] for row in rows]
        log(
            session,
            clock,
            by,
            "confirm_list",
            list_id,
            {"version": rows[0]["version"], "rows": numbers, "basis": basis},
        )
    return rows


def ensure_taxa(session: Session, names: Iterable[tuple[str | None, str | None]]) -> int:
    """A provisional taxon for each name that resolve_many does not find; returns how many were made."""
    asked = list(names)
    rows: list[dict[str, Any]] = provisional.missing(session, asked)
    if rows:
        # A list that is being loaded may bring the very names; records wait for it, not for one another.
        session.execute(text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})"))
        rows = provisional.missing(session, asked)
    if rows:
        provisional.write(session, rows)
    return len(rows)
