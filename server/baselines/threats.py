"""Chapter 威胁与干扰: patrols and what they found."""

from collections import Counter
from decimal import Decimal

from server.baselines.draft import DASH_NOTE, SOURCE, Draft
from server.baselines.effort import effort_of
from server.reporting.document import Block, Cell, Column, Paragraph, Section, Table
from shared.vocabulary import CASE_STATES, FINDING_TYPES, all_codes, label


def threats(draft: Draft) -> tuple[Block, ...]:
    patrols, findings = draft.study.of_kind("patrol"), draft.study.of_kind("finding")
    if not patrols and not findings:
        return ()
    reason = None if findings else "本期巡护没有发现。"
    return (
        Section(
            "巡护",
            (_patrols(draft),) if patrols else (),
            None if patrols else "本期没有巡护记录，巡护发现来自其他事件。",
        ),
        Section(
            "巡护发现", (Paragraph(f"共登记巡护发现{len(findings)}件。"), _findings(draft)) if findings else (), reason
        ),
    )


def _patrols(draft: Draft) -> Table:
    patrols = draft.study.of_kind("patrol")
    efforts = [effort_of(patrol, draft.study) for patrol in patrols]
    metres = [one.length_m for one in efforts if one.length_m is not None]
    minutes = [one.duration_min for one in efforts if one.duration_min is not None]
    columns = (
        Column("patrols", "巡护", "次", align="right"),
        Column("length", "里程", "km", 2, align="right"),
        Column("hours", "时长", "小时", 1, align="right"),
        Column("nil", "零发现上报", "次", align="right"),
        Column("gaps", "轨迹间断", "段", align="right"),
    )
    row: tuple[Cell, ...] = (
        len(patrols),
        sum(metres, Decimal(0)) / 1000 if metres else None,
        sum(minutes, Decimal(0)) / 60 if minutes else None,
        sum(bool(p.body.get("nil_report")) for p in patrols),
        sum(len(p.body.get("gaps") or []) for p in patrols),
    )
    counted = "里程取平板填报值，未填报的按轨迹各段相加，间断处不补；时长取填报值，未填报的取起止时间之差"
    return Table("patrols", "巡护情况", "见各栏", SOURCE, counted, columns, (row,), notes=(DASH_NOTE,))


def _findings(draft: Draft) -> Table:
    findings = draft.study.of_kind("finding")
    code = draft.edition.told_code
    found = Counter(
        (code(FINDING_TYPES, one.body["finding_type"]), code(CASE_STATES, one.body["case_state"])) for one in findings
    )
    types, states = (
        all_codes(FINDING_TYPES, {one for one, _ in found}),
        all_codes(CASE_STATES, {one for _, one in found}),
    )
    columns = (
        Column("type", "类型"),
        *(Column(code, label(CASE_STATES, code), "件", align="right") for code in states),
        Column("total", "合计", "件", align="right"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            label(FINDING_TYPES, code),
            *(found[code, state] for state in states),
            sum(found[code, state] for state in states),
        )
        for code in types
        if any(found[code, state] for state in states)
    ]
    rows.append(("合计", *(sum(found[code, state] for code in types) for state in states), len(findings)))
    return Table(
        "findings",
        "巡护发现的类型与办理状态",
        "件",
        SOURCE,
        "每个发现计一件，按截至日期的办理状态",
        columns,
        tuple(rows),
    )
