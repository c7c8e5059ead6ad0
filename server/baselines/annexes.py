"""Annexes: species lists, the log of survey events, the cells, the quality of the data."""

from collections import Counter
from collections.abc import Sequence

from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.edition import SUPPRESSED
from server.baselines.effort import effort_of
from server.baselines.methods import surveyed_cells
from server.baselines.species import COUNTING_RULE, SpeciesLine
from server.baselines.study import Sighting, group_of_unit, method_zh
from server.reporting.document import Block, Cell, Code, Column, Latin, Paragraph, Table
from server.reporting.presences import is_guarded
from server.reporting.small_counts import small
from server.sensitivity.records import FrozenRecord
from shared.checks import FLAGS
from shared.clock import CHINA, observed_interval
from shared.vocabulary import EVENT_TYPES, label

_RECORDS = Column("records", "记录数", "条", align="right")
_SPECIES_COLUMNS = (
    Column("number", "序号", align="right"),
    Column("name_zh", "中文名"),
    Column("scientific_name", "学名"),
    Column("group", "类群"),
    Column("family", "科"),
    Column("protection", "国家重点保护"),
    Column("red_list", "红色名录"),
    Column("invasive", "外来入侵名录"),
    Column("evidence", "证据类别"),
    Column("records", "记录数", "条", align="right"),
    Column("first", "首次记录"),
    Column("last", "最近记录"),
)


def checklist(draft: Draft) -> tuple[Block, ...]:
    if not draft.lines:
        return (Paragraph("没有可列入名录的物种记录。"), *_unplaced(draft))
    table = _species_table(draft, "checklist", f"{draft.county}物种名录", draft.lines)
    return (Paragraph(("本名录共", draft.species, "种。")), table, *_unplaced(draft))


def protected(draft: Draft) -> tuple[Block, ...]:
    if not draft.protected:
        return ()
    return (_species_table(draft, "protected", f"{draft.county}国家重点保护物种", draft.protected),)


def invasive_list(draft: Draft) -> tuple[Block, ...]:
    if not draft.invasive:
        return ()
    return (_species_table(draft, "invasive_list", f"{draft.county}外来入侵物种", draft.invasive),)


def _species_table(draft: Draft, name: str, title: str, lines: Sequence[SpeciesLine]) -> Table:
    rows = tuple(_species_row(draft, n, line) for n, line in enumerate(lines, 1))
    counted = f"{COUNTING_RULE}；首次和最近记录为观察日期"
    hidden = () if draft.edition.restricted else ("敏感物种的日期只公布到年",)
    return Table(
        name, title, "种、条", SOURCE, counted, _SPECIES_COLUMNS, rows, notes=(*draft.notes, *hidden), landscape=True
    )


def _species_row(draft: Draft, number: int, line: SpeciesLine) -> tuple[Cell, ...]:
    taxon, first, last = line.taxon, line.first, line.last
    family: Cell = taxon.family_zh or (Latin(taxon.family) if taxon.family else None)
    return (
        number,
        taxon.name_zh,
        Latin(taxon.scientific_name),
        taxon.group_zh,
        family,
        line.protection_zh,
        taxon.red_list,
        "、".join(taxon.invasive_lists) or None,
        line.evidence or None,
        draft.edition.count(line),
        draft.edition.date_text(first, first.first if first else None),
        draft.edition.date_text(last, last.last if last else None),
    )


def _unplaced(draft: Draft) -> tuple[Block, ...]:
    """Names that are no accepted species: told apart, never dropped, never counted."""
    found: dict[tuple[str, str, str], list[Sighting]] = {}
    for one in draft.study.unplaced:
        found.setdefault(_unplaced_name(one), []).append(one)
    if not found:
        return ()
    rows = tuple(
        (chinese or None, Latin(latin) if latin else None, why, SUPPRESSED if _too_few(draft, seen) else len(seen))
        for (chinese, latin, why), seen in sorted(found.items())
    )
    columns = (Column("name_zh", "中文名"), Column("scientific_name", "学名"), Column("why", "未计入的原因"), _RECORDS)
    return (
        Table(
            "unplaced",
            "未计入物种数的名称",
            "个、条",
            SOURCE,
            "只鉴定到属及以上、待核或无法归入名录的名称，每个名称一行",
            columns,
            rows,
            notes=(DASH_NOTE,) if draft.edition.restricted else (DASH_NOTE, f"“{SUPPRESSED}”表示其中敏感记录少于5条"),
        ),
    )


def _too_few(draft: Draft, seen: Sequence[Sighting]) -> bool:
    return not draft.edition.restricted and small(sum(is_guarded(one.record) for one in seen))


def _unplaced_name(one: Sighting) -> tuple[str, str, str]:
    said = one.body["taxon"]
    if one.taxon is None:
        return said.get("name_zh") or said.get("verbatim_name") or "", said.get("scientific_name") or "", "无法归入名录"
    why = "待核名称" if one.taxon.status != "accepted" else "只鉴定到属及以上"
    return one.taxon.name_zh or "", one.taxon.scientific_name, why


def effort_log(draft: Draft) -> tuple[Block, ...]:
    units = [unit for line in draft.effort for unit in line.units]
    # By the day that is told: a year between two days would tell the day after all.
    units.sort(key=lambda unit: (_day_told(draft, unit) or "9", unit.id))
    if not units:
        return ()
    columns = (
        Column("number", "序号", align="right"),
        Column("date", "日期"),
        Column("type", "类型"),
        Column("method", "方法"),
        Column("group", "类群"),
        Column("place", "地点名称"),
        Column("cell", "10 km网格"),
        Column("length", "里程", "km", 2, align="right"),
        Column("minutes", "时长", "分钟", 0, align="right"),
        Column("species", "物种数", "种", align="right"),
    )
    rows = tuple(_log_row(draft, n, unit) for n, unit in enumerate(units, 1))
    hidden = (
        ()
        if draft.edition.restricted
        else ("地点名称不公开，巡护的日期按敏感信息概化", "物种数不含敏感物种，以免由调查地点推知其位置")
    )
    return (
        Table(
            "effort_log",
            "调查事件登记表",
            "见各栏",
            SOURCE,
            "每次调查一行；物种数为该次调查“有”记录的种数",
            columns,
            rows,
            notes=(DASH_NOTE, *hidden),
            landscape=True,
        ),
    )


def _log_row(draft: Draft, number: int, unit: FrozenRecord) -> tuple[Cell, ...]:
    effort = effort_of(unit, draft.study)
    found = {one.taxon.taxon_id for one in draft.open_sightings if one.taxon and one.unit and one.unit.id == unit.id}
    cell = draft.edition.grid_cell(unit, draft.study)
    return (
        number,
        _day_told(draft, unit),
        label(EVENT_TYPES, draft.edition.told_code(EVENT_TYPES, unit.body["event_type"])),
        method_zh(unit.body["sampling_protocol"]),
        group_of_unit(unit),
        unit.body.get("location_name") if draft.edition.restricted else None,
        Code(cell) if cell else None,
        effort.length_m / 1000 if effort.length_m is not None else None,
        effort.duration_min,
        len(found),
    )


def _told_by_year(draft: Draft, unit: FrozenRecord) -> bool:
    return not draft.edition.restricted and unit.id in draft.guarded_visits


def _day_told(draft: Draft, unit: FrozenRecord) -> str | None:
    start, _ = observed_interval(unit.body)
    day = start.astimezone(CHINA).date().isoformat() if start else None
    return day[:4] if day and _told_by_year(draft, unit) else day


def grid(draft: Draft) -> tuple[Block, ...]:
    """Counts of records that are not guarded; a guarded one would be brought nearer by the cell's outline."""
    surveyed = surveyed_cells(draft)
    records: Counter[str] = Counter()
    species: dict[str, set[str]] = {}
    for one in draft.open_sightings:
        code = draft.edition.grid_cell(one.record, draft.study)
        if code and one.taxon:
            records[code] += 1
            species.setdefault(code, set()).add(one.taxon.taxon_id)
    columns = (
        Column("cell", "网格编码"),
        Column("share", "县内面积占比", "%", 1, align="right"),
        Column("surveyed", "开展过调查事件"),
        Column("records", "记录数", "条", align="right"),
        Column("species", "物种数", "种", align="right"),
    )
    rows = tuple(
        (Code(cell.code), cell.share * 100, cell.code in surveyed, records[cell.code], len(species.get(cell.code, ())))
        for cell in draft.study.snapshot.context.cells
    )
    if not rows:
        return (Paragraph("没有载入10 km网格。"),)
    label = draft.study.snapshot.context.grid_label
    counted = "按记录位置所在网格计" + ("" if draft.edition.restricted else "，不含敏感记录")
    return (
        Table(
            "grid",
            "10 km网格完成情况",
            "见各栏",
            SOURCE,
            counted,
            columns,
            rows,
            notes=(f"网格编码为本系统自编（{label}）",),
        ),
    )


def unclear_row(unclear: Sequence[Sighting]) -> list[tuple[Cell, ...]]:
    """No row where there are none."""
    return [("有无以本系统不认识的代码表示、两不计入的记录", len(unclear))] if unclear else []


_ALL_RECORDS, _COUNTED = "记录总数", "计入物种名录的“有”记录"


def quality(draft: Draft) -> tuple[Block, ...]:
    study = draft.study
    # In public of open records alone: what is left of a sum would tell how many are kept back.
    everything = draft.edition.open_to_it((*study.sightings, *study.unplaced, *study.absences, *study.unclear))
    unplaced = draft.edition.open_to_it(study.unplaced)
    flags = Counter(flag for one in everything for flag in one.record.flags)
    named = [(FLAGS[code], flags[code]) for code in FLAGS if flags[code]]
    rows: list[tuple[Cell, ...]] = [
        (_ALL_RECORDS, len(everything) + len(study.evidence)),
        (_COUNTED, len(study.sightings)),
        ("“有”但未计入物种数的记录", len(unplaced)),
        ("“未见”记录", len(study.absences)),
        *unclear_row(draft.edition.open_to_it(study.unclear)),
        ("同一事件的单张影像等，不重复计数", len(study.evidence)),
        ("存在版本冲突、待人工处理的记录", sum(one.record.state == "conflict" for one in everything)),
        *((f"标记：{name}", count) for name, count in named),
    ]
    if not draft.edition.restricted:
        rows = [row for row in rows if row[0] not in (_ALL_RECORDS, _COUNTED)]
    columns = (Column("item", "项目"), Column("records", "记录数", "条", align="right"))
    text = "被标记的记录照常保留，没有位置或坐标为零的记录不上图；本报告不因标记删除记录。"
    return (
        Paragraph(text),
        Table(
            "quality",
            "数据质量",
            "条",
            SOURCE,
            "出现记录按截至日期的状态计；一条记录可有多个标记"
            + ("" if draft.edition.restricted else "；除“未见”记录外不含敏感记录"),
            columns,
            tuple(rows),
        ),
    )
