"""From ids to cases: what is affected, what it is called now, and what the lists say of that."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.db import among
from server.identifications.queries import named_now
from server.ledger.model import Ledger
from server.media.model import MediaSubject
from server.sensitivity.checked import Checked
from server.sensitivity.facts import linked_occurrences
from server.sensitivity.service import standings
from server.taxa import queries as taxa
from server.verification import firsts
from server.verification.model import Review
from server.verification.rules import Case
from shared.clock import CHINA
from shared.wire.standing import Standing


def affected(session: Session, ids: Collection[UUID], known: Mapping[UUID, Standing] | None) -> list[UUID]:
    """These records themselves, and those that they bear on: in id order, so that the oldest claims to be first."""
    kinds = {id_: stand.kind for id_, stand in (known or {}).items() if id_ in ids}
    if others := [id_ for id_ in ids if id_ not in kinds]:
        rows = session.execute(select(Ledger.id, Ledger.kind).where(among(Ledger.id, others)))
        kinds |= {row[0]: row[1] for row in rows}
    media = [id_ for id_, kind in kinds.items() if kind == "media"]
    segments = [id_ for id_, kind in kinds.items() if kind == "track_segment"]
    patrols = {id_ for id_, kind in kinds.items() if kind == "patrol"} | _patrols_of(session, segments, known)
    found = {id_ for id_, kind in kinds.items() if kind == "occurrence"} | patrols
    if media:
        found |= set(session.scalars(select(MediaSubject.subject_id).where(MediaSubject.media_id.in_(media))))
    if patrols:
        found |= set(linked_occurrences(session, list(patrols)))
    return sorted(found, key=str)


def _patrols_of(session: Session, segments: list[UUID], known: Mapping[UUID, Standing] | None) -> set[UUID]:
    given = known or {}
    missing = [id_ for id_ in segments if id_ not in given]
    stands = {
        **{id_: given[id_] for id_ in segments if id_ in given},
        **(standings(session, missing) if missing else {}),
    }
    return {UUID(stand.body["patrol_id"]) for stand in stands.values() if stand.body is not None}


def make_cases(
    session: Session, checked: Mapping[UUID, Checked], now: datetime, claiming: bool = True
) -> dict[UUID, Case]:
    """`claiming`: records that are the first of their taxon in a county are remembered as such; a trial only looks."""
    named = named_now(session, list(checked))
    wanted = {str(taxon_id) for taxon_id in named.values() if taxon_id}
    known = taxa.by_ids(session, wanted) if wanted else {}
    classes = taxa.protection_classes(session, known, now.astimezone(CHINA).date()) if known else {}
    doubles = _lookalikes(session, wanted)
    first = _firsts(session, checked, named, claiming)
    cases = {}
    for id_, one in checked.items():
        taxon_id = str(named.get(id_))
        cases[id_] = Case(one, known.get(taxon_id), classes.get(taxon_id), doubles.get(taxon_id, 0), id_ in first)
    return cases


def _firsts(
    session: Session, checked: Mapping[UUID, Checked], named: Mapping[UUID, UUID | None], claiming: bool
) -> set[UUID]:
    rejected = set(
        session.scalars(select(Review.record_id).where(among(Review.record_id, checked), Review.state == "rejected"))
    )
    pairs = {
        id_: (one.county_code, taxon_id)
        for id_, one in checked.items()
        for taxon_id in (named.get(id_),)
        if one.county_code and taxon_id and id_ not in rejected and one.body.get("occurrence_status") == "present"
    }
    if claiming:
        return firsts.claim(session, pairs, list(checked))
    standing = firsts.standing(session, set(pairs.values()))
    return {id_ for id_, pair in pairs.items() if standing.get(pair) == id_}


def _lookalikes(session: Session, taxon_ids: Collection[str]) -> dict[str, int]:
    rows = session.execute(
        text("""
        SELECT t.id::text, count(*) FROM unnest(CAST(:ids AS uuid[])) AS t (id)
        JOIN xiangye.taxon_lookalike l ON t.id IN (l.taxon_id, l.other_id) GROUP BY 1
        """),
        {"ids": sorted(taxon_ids)},
    )
    return {row[0]: row[1] for row in rows}
