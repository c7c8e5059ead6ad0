"""Annexes: methods and parameters, county tables, the list of species, every change, lists, sources, uncertainty."""

from collections import Counter
from collections.abc import Sequence

from server.assessments.assessment import Assessment
from server.assessments.columns import COUNTY, NAME, both, figure
from server.assessments.comparison import GAINED, NOT_REFOUND, cells_surveyed
from server.assessments.species import CHANGE_COUNTED, basis_zh, counties_of_taxon, records_of_taxon, taxon_cells
from server.baselines.annexes import unclear_row
from server.baselines.species import COUNTING_RULE, SpeciesLine
from server.baselines.study import method_zh
from server.reporting.document import Block, Cell, Code, Column, Latin, Listing, Paragraph, Section, Table
from server.statistics.hj623 import load_parameters
from shared.checks import FLAGS
from shared.vocabulary import SURVEY_KINDS, label


def methods(assessment: Assessment) -> tuple[Block, ...]:
    return (
        Section("口径与方法", (Listing(assessment.outlines.methods), *_left_out(assessment))),
        Section("区域生物多样性评价参数", (_parameters(),)),
    )


def _left_out(assessment: Assessment) -> tuple[Paragraph, ...]:
    words = assessment.region.snapshot.context.left_out_zh
    return (Paragraph(words),) if words else ()


def _parameters() -> Table:
    parameters = load_parameters()
    columns = (
        Column("indicator", "指标"),
        Column("maximum", "参考最大值", align="right"),
        Column("weight", "权重", decimals=2, align="right"),
        Column("direction", "方向"),
    )
    rows = tuple(
        (f"{i.name_zh}（{i.code}）", str(i.maximum), i.weight, "越高越差" if i.inverse else "越高越好")
        for i in parameters.indicators
    )
    grades = "、".join(f"不低于{low}为“{name}”" for low, name in parameters.grades)
    notes = (
        ("参数集：", Code(parameters.id)),
        f"参数状态：{parameters.status_zh}",
        f"等级：{grades}；边界值归入较高一级",
    )
    counted = f"动物和植物的参考总数分别为{parameters.reference_animals}种和{parameters.reference_plants}种"
    source = f"{parameters.standard}；{parameters.source}"
    return Table("hj623_parameters", "区域生物多样性评价的参数", "无量纲", source, counted, columns, rows, notes=notes)


def county_tables(assessment: Assessment) -> tuple[Block, ...]:
    if not assessment.with_records and not assessment.surveyed:
        return ()
    alike = (_surveyed(assessment),) if assessment.surveyed else ()
    return (*((_counties(assessment),) if assessment.with_records else ()), *alike)


def _counties(assessment: Assessment) -> Table:
    columns = (
        COUNTY,
        Column("code", "代码"),
        Column("prefecture", "市州"),
        *both("records", "记录", "条"),
        *both("species", "物种", "种"),
        figure("protected", "本期重点保护", "种"),
        figure("invasive", "本期外来入侵", "种"),
        *both("visits", "调查", "次"),
        *both("cells", "网格", "个"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in assessment.with_records:
        now = one.lines_now
        rows.append(
            (
                one.area.name_zh,
                one.area.code,
                one.area.prefecture_name,
                assessment.records_of(one.lines_before),
                assessment.records_of(now),
                len(one.lines_before),
                len(now),
                sum(bool(line.protection_zh) for line in now),
                sum(bool(line.taxon.invasive_lists) for line in now),
                len(one.before.units),
                len(one.now.units),
                len(cells_surveyed(one.before)),
                len(cells_surveyed(one.now)),
            )
        )
    counted = f"{COUNTING_RULE}；调查含巡护；网格按非敏感调查事件计；没有任何记录的县不列"
    return Table(
        "counties",
        "各县两期数据",
        "见各栏",
        assessment.source,
        counted,
        columns,
        tuple(rows),
        notes=assessment.notes,
        landscape=True,
    )


def _surveyed(assessment: Assessment) -> Table:
    columns = (
        COUNTY,
        Column("method", "方法"),
        Column("group", "目标类群"),
        *both("visits", "次数", "次"),
        *both("cells", "网格", "个"),
        figure("cells_both", "共同网格", "个"),
        Column("comparable", "可比"),
    )
    rows = tuple(
        (
            one.area.name_zh,
            method_zh(one.method),
            one.group,
            one.visits_before,
            one.visits_now,
            len(one.cells_before),
            len(one.cells_now),
            len(one.cells_before & one.cells_now),
            one.in_both,
        )
        for one in assessment.surveyed
    )
    counted = (
        "调查次数不含巡护；网格按非敏感调查事件的位置计，事件没有位置的取其非敏感记录所在网格；两期都调查过的为可比"
    )
    return Table("surveyed_alike", "各县各方法的两期可比范围", "见各栏", assessment.source, counted, columns, rows)


def checklist(assessment: Assessment) -> tuple[Block, ...]:
    known = {line.taxon.taxon_id for line in assessment.lines_now}
    gone = tuple(line for line in assessment.lines_before if line.taxon.taxon_id not in known)
    blocks: list[Block] = []
    if assessment.lines_now:
        text = ("本期名录共", assessment.species, "种。")
        blocks += [Paragraph(text), _species_table(assessment, "checklist", "本期物种名录", assessment.lines_now)]
    if gone:
        rest = f"上期有记录、本期没有记录的共{len(gone)}种；是否作过可比调查，见各县物种变化附录。"
        blocks += [Paragraph(rest), _species_table(assessment, "checklist_before", "仅上期有记录的物种", gone)]
    return tuple(blocks)


def _species_table(assessment: Assessment, name: str, title: str, lines: Sequence[SpeciesLine]) -> Table:
    columns = (
        Column("number", "序号", align="right"),
        *NAME,
        Column("group", "类群"),
        Column("protection", "国家重点保护"),
        Column("red_list", "红色名录"),
        Column("invasive", "外来入侵名录"),
        Column("evidence", "证据类别"),
        *both("records", "记录", "条"),
        Column("counties_before", "上期的县"),
        Column("counties_now", "本期的县"),
    )
    rows = tuple(_species_row(assessment, n, line) for n, line in enumerate(lines, 1))
    return Table(
        name, title, "种、条", assessment.source, COUNTING_RULE, columns, rows, notes=assessment.notes, landscape=True
    )


def _species_row(assessment: Assessment, number: int, line: SpeciesLine) -> tuple[Cell, ...]:
    taxon = line.taxon
    return (
        number,
        taxon.name_zh,
        Latin(taxon.scientific_name),
        taxon.group_zh,
        line.protection_zh,
        taxon.red_list,
        "、".join(taxon.invasive_lists) or None,
        line.evidence or None,
        *records_of_taxon(assessment, taxon.taxon_id),
        *counties_of_taxon(assessment, taxon.taxon_id),
    )


def changes(assessment: Assessment) -> tuple[Block, ...]:
    if not assessment.changes:
        return ()
    columns = (
        COUNTY,
        *NAME,
        Column("group", "类群"),
        Column("protection", "国家重点保护"),
        Column("change", "变化"),
        Column("basis", "比较依据"),
    )
    rows = tuple(
        (
            one.area.name_zh,
            *taxon_cells(one.taxon),
            one.change,
            basis_zh(one) if one.change in (GAINED, NOT_REFOUND) else None,
        )
        for one in assessment.changes
    )
    notes = ("“—”表示没有中文名、未列入名录或没有可比依据",)
    return (
        Table(
            "county_changes",
            "各县各物种的两期变化",
            "种",
            assessment.source,
            CHANGE_COUNTED,
            columns,
            rows,
            notes=notes,
        ),
    )


def list_bridge(assessment: Assessment) -> tuple[Block, ...]:
    lists = assessment.region.snapshot.context.lists
    if not lists:
        return (Paragraph("没有现行有效的名录，物种的保护级别和入侵属性均不能判定。"),)
    text = (
        "两期记录都按下列同一版本的名录和分类系统归并后再比较，保护级别、入侵属性和接受名的调整不产生两期差异；"
        "历史报告若用旧版名录，其数字不能与本报告直接相减。"
    )
    columns = (
        Column("title", "名录"),
        Column("announcement", "公告"),
        Column("version", "两期共用版本"),
        Column("in_force", "施行日期"),
        figure("unverified", "未逐条核对", "条"),
    )
    rows = tuple(
        (
            one["title_zh"],
            one["announcement"],
            Code(str(one["version"])),
            one["in_force_on"],
            int(one["unverified_count"]),
        )
        for one in lists
    )
    counted = "数据截止日期有效的名录版本；未逐条核对的条目是至编制时尚无人核对的行"
    return (
        Paragraph(text),
        Table(
            "lists",
            "名录版本衔接",
            "条",
            assessment.source,
            counted,
            columns,
            rows,
            notes=("“—”表示名录说明文件未注明",),
        ),
    )


def sources(assessment: Assessment) -> tuple[Block, ...]:
    surveys = assessment.region.snapshot.context.surveys
    return (
        Section(
            "调查项目与数据集", (_surveys(assessment),) if surveys else (), None if surveys else "没有登记的调查项目。"
        ),
        Section("数据质量", (_quality(assessment),)),
    )


def _surveys(assessment: Assessment) -> Table:
    context = assessment.region.snapshot.context
    columns = (
        Column("dataset", "数据集"),
        Column("owner", "数据所有单位"),
        Column("licence", "使用许可"),
        Column("survey", "调查项目"),
        Column("kind", "类型"),
    )
    rows: list[tuple[Cell, ...]] = []
    for survey in context.surveys.values():
        dataset = context.datasets.get(survey.dataset_id)
        facts: tuple[Cell, ...] = (None, None, None)
        if dataset is not None:
            facts = (dataset.title, dataset.owner, Code(dataset.licence) if dataset.licence else None)
        rows.append((*facts, survey.title, label(SURVEY_KINDS, survey.kind)))
    counted = "有记录选入本报告的调查项目，每项一行"
    return Table(
        "surveys", "调查项目与数据集", "项", assessment.source, counted, columns, tuple(rows), notes=("“—”表示未登记",)
    )


def _quality(assessment: Assessment) -> Table:
    region = assessment.region
    whole = region.whole
    everything = assessment.edition.open_to_it((*whole.sightings, *whole.unplaced, *whole.absences, *whole.unclear))
    unplaced = assessment.edition.open_to_it(whole.unplaced)
    flags = Counter(flag for one in everything for flag in one.record.flags)
    columns = (Column("item", "项目"), figure("records", "记录数", "条"))
    rows: list[tuple[Cell, ...]] = [
        ("同一事件的单张影像等，不重复计数", len(whole.evidence)),
        ("没有归入可计数物种的“有”记录", len(unplaced)),
        ("“未见”记录", len(whole.absences)),
        *unclear_row(assessment.edition.open_to_it(whole.unclear)),
        *(((f"标记：{FLAGS[code]}", flags[code])) for code in FLAGS if flags[code]),
    ]
    if assessment.edition.restricted:
        # In public these would tell, by a difference, how many records are kept back.
        outside = len(whole.sightings) - len(region.before.sightings) - len(region.now.sightings)
        rows.insert(0, ("观察日期不在两期之内或不明的物种记录", outside))
        rows.insert(0, ("选入的出现记录合计", len(everything) + len(whole.evidence)))
    counted = "出现记录按截至日期的状态计；没有县级位置的记录不选入；一条记录可有多个标记；被标记的记录照常保留"
    counted += "" if assessment.edition.restricted else "；除“未见”记录外不含敏感记录"
    return Table("quality", "数据质量", "条", assessment.source, counted, columns, tuple(rows))


def uncertainty(assessment: Assessment) -> tuple[Block, ...]:
    return (Listing(assessment.outlines.uncertainty),)
