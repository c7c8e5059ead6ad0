"""Chapter 方法与工作量: effort by group and method, and the cells it reached."""

from collections.abc import Iterable, Sequence

from shapely.geometry.base import BaseGeometry

from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.general import BOUNDARY_SOURCE, neighbour_layers
from server.baselines.study import method_zh
from server.places.grid import GRID_LABEL
from server.reporting.document import Block, Column, Figure, Paragraph, Section, Table
from server.reporting.maps import MapSheet, Points, Shapes, draw_map
from server.sensitivity.records import FrozenRecord

EFFORT_COUNTED = (
    "每次样线、样地、样点或巡护计一次，同一次调查的分段、小样方并入一次，没有记录到物种的也计入；里程取平板或表格填报值，"
    "巡护未填报的按轨迹各段相加，信号间断处不补；时长取填报值，未填报的取起止时间之差"
)


def methods(draft: Draft) -> tuple[Block, ...]:
    text = "偶遇记录和导入的历史记录没有调查工作量，不列入工作量表，也不作为“未见”的依据。"
    return (
        Section(
            "调查方法与工作量",
            (Paragraph(text), *_left_out(draft), *_effort_table(draft)),
            None if draft.effort else "没有样线、样地、样点或巡护事件，无工作量。",
        ),
        Section("调查网格", (Paragraph(_grid_text(draft)), _grid_map(draft)), None),
    )


def _left_out(draft: Draft) -> tuple[Paragraph, ...]:
    words = draft.study.snapshot.context.left_out_zh
    return (Paragraph(words),) if words else ()


def surveyed_cells(draft: Draft) -> set[str]:
    """Cells that hold the start or centre of an event with a method, or, where it has none, what was found on it."""
    units = [unit for line in draft.effort for unit in line.units]
    return _cells_of(units, draft) | _cells_of(_found_on_unplaced_visits(draft, units), draft)


def _found_on_unplaced_visits(draft: Draft, units: Sequence[FrozenRecord]) -> list[FrozenRecord]:
    """A visit without a place of its own was where its finds were; the guarded ones among them do not tell."""
    unplaced = {unit.id for unit in units if unit.exact is None}
    return [one.record for one in draft.open_sightings if one.unit is not None and one.unit.id in unplaced]


def recorded_cells(draft: Draft) -> set[str]:
    return _cells_of(_open_records(draft), draft)


def _cells_of(records: Iterable[FrozenRecord], draft: Draft) -> set[str]:
    known = {cell.code for cell in draft.study.snapshot.context.cells}
    return {code for code in (draft.edition.grid_cell(record, draft.study) for record in records) if code in known}


def _effort_table(draft: Draft) -> tuple[Block, ...]:
    if not draft.effort:
        return ()
    columns = (
        Column("group", "类群"),
        Column("method", "方法"),
        Column("visits", "次数", "次", align="right"),
        Column("lines", "样线", "条次", align="right"),
        Column("plots", "样地", "个", align="right"),
        Column("length", "里程", "km", 2, align="right"),
        Column("hours", "时长", "小时", 1, align="right"),
    )
    rows = tuple(
        (line.group, method_zh(line.method), len(line.units), line.lines, line.plots, line.kilometres, line.hours)
        for line in draft.effort
    )
    return (
        Table(
            "effort", "各类群各方法的调查工作量", "见各栏", SOURCE, EFFORT_COUNTED, columns, rows, notes=(DASH_NOTE,)
        ),
    )


def _grid_text(draft: Draft) -> str:
    cells = draft.study.snapshot.context.cells
    whole = sum(cell.share >= 1 for cell in cells)
    guarded = (
        ""
        if draft.edition.restricted
        else "公开版中，网格统计不含敏感记录；敏感记录只画完全位于县内的概化网格，记录少于5条的物种不画。"
    )
    label = draft.study.snapshot.context.grid_label
    grid = f"网格为本系统自编（{label}）" if label == GRID_LABEL else f"网格采用已载入的{label}"
    return (
        f"全县涉及10 km网格{len(cells)}个，其中完全位于县内的{whole}个；开展过调查事件的{len(surveyed_cells(draft))}个，"
        f"有出现记录的{len(recorded_cells(draft))}个。{grid}。"
        f"未载入调查计划任务，“开展过调查事件”不等于该网格的任务已经完成。{guarded}"
    )


def _grid_map(draft: Draft) -> Figure:
    county, cells = draft.study.county, draft.study.snapshot.context.cells
    surveyed, recorded = surveyed_cells(draft), recorded_cells(draft)
    layers = (
        *neighbour_layers(draft),
        Shapes("area", (county.shape,)),
        Shapes("recorded", tuple(c.shape for c in cells if c.code in recorded - surveyed), "只有出现记录的10 km网格"),
        Shapes("surveyed", tuple(c.shape for c in cells if c.code in surveyed), "开展过调查事件的10 km网格"),
        Shapes("grid", tuple(c.shape for c in cells), "10 km网格"),
        Shapes("guarded", _guarded_cells(draft), "概化网格（敏感记录）"),
        Shapes("outline", (county.shape,), f"{county.name_zh}界"),
    )
    dots = tuple(sorted({p for p in (draft.edition.position(r) for r in _open_records(draft)) if p}))
    sheet = MapSheet(
        "grid_map",
        f"{county.name_zh}调查网格与记录分布图",
        county.shape,
        layers,
        f"{BOUNDARY_SOURCE}；记录取自本报告数据快照",
        draft.cutoff_zh,
        points=(Points("record", dots, "出现记录"),),
    )
    counted = "网格按调查事件的起点或中心（没有位置的按该次调查的一般记录）、出现记录的位置各计一次；位置缺失或坐标为零的记录不上图"
    return Figure(
        "grid_map",
        sheet.title,
        "个网格",
        f"{BOUNDARY_SOURCE}；{SOURCE}",
        counted,
        draw_map(draft.settings, sheet),
        f"{county.name_zh}的10 km网格：{len(surveyed)}个开展过调查事件，{len(recorded - surveyed)}个只有出现记录",
        is_map=True,
    )


def _open_records(draft: Draft) -> list[FrozenRecord]:
    return [one.record for one in draft.edition.open_to_it((*draft.study.sightings, *draft.study.unplaced))]


def _guarded_cells(draft: Draft) -> tuple[BaseGeometry, ...]:
    county = draft.study.county.shape
    told = [one for line in draft.lines if not draft.edition.hides(line) for one in line.sightings]
    unplaced = draft.study.unplaced if draft.edition.restricted else ()
    found = {}
    for one in (*told, *unplaced):
        cell = draft.edition.disclosure_cell(one.record, county)
        if cell is not None:
            found[cell.wkt] = cell
    return tuple(found[key] for key in sorted(found))
