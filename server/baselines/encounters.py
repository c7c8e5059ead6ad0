"""Encounter rates on transects: individuals a kilometre, the lines without a find included."""

from decimal import Decimal

from server.baselines.draft import SOURCE, Draft
from server.baselines.edition import SUPPRESSED
from server.baselines.effort import EffortLine
from server.baselines.study import Sighting, method_zh
from server.reporting.document import Block, Cell, Column, Latin, Table
from server.reporting.presences import is_guarded
from server.reporting.small_counts import any_small
from server.snapshots.context import Taxon
from server.statistics.effort import ENCOUNTER_RATE_NAME, encounter_rate

_TARGETS = {"鸟类": "birds", "哺乳类": "mammals", "爬行类": "reptiles", "两栖类": "amphibians"}


def encounter_table(draft: Draft, group: str) -> tuple[Block, ...]:
    """One table for each transect method that looks for this group."""
    effort = [line for line in draft.effort if group in line.groups and line.lines and line.kilometres]
    tables = [_table(draft, line, group) for line in effort]
    return tuple(table for table in tables if table.rows)


def _table(draft: Draft, effort: EffortLine, group: str) -> Table:
    units = {unit.id: one.length_m or Decimal(0) for unit, one in zip(effort.units, effort.efforts, strict=True)}
    found: dict[str, list[Sighting]] = {}
    for one in (*draft.study.sightings, *draft.study.absences):
        if one.unit is not None and one.unit.id in units and one.taxon is not None and one.taxon.group_zh == group:
            found.setdefault(one.taxon.taxon_id, []).append(one)
    rows = [_row(draft, seen, units) for seen in found.values() if seen[0].taxon]
    rows.sort(key=lambda row: str(row[1]))
    columns = (
        Column("name_zh", "中文名"),
        Column("scientific_name", "学名"),
        Column("individuals", "个体数", "只", align="right"),
        Column("rate", "遇见率", "只/km", 2, align="right"),
        Column("seen", "见到", "次", align="right"),
        Column("absent", "搜寻未见", "次", align="right"),
    )
    name = f"encounters_{_TARGETS.get(group, 'other')}_{effort.method}"
    counted = (
        f"{ENCOUNTER_RATE_NAME}；里程合计{effort.kilometres:.2f} km；“搜寻未见”为列入目标而未见到的次数，不是没有搜寻"
    )
    return Table(
        name,
        f"{group}遇见率（{method_zh(effort.method)}）",
        "见各栏",
        SOURCE,
        counted,
        columns,
        tuple(rows),
        notes=draft.notes,
    )


def _row(draft: Draft, seen: list[Sighting], units: dict[str, Decimal]) -> tuple[Cell, ...]:
    taxon = seen[0].taxon
    assert taxon is not None
    present = [one for one in seen if one.body["occurrence_status"] == "present"]
    individuals = sum(one.individuals for one in present)
    by_unit = [
        (sum(one.individuals for one in present if one.unit and one.unit.id == unit), length)
        for unit, length in units.items()
    ]
    visits = len({one.unit.id for one in present if one.unit})
    counts: tuple[Cell, ...] = (individuals, encounter_rate(by_unit).value, visits)
    if present and _hides(draft, taxon, present, (individuals, visits)):
        counts = (SUPPRESSED, None, None)
    return (taxon.name_zh, Latin(taxon.scientific_name), *counts, len(seen) - len(present))


def _hides(draft: Draft, taxon: Taxon, present: list[Sighting], counts: tuple[int, int]) -> bool:
    """Also where the few are those that the method did not find: the list's number would tell them."""
    line = next((line for line in draft.lines if line.taxon.taxon_id == taxon.taxon_id), None)
    if draft.edition.restricted or line is None or not line.guarded:
        return False
    found = sum(is_guarded(one.record) for one in present)
    return draft.edition.hides(line) or any_small((found, line.guarded - found, *counts))
