"""What stands in the taxon pack, read from the lists, the places and the living records."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.packs.cells import cells_of_counties
from server.packs.readings import every_reading
from server.places.queries import boundary_version, province_counties
from server.taxa.provisional import load_readings
from server.taxa.queries import TAXON_COLUMNS, TAXON_SOURCE, coverage, list_versions, resolve_many, sensitivity_rules
from server.taxa.rules import Coverage, ResolvedTaxon, SensitivityRules
from shared import __version__
from shared.canonical import canonical_bytes, digest
from shared.taxon_pack import FORMAT, Row

GUARDED_LEVELS = (1, 2)
"""Species of these levels never stand in a likely-list, nor does any record whose place is disclosed at them."""
_KINDS_OF_NAME = ("accepted", "synonym", "vernacular", "misspelling")
_NUMBER_BITS = 48

# The newest naming is the one that stands; a conflict has none. A month is one in China.
_LIKELY = text("""
    SELECT d.county_code, extract(month FROM o.observed_from AT TIME ZONE 'Asia/Shanghai')::int AS month,
        i.taxon_id::text AS taxon_id, count(*) AS weight
    FROM xiangye.occurrence o
    JOIN xiangye.ledger l ON (l.id, l.observed_year) = (o.id, o.observed_year) AND l.state IN ('current', 'waiting')
    JOIN xiangye.disclosed_place d ON d.id = o.id
    CROSS JOIN LATERAL (
        SELECT taxon_id FROM xiangye.identification WHERE occurrence_id = o.id ORDER BY received_at DESC, id DESC LIMIT 1
    ) i
    WHERE o.occurrence_status = 'present' AND o.observed_from IS NOT NULL AND o.date_precision IN ('month', 'day', 'hour', 'minute', 'second')
        AND coalesce(o.degree_of_establishment, '') NOT IN ('captive', 'cultivated') AND o.access_class <> 'restricted'
        AND o.received_at < :until AND d.in_scope AND d.county_code IS NOT NULL AND d.level <> ALL(:guarded)
        AND i.taxon_id IS NOT NULL
    GROUP BY 1, 2, 3
""")
_LOOKALIKES = text("""
    SELECT k.taxon_id::text AS taxon_id, k.other_id::text AS other_id, k.difference_zh
    FROM xiangye.taxon_lookalike k
    WHERE (k.list_id, k.version) IN (SELECT * FROM unnest(CAST(:lists AS text[]), CAST(:versions AS text[])))
    ORDER BY k.list_id, k.entry_no
""")
_NAMES = text("""
    SELECT n.taxon_id::text AS taxon_id, n.name, n.language, n.kind FROM xiangye.taxon_name n JOIN xiangye.taxon t USING (taxon_id)
    WHERE t.status = 'accepted'
""")


@dataclass(frozen=True)
class Sources:
    """What a pack is made from beside the records. `inputs` changes with any of it, and with the program."""

    lists: tuple[str, ...]
    boundaries: str
    inputs: str

    def made_from(self, records_until: datetime) -> str:
        told = {
            "lists": list(self.lists),
            "boundaries": self.boundaries,
            "records_until": records_until.isoformat(timespec="seconds"),
        }
        return canonical_bytes(told).decode()


def sources(session: Session, on: date) -> Sources:
    """Names come from every version of a list, classes from the version in force."""
    loaded = session.execute(text("SELECT list_id, version, digest FROM xiangye.list_version ORDER BY 1, 2"))
    in_force = tuple(f"{version.list_id}@{version.version}" for version in list_versions(session, on))
    boundaries = boundary_version(session)
    known = [list(row) for row in loaded]
    return Sources(in_force, boundaries, digest([known, list(in_force), boundaries, FORMAT, __version__]))


def contents(session: Session, province: str, on: date, records_until: datetime) -> dict[str, list[Row]]:
    """{table: rows} of shared/taxon_pack.py; provisional taxa stay here."""
    taxa = _taxa(session)
    numbers = numbers_of(taxon.taxon_id for taxon in taxa)
    rules, covered = sensitivity_rules(session, on), coverage(session, on, province)
    rows: list[Row] = [_taxon(numbers[taxon.taxon_id], taxon, rules, covered) for taxon in taxa]
    open_taxa = {taxon_id for _, taxon_id, *_, level in rows if level not in GUARDED_LEVELS}
    shapes = province_counties(session, province)
    return {
        "taxon": rows,
        "name": _names(session, numbers),
        "lookalike": _lookalikes(session, on, numbers),
        "county": [(shape.county.code, shape.county.name_zh) for shape in shapes],
        "cell": list(cells_of_counties(shapes)),
        "likely": _likely(session, records_until, {i: number for i, number in numbers.items() if i in open_taxa}),
    }


def numbers_of(taxon_ids: Iterable[str]) -> dict[str, int]:
    """Whole numbers for the inside of a pack, out of the id itself: another taxon more moves none of them."""
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for taxon_id in sorted(taxon_ids):
        number = int(taxon_id.replace("-", ""), 16) >> (128 - _NUMBER_BITS)
        while number in taken:
            number += 1
        taken.add(number)
        numbers[taxon_id] = number
    return numbers


def _taxa(session: Session) -> list[ResolvedTaxon]:
    rows = session.execute(
        text(f"SELECT {TAXON_COLUMNS} FROM {TAXON_SOURCE} WHERE t.status = 'accepted' ORDER BY t.taxon_id")
    )
    return [ResolvedTaxon(**row) for row in rows.mappings()]


def _taxon(number: int, taxon: ResolvedTaxon, rules: SensitivityRules, covered: Coverage) -> Row:
    entries = covered.matches(taxon)
    classes = {entry.category for entry in entries if entry.kind == "protected" and entry.applies_to("wild")}
    return (
        number,
        taxon.taxon_id,
        taxon.rank,
        taxon.class_name,
        taxon.family,
        taxon.group_zh,
        min(classes & {"I", "II"}, default=None),
        int("provincial" in classes),
        int(any(entry.kind == "invasive" for entry in entries)),
        rules.level_for(taxon)[0] or None,
    )


def _names(session: Session, numbers: Mapping[str, int]) -> list[Row]:
    """Every name of a taxon once, as the best of what it is; English names would need a search of their own."""
    readings = load_readings(session)
    of_taxon: dict[tuple[str, str], Any] = {}
    for row in sorted(session.execute(_NAMES), key=lambda row: (_KINDS_OF_NAME.index(row.kind), row.language)):
        of_taxon.setdefault((row.taxon_id, row.name), row)
    read: dict[str, str] = {}
    for row in of_taxon.values():
        if row.language == "zh" and row.name not in read:
            read[row.name] = ";".join(every_reading(readings, row.name))
    return [
        (
            numbers[row.taxon_id],
            row.name,
            row.language,
            row.kind,
            read.get(row.name, "") if row.language == "zh" else "",
        )
        for row in of_taxon.values()
    ]


def _likely(session: Session, until: datetime, numbers: Mapping[str, int]) -> list[Row]:
    """What was recorded under a name that a newer list replaced counts for the taxon that has it now."""
    superseded = session.execute(
        text("SELECT taxon_id::text, scientific_name FROM xiangye.taxon WHERE status = 'superseded' ORDER BY taxon_id")
    ).all()
    heirs = resolve_many(session, [(name, None) for _, name in superseded])
    now = {old: heir.taxon_id for (old, _), heir in zip(superseded, heirs, strict=True) if heir}
    weights: Counter[tuple[str, int, int]] = Counter()
    for row in session.execute(_LIKELY, {"until": until, "guarded": list(GUARDED_LEVELS)}):
        number = numbers.get(now.get(row.taxon_id, row.taxon_id))
        if number is not None:
            weights[row.county_code, row.month, number] += row.weight
    return [(*key, weight) for key, weight in weights.items()]


def _lookalikes(session: Session, on: date, numbers: Mapping[str, int]) -> list[Row]:
    """Both ways: the words name both species. Where several lists tell a pair apart, they stand one after the other."""
    in_force = list_versions(session, on)
    bound = {"lists": [one.list_id for one in in_force], "versions": [one.version for one in in_force]}
    told: dict[tuple[int, int], dict[str, None]] = defaultdict(dict)
    for row in session.execute(_LOOKALIKES, bound):
        if row.taxon_id in numbers and row.other_id in numbers:
            pair = numbers[row.taxon_id], numbers[row.other_id]
            for both in (pair, pair[::-1]):
                told[both][row.difference_zh] = None
    return [(taxon, other, "；".join(words)) for (taxon, other), words in told.items()]
