"""Chapters 压力与影响评价 and 保护措施与监管: what patrols found by driver, and the patrols themselves, then and now."""

from collections import Counter
from decimal import Decimal

from server.assessments.assessment import Assessment
from server.assessments.columns import figure
from server.assessments.invasives import invaded
from server.assessments.outline import Driver
from server.baselines.effort import effort_of
from server.reporting.document import Block, Cell, Column, Paragraph, Section, Table
from server.sensitivity.records import FrozenRecord
from shared.vocabulary import CASE_STATES, FINDING_TYPES, all_codes, label

Both = tuple[list[FrozenRecord], list[FrozenRecord]]


def pressures(assessment: Assessment) -> tuple[Block, ...]:
    before, now = (Counter(one.body["finding_type"] for one in found) for found in _both(assessment, "finding"))
    invaded_before, invaded_now = invaded(assessment)
    columns = (
        Column("driver", "压力因素"),
        Column("findings", "对应的巡护发现类型"),
        figure("before", "上期巡护发现", "件"),
        figure("now", "本期巡护发现", "件"),
        Column("missing", "尚缺的资料"),
    )
    rows = tuple(
        (
            driver.name,
            "、".join(label(FINDING_TYPES, code) for code in driver.findings) or None,
            _sum(before, driver),
            _sum(now, driver),
            driver.missing,
        )
        for driver in assessment.outlines.drivers
    )
    unassigned = sum(
        now[code]
        for code in now  # types of newer apps too
        if not any(code in driver.findings for driver in assessment.outlines.drivers)
    )
    text = (
        "八类压力因素按规划列出。本系统只有巡护发现可以反映其中一部分，件数随巡护里程增减，两期巡护里程不同时不能直接比较；"
        f"有外来入侵物种记录的县本期{len(invaded_now)}个、上期{len(invaded_before)}个。"
        + (f"另有本期巡护发现{unassigned}件（动物尸体及其他）未归入任何一类。" if unassigned else "")
    )
    counted = "巡护发现按观察日期归入各期，每个发现计一件"
    table = Table(
        "drivers",
        "各压力因素的巡护发现",
        "件",
        assessment.source,
        counted,
        columns,
        rows,
        notes=("“—”表示没有对应的巡护发现类型",),
    )
    return (Paragraph(text), table)


def _sum(found: Counter[str], driver: Driver) -> int | None:
    """None where no type of finding tells of the driver."""
    return sum(found[code] for code in driver.findings) if driver.findings else None


def protection(assessment: Assessment) -> tuple[Block, ...]:
    patrols, findings = _both(assessment, "patrol"), _both(assessment, "finding")
    any_patrol, any_finding = any(patrols), any(findings)
    return (
        Paragraph("保护措施的成效须结合监管台账评价，下列数字只反映已登记的巡护。"),
        Section(
            "巡护",
            (_patrols(assessment, patrols),) if any_patrol else (),
            None if any_patrol else "两期均没有巡护记录。",
        ),
        Section(
            "巡护发现的办理",
            (_cases(assessment, findings),) if any_finding else (),
            None if any_finding else "两期均没有巡护发现。",
        ),
        Section(
            "“绿盾”监督、禁捕执法与公众举报",
            (),
            "未载入自然保护地强化监督问题台账、长江十年禁渔执法案件和公众举报办理记录，不能计数。",
        ),
    )


def _both(assessment: Assessment, kind: str) -> Both:
    region = assessment.region
    return region.of_kind_in(kind, region.period.previous), region.of_kind_in(kind, region.period)


def _patrols(assessment: Assessment, patrols: Both) -> Table:
    columns = (
        Column("period", "期"),
        figure("patrols", "巡护", "次"),
        figure("length", "里程", "km", 2),
        figure("hours", "时长", "小时", 1),
        figure("nil", "零发现上报", "次"),
    )
    rows = tuple(_patrol_row(assessment, title, own) for title, own in zip(assessment.titles, patrols, strict=True))
    counted = "里程取平板填报值，未填报的按轨迹各段相加，间断处不补；时长取填报值，未填报的取起止时间之差"
    return Table(
        "patrols", "两期巡护情况", "见各栏", assessment.source, counted, columns, rows, notes=("“—”表示没有或未填报",)
    )


def _patrol_row(assessment: Assessment, title: str, patrols: list[FrozenRecord]) -> tuple[Cell, ...]:
    efforts = [effort_of(patrol, assessment.region.whole) for patrol in patrols]
    metres = [one.length_m for one in efforts if one.length_m is not None]
    minutes = [one.duration_min for one in efforts if one.duration_min is not None]
    return (
        title,
        len(patrols),
        sum(metres, Decimal(0)) / 1000 if metres else None,
        sum(minutes, Decimal(0)) / 60 if minutes else None,
        sum(bool(patrol.body.get("nil_report")) for patrol in patrols),
    )


def _cases(assessment: Assessment, findings: Both) -> Table:
    both = [
        Counter(assessment.edition.told_code(CASE_STATES, one.body["case_state"]) for one in own) for own in findings
    ]
    known = all_codes(CASE_STATES, (code for states in both for code in states))
    columns = (
        Column("period", "期"),
        *(figure(code, label(CASE_STATES, code), "件") for code in known),
        figure("total", "合计", "件"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (title, *(states[code] for code in known), states.total())
        for title, states in zip(assessment.titles, both, strict=True)
    )
    return Table(
        "cases",
        "两期巡护发现的办理状态",
        "件",
        assessment.source,
        "每个发现计一件，按截至日期的办理状态",
        columns,
        rows,
    )
