"""Chapter 总论: task, area, period, and the lists and surveys it rests on."""

from collections.abc import Mapping
from typing import Any

import shapely

from server.baselines.draft import SOURCE, Draft, zh_date
from server.baselines.species import COUNTING_RULE
from server.reporting.document import Block, Code, Column, Figure, Paragraph, Section, Table
from server.reporting.maps import MapSheet, Shapes, draw_map
from shared.vocabulary import SURVEY_KINDS, label


def general(draft: Draft) -> tuple[Block, ...]:
    county, (first, last) = draft.study.county, draft.dates
    period = f"记录的观察日期为{zh_date(first)}至{zh_date(last)}" if first and last else "记录均未注明观察日期"
    where = (
        county.province_name
        if county.prefecture_name == county.province_name
        else county.province_name + county.prefecture_name
    )
    task = (
        f"本报告汇编{where}{county.name_zh}（行政区划代码{county.code}）截至{draft.cutoff_zh}24时收到的生物多样性调查数据，"
        f"{period}。报告的提纲、方法限值和名录均为带版本的数据，{draft.profile.status_zh}。"
    )
    return (
        Section("任务与范围", (Paragraph(task), Paragraph(COUNTING_RULE + "。"), _location(draft))),
        Section(
            "调查项目与数据集",
            _surveys(draft),
            None if draft.study.snapshot.context.surveys else "没有登记的调查项目。",
        ),
        Section(
            "名录与行政区界线版本",
            _lists(draft),
            None if draft.study.snapshot.context.lists else "没有现行有效的名录。",
        ),
    )


BOUNDARY_SOURCE = "县级界线：天地图行政区划（版本见“数据版本与校验”）"


def neighbour_layers(draft: Draft) -> tuple[Shapes, ...]:
    neighbours = draft.study.snapshot.context.neighbours
    return (Shapes("neighbour", tuple(one.shape for one in neighbours), "相邻县级行政区"),) if neighbours else ()


def _location(draft: Draft) -> Figure:
    county, neighbours = draft.study.county, draft.study.snapshot.context.neighbours
    frame = shapely.unary_union([county.shape.buffer(0.12)])
    named = [(one.shape.intersection(shapely.box(*frame.bounds)), one.name_zh) for one in neighbours]
    names = [(*_label(shape), name) for shape, name in named if not shape.is_empty]
    sheet = MapSheet(
        "location",
        f"{county.name_zh}位置图",
        frame,
        (*neighbour_layers(draft), Shapes("area", (county.shape,), county.name_zh)),
        BOUNDARY_SOURCE,
        draft.cutoff_zh,
        names=(*names, (*_label(county.shape), county.name_zh)),
        tallest_in=4.6,
    )
    return Figure(
        "location",
        sheet.title,
        "经纬度",
        BOUNDARY_SOURCE,
        "按县级界线绘制，不含记录",
        draw_map(draft.settings, sheet),
        f"{county.name_zh}及相邻县级行政区的界线",
        is_map=True,
    )


def _label(shape: Any) -> tuple[float, float]:
    point = shape.representative_point()
    return float(point.x), float(point.y)


def _surveys(draft: Draft) -> tuple[Block, ...]:
    context = draft.study.snapshot.context
    if not context.surveys:
        return ()
    rows = []
    for survey in context.surveys.values():
        dataset = context.datasets.get(survey.dataset_id)
        rows.append(
            (
                survey.title,
                label(SURVEY_KINDS, survey.kind),
                dataset.title if dataset else None,
                dataset.owner if dataset else None,
                Code(dataset.licence) if dataset and dataset.licence else None,
            )
        )
    columns = (
        Column("survey", "调查项目"),
        Column("kind", "类型"),
        Column("dataset", "数据集"),
        Column("owner", "数据所有单位"),
        Column("licence", "使用许可"),
    )
    return (
        Table(
            "surveys", "调查项目与数据集", "项", SOURCE, "有记录选入本报告的调查项目，每项一行", columns, tuple(rows)
        ),
    )


def _lists(draft: Draft) -> tuple[Block, ...]:
    if not draft.study.snapshot.context.lists:
        return ()
    columns = (
        Column("title", "名录"),
        Column("announcement", "公告"),
        Column("version", "版本"),
        Column("in_force", "施行日期"),
        Column("taxa", "条目", "条", align="right"),
        Column("unverified", "未逐条核对", "条", align="right"),
    )
    rows = tuple(
        (
            one["title_zh"],
            one["announcement"],
            Code(str(one["version"])),
            one["in_force_on"],
            _entries(one),
            int(one["unverified_count"]),
        )
        for one in draft.study.snapshot.context.lists
    )
    counted = "截至日期有效的名录版本；条目含按属、科等列入的条目；未逐条核对的条目是至编制时尚无人核对的行"
    return (
        Table(
            "lists",
            "采用的名录及版本",
            "条",
            SOURCE,
            counted,
            columns,
            rows,
            notes=("“—”表示名录说明文件未注明，或该表不含物种条目",),
        ),
    )


def _entries(one: Mapping[str, Any]) -> int | None:
    """None for a table of names or readings, which lists no species."""
    return int(one["taxon_count"]) + int(one["group_count"]) or None
