"""One region, one edition, one report."""

from collections.abc import Callable, Mapping

from server.assessments import annexes
from server.assessments.assessment import Assessment
from server.assessments.conclusions import conclusions
from server.assessments.county_index import county_index
from server.assessments.flagships import flagships
from server.assessments.invasives import invaded, invasives
from server.assessments.pressures import pressures, protection
from server.assessments.scope import scope
from server.assessments.species import species
from server.assessments.threatened import threatened
from server.baselines.build import DEMONSTRATION
from server.baselines.survey_profile import Outline
from server.reporting.document import Block, Chapter, Code, Foreign, Listing, Paragraph, Report, Text
from server.reporting.maps import approval

Writer = Callable[[Assessment], tuple[Block, ...]]
_CHAPTERS: Mapping[str, Writer] = {
    "scope": scope,
    "species": species,
    "threatened": threatened,
    "flagships": flagships,
    "invasives": invasives,
    "pressures": pressures,
    "protection": protection,
    "county_index": county_index,
    "conclusions": conclusions,
}
_ANNEXES: Mapping[str, Writer] = {
    "methods": annexes.methods,
    "county_tables": annexes.county_tables,
    "checklist": annexes.checklist,
    "changes": annexes.changes,
    "list_bridge": annexes.list_bridge,
    "sources": annexes.sources,
    "uncertainty": annexes.uncertainty,
}


def build(assessment: Assessment) -> Report:
    profile, period = assessment.outlines.profile, assessment.region.period
    return Report(
        title=f"{assessment.region.province}{profile.title}",
        subtitle=f"评估期{period.title}；{assessment.scope_zh}；数据截至{assessment.cutoff_zh}",
        edition=assessment.edition.title,
        cover=_cover(assessment),
        marks=_marks(assessment),
        abstract=_abstract(assessment),
        basis=profile.basis,
        chapters=tuple(_chapter(assessment, outline, _CHAPTERS) for outline in profile.chapters),
        annexes=tuple(_chapter(assessment, outline, _ANNEXES) for outline in profile.annexes),
        data_version=_data_version(assessment),
        references=tuple(Foreign(text) if text[0].isascii() else text for text in profile.references),
    )


def _chapter(assessment: Assessment, outline: Outline, writers: Mapping[str, Writer]) -> Chapter:
    """A chapter without a writer has no data in this release of the database; its outline says why."""
    blocks = writers[outline.key](assessment) if outline.key in writers else ()
    return Chapter(outline.title, blocks, None if blocks else outline.no_data)


def _marks(assessment: Assessment) -> tuple[str, ...]:
    return (
        (DEMONSTRATION, approval(assessment.settings)) if assessment.demonstration else (approval(assessment.settings),)
    )


def _cover(assessment: Assessment) -> tuple[tuple[str, Text], ...]:
    snapshot, period = assessment.region.snapshot, assessment.region.period
    owners = dict.fromkeys(dataset.owner for dataset in snapshot.context.datasets.values())
    shown = (
        "含敏感物种的精确资料，限有权人员使用，不得复制外传"
        if assessment.edition.restricted
        else "敏感物种的位置和少量记录数已按规则概化"
    )
    return (
        ("评估范围", assessment.scope_zh),
        ("评估期", period.title),
        ("对比期", period.previous.title),
        ("数据所有单位", "、".join(owners) or "未登记"),
        ("数据截止时间", f"{assessment.cutoff_zh}24时"),
        ("版次", assessment.edition.title),
        ("数据版本", Code(snapshot.id)),
        ("数据摘要", Code(snapshot.digest)),
        ("敏感信息", shown),
        ("地图审核", approval(assessment.settings)),
    )


def _abstract(assessment: Assessment) -> tuple[Text, ...]:
    covered, protected = len(assessment.covered), sum(bool(line.protection_zh) for line in assessment.lines_now)
    _, invaded_now = invaded(assessment)
    hidden = f"（{len(assessment.hidden)}种重点保护或敏感物种的条数不公开，未计入）" if assessment.hidden else ""
    records = assessment.records_of(assessment.lines_now)
    overview = (
        f"本报告评估{assessment.scope_zh}{assessment.region.period.title}的生物多样性，与{assessment.region.period.previous.title}比较。"
        f"本期有数据的县{covered}个，占全省{assessment.counties_of_province}个县级行政区的{100 * covered / assessment.counties_of_province:.1f}%；"
        f"可计数的物种出现记录{records}条{hidden}。"
    )
    comparison = (
        "两期物种变化只在两期都以同一方法调查过的县和网格内比较，“未再记录”与“未调查”分别列示，没有判定为消失的物种。"
    )
    found = f"种，其中国家重点保护物种{protected}种；有外来入侵物种记录的县{len(invaded_now)}个。"
    demonstration = (
        ("本报告所用记录均为程序生成的演示数据，并非实际观察，不得引用。",) if assessment.demonstration else ()
    )
    return (overview, ("本期共记录物种", assessment.species, found, comparison), *demonstration)


def _data_version(assessment: Assessment) -> tuple[Block, ...]:
    snapshot, profile = assessment.region.snapshot, assessment.outlines.profile
    told: tuple[tuple[str, str | Code], ...] = (
        ("数据快照", Code(snapshot.id)),
        ("快照摘要（SHA-256）", Code(snapshot.digest)),
        ("冻结快照的软件", Code(snapshot.software)),
        ("变更号", str(snapshot.change_no)),
        *((("选入记录数", str(len(snapshot.records))),) if assessment.edition.restricted else ()),
        ("县级界线版本", Code(snapshot.context.boundary_version)),
        ("评估提纲", Code(profile.id)),
        ("提纲状态", profile.status_zh),
    )
    files = (
        ("附表：", Code("annexes.xlsx")),
        ("数据集：", Code("dwca.zip")),
        ("各表和各文件的校验值：", Code("provenance.json"), "、", Code("SHA256SUMS")),
    )
    text = "同一快照两次汇编得到的文件逐字节相同。"
    return (Paragraph(text), Listing((*((f"{key}：", value) for key, value in told), *files)))
