"""Chapter 外来入侵物种: which counties are invaded by what, then and now."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from server.assessments.assessment import Assessment
from server.assessments.columns import NAME, both, figure
from server.assessments.comparison import GAINED, UNSURVEYED_BEFORE
from server.assessments.province_map import province_map
from server.assessments.species import records_of_taxon
from server.baselines.species import SpeciesLine
from server.baselines.study import Sighting
from server.reporting.document import Block, Cell, Column, Figure, Latin, Paragraph, Section, Table
from server.snapshots.context import Taxon


def invasives(assessment: Assessment) -> tuple[Block, ...]:
    taxa = invasive_taxa(assessment)
    if not taxa:
        return ()
    before, now = invaded(assessment)
    counts = [
        sum(bool(line.taxon.invasive_lists) for line in lines)
        for lines in (assessment.lines_before, assessment.lines_now)
    ]
    text = (
        f"本期记录到列入名录的外来入侵物种{counts[1]}种，上期{counts[0]}种。有外来入侵物种记录的县本期{len(now)}个、上期{len(before)}个，"
        f"其中仅本期有记录的{len(now - before)}个。仅本期有记录可能因为上期没有调查，不等于新近入侵；扩散速率需要连续普查，不能计算。"
    )
    return (
        Section("入侵县域", (Paragraph(text), _map(assessment, before, now))),
        Section("各物种的发生县与面积", (_table(assessment, taxa),)),
        Section(
            "普查衔接与防治面积",
            (),
            "未载入十年一次的外来入侵物种普查结果和防治作业登记，不能计算防治面积和普查基准以来的变化。",
        ),
    )


def invasive_taxa(assessment: Assessment) -> list[Taxon]:
    taxa = {
        line.taxon.taxon_id: line.taxon
        for line in (*assessment.lines_before, *assessment.lines_now)
        if line.taxon.invasive_lists
    }
    return sorted(taxa.values(), key=lambda taxon: taxon.scientific_name)


def invaded(assessment: Assessment) -> tuple[frozenset[str], frozenset[str]]:
    """Codes of counties with a record of any listed invasive, before and now."""

    def codes(parts: Iterable[tuple[str, Sequence[SpeciesLine]]]) -> frozenset[str]:
        return frozenset(code for code, lines in parts if any(line.taxon.invasive_lists for line in lines))

    counties = assessment.with_records
    return codes((one.area.code, one.lines_before) for one in counties), codes(
        (one.area.code, one.lines_now) for one in counties
    )


def _map(assessment: Assessment, before: frozenset[str], now: frozenset[str]) -> Figure:
    codes = {county.area.code for county in assessment.region.counties}
    classes = (
        ("class0", sorted(codes - before - now), "两期均没有记录"),
        ("class2", sorted(before & now), "两期均有记录"),
        ("recorded", sorted(now - before), "仅本期有记录"),
        ("class1", sorted(before - now), "仅上期有记录"),
    )
    title = f"{assessment.region.province}有外来入侵物种记录的县"
    told = f"两期均有记录{len(before & now)}个县，仅本期{len(now - before)}个，仅上期{len(before - now)}个"
    return province_map(
        assessment,
        "invaded_map",
        title,
        classes,
        "个县",
        "有任一列入名录的外来入侵物种出现记录即计；没有记录不等于没有入侵",
        told,
    )


def _table(assessment: Assessment, taxa: Sequence[Taxon]) -> Table:
    columns = (
        *NAME,
        *both("records", "记录", "条"),
        *both("counties", "县数", "个"),
        Column("new_counties", "本期首次记录的县"),
        figure("area", "本期样地发生面积合计", "m²", 0),
    )
    counted = (
        "县按记录位置所在县计；“本期首次记录的县”注明“可比”的为上期在可比范围内调查过而没有记录，其余上期没有可比调查；"
        "发生面积为本期各样地填报值之和，不外推"
    )
    rows = tuple(_row(assessment, taxon) for taxon in taxa)
    return Table(
        "invasives",
        "外来入侵物种的发生县与面积",
        "见各栏",
        assessment.source,
        counted,
        columns,
        rows,
        notes=assessment.notes,
    )


def _row(assessment: Assessment, taxon: Taxon) -> tuple[Cell, ...]:
    counties = [
        sum(any(line.taxon.taxon_id == taxon.taxon_id for line in lines) for lines in part)
        for part in (
            [one.lines_before for one in assessment.with_records],
            [one.lines_now for one in assessment.with_records],
        )
    ]
    new = [
        one.area.name_zh + ("（可比）" if one.change == GAINED else "")
        for one in assessment.changes
        if one.taxon.taxon_id == taxon.taxon_id and one.change in (GAINED, UNSURVEYED_BEFORE)
    ]
    own = (line for line in assessment.lines_now if line.taxon.taxon_id == taxon.taxon_id)
    return (
        taxon.name_zh,
        Latin(taxon.scientific_name),
        *records_of_taxon(assessment, taxon.taxon_id),
        *counties,
        "、".join(new) or None,
        _area([one for line in own for one in line.sightings]),
    )


def _area(sightings: Sequence[Sighting]) -> Decimal | None:
    """What was typed may be no number; then it is no part of the sum."""
    texts = [
        one["value"]
        for sighting in sightings
        for one in sighting.body.get("measurements") or ()
        if one["code"] == "occurrence_area_m2"
    ]
    values = [
        Decimal(text) for text in texts if text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdigit()
    ]
    return sum(values, Decimal(0)) if values else None
