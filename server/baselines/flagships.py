"""Chapter 重点物种: a page for each flagship and class-I species that was recorded."""

import shapely
from shapely.geometry.base import BaseGeometry

from server.baselines.draft import SOURCE, Draft
from server.baselines.general import BOUNDARY_SOURCE, neighbour_layers
from server.baselines.groups import species_name
from server.baselines.species import SpeciesLine
from server.reporting.document import Block, Figure, Inline, Listing, Section
from server.reporting.maps import MapSheet, Points, Shapes, draw_map

_LEVELS = {1: "只公布到行政区名称", 2: "概化到0.1°网格", 3: "概化到0.01°网格", 4: "概化到0.001°网格", 0: "不作概化"}


def flagships(draft: Draft) -> tuple[Block, ...]:
    return tuple(_page(draft, line) for line in flagship_lines(draft))


def flagship_lines(draft: Draft) -> list[SpeciesLine]:
    named = draft.profile.flagships
    return [line for line in draft.lines if line.taxon.scientific_name in named or line.protection_zh == "一级"]


def _page(draft: Draft, line: SpeciesLine) -> Section:
    first, last = line.first, line.last
    shown = draft.edition.count(line)
    facts: list[tuple[Inline, ...]] = [
        ("保护级别：", f"国家{line.protection_zh}" if line.protection_zh else "未列入国家重点保护名录"),
        ("记录：", shown if isinstance(shown, str) else f"{shown}条", f"；证据类别：{line.evidence or '未注明'}"),
        (
            "首次与最近记录：",
            draft.edition.date_text(first, first.first if first else None) or "未注明日期",
            "、",
            draft.edition.date_text(last, last.last if last else None) or "未注明日期",
        ),
        ("位置公开程度：", _LEVELS[line.level]),
        ("种群估计、生境与威胁：", "未开展专项调查，无数据"),
    ]
    if line.taxon.red_list:
        facts.insert(1, ("红色名录等级：", line.taxon.red_list, "（中国）"))
    where = _map(draft, line)
    if where is None:
        facts.append(("分布图：", "本版不公布该物种的位置，不附图"))
    return Section(species_name(line), (Listing(tuple(facts)), *((where,) if where else ())))


def _map(draft: Draft, line: SpeciesLine) -> Figure | None:
    county = draft.study.county
    cells = _cells(draft, line)
    dots = tuple(sorted({p for p in (draft.edition.position(one.record) for one in line.sightings) if p}))
    if not cells and not dots:
        return None
    name = f"flagship_{line.taxon.scientific_name.lower().replace(' ', '_').replace('.', '')}"
    layers = (
        *neighbour_layers(draft),
        Shapes("area", (county.shape,)),
        *((Shapes("guarded", cells, "概化网格"),) if cells else ()),
        Shapes("outline", (county.shape,), f"{county.name_zh}界"),
    )
    title = f"{line.taxon.name_zh or '重点物种'}记录分布图"
    sheet = MapSheet(
        name,
        title,
        county.shape,
        layers,
        f"{BOUNDARY_SOURCE}；记录取自本报告数据快照",
        draft.cutoff_zh,
        points=(Points("record", dots, "记录位置"),) if dots else (),
        tallest_in=3.9,
    )
    return Figure(
        name,
        title,
        "处",
        f"{BOUNDARY_SOURCE}；{SOURCE}",
        "同一网格或同一位置的多条记录只画一次",
        draw_map(draft.settings, sheet),
        f"{title}：概化网格{len(cells)}个，记录位置{len(dots)}处",
        is_map=True,
    )


def _cells(draft: Draft, line: SpeciesLine) -> tuple[BaseGeometry, ...]:
    county = draft.study.county.shape
    if draft.edition.hides(line):
        return ()
    found = [draft.edition.disclosure_cell(one.record, county) for one in line.sightings]
    unique = {cell.wkt: cell for cell in found if cell is not None}
    return tuple(shapely.normalize(unique[key]) for key in sorted(unique))
