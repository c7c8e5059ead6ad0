"""One study, one edition, one report."""

from collections.abc import Callable, Mapping

from server.baselines.annexes import checklist, effort_log, grid, invasive_list, protected, quality
from server.baselines.conclusions import conclusions
from server.baselines.draft import Draft
from server.baselines.evaluation import evaluation
from server.baselines.flagships import flagships
from server.baselines.general import general
from server.baselines.groups import groups
from server.baselines.invasives import invasives
from server.baselines.methods import methods
from server.baselines.plates import photos
from server.baselines.survey_profile import Outline
from server.baselines.threats import threats
from server.reporting.document import Block, Chapter, Code, Foreign, Inline, Listing, Paragraph, Report, Text
from server.reporting.maps import approval

DEMONSTRATION = "演示数据"
_WRITERS: Mapping[str, Callable[[Draft], tuple[Block, ...]]] = {
    "general": general,
    "methods": methods,
    "groups": groups,
    "flagships": flagships,
    "invasives": invasives,
    "threats": threats,
    "evaluation": evaluation,
    "conclusions": conclusions,
    "checklist": checklist,
    "protected": protected,
    "invasive_list": invasive_list,
    "effort_log": effort_log,
    "grid": grid,
    "photos": photos,
    "quality": quality,
}


def build(draft: Draft) -> Report:
    profile = draft.profile
    return Report(
        title=f"{draft.county}{profile.title}",
        subtitle=f"数据截至{draft.cutoff_zh}",
        edition=draft.edition.title,
        cover=_cover(draft),
        marks=_marks(draft),
        abstract=_abstract(draft),
        basis=profile.basis,
        chapters=tuple(_chapter(draft, outline) for outline in profile.chapters),
        annexes=tuple(_chapter(draft, outline) for outline in profile.annexes),
        data_version=_data_version(draft),
        references=tuple(_reference(text) for text in profile.references),
    )


def _chapter(draft: Draft, outline: Outline) -> Chapter:
    writer = _WRITERS.get(outline.key)
    blocks = writer(draft) if writer else ()
    missing = outline.no_data or "没有可供本章使用的记录，本章无数据。"
    return Chapter(outline.title, blocks, None if blocks else missing)


def _marks(draft: Draft) -> tuple[str, ...]:
    demo = (DEMONSTRATION,) if draft.study.demonstration else ()
    return (*demo, approval(draft.settings))


def _cover(draft: Draft) -> tuple[tuple[str, Text], ...]:
    snapshot, county = draft.study.snapshot, draft.study.county
    owners = "、".join(dict.fromkeys(dataset.owner for dataset in snapshot.context.datasets.values()))
    sensitivity = (
        "含精确位置，限有权人员使用，不得复制外传"
        if draft.edition.restricted
        else "敏感物种的位置、日期和少量记录数已按规则概化"
    )
    return (
        ("行政区划代码", county.code),
        ("数据所有单位", owners or "未登记"),
        ("数据截止时间", f"{draft.cutoff_zh}24时"),
        ("版次", draft.edition.title),
        ("数据版本", Code(snapshot.id)),
        ("数据摘要", Code(snapshot.digest)),
        ("敏感信息", sensitivity),
        ("地图审核", approval(draft.settings)),
    )


def _abstract(draft: Draft) -> tuple[Text, ...]:
    first, last = draft.study.dates
    years = (
        f"{first.year}年至{last.year}年"
        if first and last and first.year != last.year
        else f"{first.year}年"
        if first
        else "日期未注明的"
    )
    hidden = f"（另有{draft.hidden}种重点保护或敏感物种以“有记录”表示，其条数未计入）" if draft.hidden else ""
    overview: tuple[Inline, ...] = (
        f"本报告汇编{draft.county}{years}的调查记录。截至{draft.cutoff_zh}，可计数的物种出现记录{draft.records_shown}条{hidden}，共记录物种",
        draft.species,
        f"种，分属{len(draft.groups)}个类群；国家重点保护物种{len(draft.protected)}种，外来入侵物种{len(draft.invasive)}种。",
    )
    kilometres = [line.kilometres for line in draft.effort if line.kilometres is not None]
    effort = (
        f"开展样线、样地、样点和巡护{sum(len(line.units) for line in draft.effort)}次，里程合计{sum(kilometres):.2f} km。"
        if draft.effort
        else "没有登记调查工作量。"
    )
    demo = "本报告所用记录均为程序生成的演示数据，并非实际观察，不得引用。" if draft.study.demonstration else ""
    return tuple(text for text in (overview, effort, demo) if text)


def _data_version(draft: Draft) -> tuple[Block, ...]:
    """What all files of a run share; the digests of the files stand beside them, in provenance.json and SHA256SUMS."""
    snapshot = draft.study.snapshot
    rows = (
        ("数据快照", Code(snapshot.id)),
        ("快照摘要（SHA-256）", Code(snapshot.digest)),
        ("冻结快照的软件", Code(snapshot.software)),
        ("变更号", snapshot.change_no),
        # How many records there are in all would tell, by a difference, how many the public is not shown.
        *((("选入记录数", len(snapshot.records)),) if draft.edition.restricted else ()),
        ("数据截止时间", f"{draft.cutoff_zh}24时（北京时间）"),
        ("县级界线版本", Code(snapshot.context.boundary_version)),
        ("调查提纲", Code(draft.profile.id)),
        ("版次", draft.edition.title),
    )
    text = (
        "同一快照两次汇编得到的文件逐字节相同。各表内容和各文件的校验值（SHA-256）见随附的",
        Code("provenance.json"),
        "与",
        Code("SHA256SUMS"),
        "，附表见",
        Code("annexes.xlsx"),
        "，数据集见",
        Code("dwca.zip"),
        "。",
    )
    items = tuple((f"{key}：", value if isinstance(value, Code) else str(value)) for key, value in rows)
    return (Paragraph(text), Listing(items))


def _reference(text: str) -> Text:
    return Foreign(text) if text[0].isascii() else text
