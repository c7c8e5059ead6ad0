"""Which record was the first of its taxon in a county, by the place that may be shown of it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.orm import Session

from server.db import among, put
from server.verification.model import CountyTaxon

Pair = tuple[str, UUID]


def claim(session: Session, pairs: dict[UUID, Pair], ids: Collection[UUID]) -> set[UUID]:
    """`pairs`: (county, taxon) by record; those of them that are first. What `ids` were first of before and no longer are, they give up."""
    held = session.execute(
        select(CountyTaxon.occurrence_id, CountyTaxon.county_code, CountyTaxon.taxon_id).where(
            among(CountyTaxon.occurrence_id, ids)
        )
    ).all()
    forget(session, {row[0] for row in held if pairs.get(row[0]) != (row[1], row[2])})
    rows = [
        {"county_code": county, "taxon_id": taxon, "occurrence_id": id_}
        # By county and taxon, so that of two batches with the same ones neither waits for the other in turn.
        for id_, (county, taxon) in sorted(pairs.items(), key=lambda one: (one[1][0], str(one[1][1]), str(one[0])))
    ]
    if rows:
        put(session, CountyTaxon, rows, "DO NOTHING")
    return set(session.scalars(select(CountyTaxon.occurrence_id).where(among(CountyTaxon.occurrence_id, pairs))))


def forget(session: Session, ids: Collection[UUID]) -> None:
    """A record that does not count (any longer) is first of nothing: the next one is."""
    if not ids:
        return
    lost = session.execute(
        delete(CountyTaxon)
        .where(among(CountyTaxon.occurrence_id, ids))
        .returning(CountyTaxon.county_code, CountyTaxon.taxon_id)
        .execution_options(synchronize_session=False)
    ).all()
    for county, taxon in sorted(lost, key=lambda row: (row[0], str(row[1]))):
        session.execute(
            text("""
            INSERT INTO xiangye.county_taxon (county_code, taxon_id, occurrence_id)
            SELECT d.county_code, i.taxon_id, o.id FROM xiangye.identification i
            JOIN xiangye.disclosed_place d ON d.id = i.occurrence_id AND d.county_code = :county
            JOIN xiangye.occurrence o ON o.id = i.occurrence_id AND o.occurrence_status = 'present'
            LEFT JOIN xiangye.review r ON r.record_id = o.id
            WHERE i.taxon_id = :taxon AND r.state IS DISTINCT FROM 'rejected' AND o.id <> ALL(:gone)
            ORDER BY o.id LIMIT 1 ON CONFLICT DO NOTHING
            """),
            {"county": county, "taxon": taxon, "gone": list(ids)},
        )


def standing(session: Session, pairs: Collection[Pair]) -> dict[Pair, UUID]:
    rows = session.execute(
        select(CountyTaxon.county_code, CountyTaxon.taxon_id, CountyTaxon.occurrence_id).where(
            tuple_(CountyTaxon.county_code, CountyTaxon.taxon_id).in_(list(pairs))
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}
