"""Chapter 旗舰物种与极小种群物种: every flagship of the outline, recorded or not, and who looked for it."""

from server.assessments.assessment import Assessment
from server.assessments.columns import COUNTIES, NAME, both
from server.assessments.species import counties_of_taxon, records_of_taxon
from server.baselines.species import SpeciesLine
from server.reporting.document import Block, Column, Latin, Listing, Paragraph, Section, Table

_NO_ESTIMATES = (
    "未载入长江江豚同步考察、越冬水鸟同步调查、麋鹿与极小种群野生植物专项调查的数量估计及其区间，不能给出种群数量和趋势；"
    "记录条数不能当作种群数量。"
)


def flagships(assessment: Assessment) -> tuple[Block, ...]:
    lines = flagship_lines(assessment)
    names = {line.taxon.scientific_name for line in lines}
    unseen = sorted(assessment.outlines.profile.flagships - names)
    return (
        Section("记录情况", *_recorded(assessment, lines)),
        Section(
            "两期均没有记录的旗舰物种",
            _unseen(unseen),
            None if unseen else "提纲所列旗舰物种的名称在两期中至少一期有记录。",
        ),
        Section("种群数量与趋势", (), _NO_ESTIMATES),
    )


def _unseen(names: list[str]) -> tuple[Block, ...]:
    if not names:
        return ()
    text = "提纲所列、两期均没有出现记录的名称如下；没有记录不等于没有分布。"
    return (Paragraph(text), Listing(tuple((Latin(name),) for name in names)))


def flagship_lines(assessment: Assessment) -> list[SpeciesLine]:
    wanted = assessment.outlines.profile.flagships
    lines = {line.taxon.taxon_id: line for line in (*assessment.lines_before, *assessment.lines_now)}
    chosen = [line for line in lines.values() if line.taxon.scientific_name in wanted or line.protection_zh == "一级"]
    return sorted(
        chosen,
        key=lambda line: (line.taxon.scientific_name not in wanted, line.taxon.group_zh, line.taxon.scientific_name),
    )


def _recorded(assessment: Assessment, lines: list[SpeciesLine]) -> tuple[tuple[Block, ...], str | None]:
    if not lines:
        return (), "两期均没有旗舰物种和国家一级重点保护物种的出现记录；没有记录不等于没有分布。"
    columns = (
        *NAME,
        Column("kind", "类别"),
        *both("records", "记录", "条"),
        *COUNTIES,
    )
    rows = tuple(
        (
            line.taxon.name_zh,
            Latin(line.taxon.scientific_name),
            _kind(assessment, line),
            *records_of_taxon(assessment, line.taxon.taxon_id),
            *counties_of_taxon(assessment, line.taxon.taxon_id),
        )
        for line in lines
    )
    counted = "旗舰物种按评估提纲，另列国家一级重点保护物种；记录数为“有”的出现记录，不是个体数"
    title = "旗舰物种与国家一级重点保护物种的记录"
    return (
        Table("flagships", title, "见各栏", assessment.source, counted, columns, rows, notes=assessment.notes),
    ), None


def _kind(assessment: Assessment, line: SpeciesLine) -> str:
    kinds = ["旗舰物种"] if line.taxon.scientific_name in assessment.outlines.profile.flagships else []
    return "、".join(kinds + ([f"国家{line.protection_zh}"] if line.protection_zh else []))
