"""Chapter 外来入侵物种: area, cover and damage of each listed species."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.species import SpeciesLine
from server.reporting.document import Block, Cell, Column, Latin, Paragraph, Table
from shared.vocabulary import DAMAGE_GRADES, all_codes, label


def invasives(draft: Draft) -> tuple[Block, ...]:
    if not draft.invasive:
        return ()
    text = (
        f"记录到列入名录的外来入侵物种{len(draft.invasive)}种。发生面积、盖度和危害程度只取自样地调查，偶遇记录没有这些数据。"
        "危害程度的分级标准因物种而异，表中为调查人员现场判定的等级。"
    )
    return (Paragraph(text), _table(draft))


def _table(draft: Draft) -> Table:
    columns = (
        Column("name_zh", "中文名"),
        Column("scientific_name", "学名"),
        Column("records", "记录数", "条", align="right"),
        Column("plots", "样地", "个", align="right"),
        Column("area", "发生面积合计", "m²", 0, align="right"),
        Column("cover", "盖度", "%"),
        Column("damage", "危害程度（样地数）"),
        Column("first", "首次记录"),
    )
    counted = "记录数为“有”的出现记录；发生面积为各样地填报值之和，不外推全县；盖度为各样地填报值的最小至最大"
    return Table(
        "invasives",
        "外来入侵物种发生情况",
        "见各栏",
        SOURCE,
        counted,
        columns,
        tuple(_row(draft, line) for line in draft.invasive),
        notes=(DASH_NOTE,),
    )


def _row(draft: Draft, line: SpeciesLine) -> tuple[Cell, ...]:
    areas, covers = (_decimals(line, code) for code in ("occurrence_area_m2", "cover_pct"))
    plots = {
        one.unit.id
        for one in line.sightings
        if one.unit is not None and one.unit.body["event_type"] in ("plot", "quadrat")
    }
    grades = Counter(_values(line, "damage_grade"))
    damage = "、".join(
        f"{label(DAMAGE_GRADES, code)}{grades[code]}" for code in all_codes(DAMAGE_GRADES, grades) if grades[code]
    )
    first = line.first
    return (
        line.taxon.name_zh,
        Latin(line.taxon.scientific_name),
        draft.edition.count(line),
        len(plots) or None,
        sum(areas, Decimal(0)) if areas else None,
        _range(covers),
        damage or None,
        draft.edition.date_text(first, first.first if first else None),
    )


def _values(line: SpeciesLine, code: str) -> list[str]:
    return [
        one["value"]
        for sighting in line.sightings
        for one in sighting.body.get("measurements", [])
        if one["code"] == code
    ]


def _decimals(line: SpeciesLine, code: str) -> list[Decimal]:
    return [value for value in map(_decimal, _values(line, code)) if value is not None]


def _decimal(text: str) -> Decimal | None:
    """What was typed may be no number; then it is no part of a sum."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _range(values: Iterable[Decimal]) -> str | None:
    found = sorted(values)
    if not found:
        return None
    return f"{found[0]:g}" if found[0] == found[-1] else f"{found[0]:g}–{found[-1]:g}"
